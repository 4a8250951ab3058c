"""A Lark grammar as a parser of texts, whose values have a shape that the grammar alone decides."""

from collections.abc import Callable, Mapping
from typing import Any

from etl_actors.combinators.result import Result
from etl_actors.combinators.shape import Shape

__all__ = ["Grammar", "GrammarError", "load_grammar"]


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


class Grammar:
    """A grammar, loaded.

    Args:
        name: its file, or the name under which a slip knows it, for messages.
        start: the rule that a text is parsed by.
        files: text by name of every file that was reached: ``NAME.lark`` of the slip, ``std/NAME.lark`` of the library.
        shape: of its values.
    """

    name: str
    start: str
    files: Mapping[str, str]
    shape: Shape

    def read(self, text: str) -> Result[Any]:
        """Parse a whole text to its value (`Node`, str, list or None)."""
        raise NotImplementedError


def load_grammar(text: str, *, name: str, find: Callable[[str], str | None], start: str = "start") -> Grammar:
    """Load a grammar.

    Args:
        text: of the grammar.
        name: of its file.
        find: gives the text of a file that is imported, None where there is none.
        start: the rule that a text is parsed by.

    Raises:
        GrammarError: it is none, it is not LALR(1), a file is missing, or its values would have no fixed shape.
    """
    raise NotImplementedError
