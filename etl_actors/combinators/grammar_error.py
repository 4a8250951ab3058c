"""The one exception of grammars that cannot be used."""

__all__ = ["GrammarError"]


class GrammarError(Exception):
    """A grammar that cannot be used.

    Args:
        file: in which it goes wrong.
        line: from 1.
        column: from 1.
        sentence: what is wrong.
    """

    def __init__(self, file: str, line: int, column: int, sentence: str) -> None:
        super().__init__(sentence)
        self.file = file
        self.line = line
        self.column = column
        self.sentence = sentence
