"""Arguments that a type does not take."""

__all__ = ["Misfit"]


class Misfit(ValueError):
    """Arguments that do not fit a type.

    Args:
        sentence: what is wrong.
        argument: which: its place from 0, or its name; None for all of them.
    """

    def __init__(self, sentence: str, argument: int | str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.argument = argument
