"""What a rule of a grammar gives: an object that remembers which part of the text it is of."""

from typing import Any

__all__ = ["Node"]


class Node(dict[str, Any]):
    """The value of a rule: its named children; with the text that it covers and where that stands.

    Args:
        source: the text that the rule covers; `| text` gives it.
        start: offset of `source` in the text that was parsed.
        starts: offset in that text of each child that is one text; None of a list stands nowhere.
    """

    __slots__ = ("source", "start", "starts")

    def __init__(self, children: dict[str, Any], source: str, start: int, starts: dict[str, int]) -> None:
        super().__init__(children)
        self.source = source
        self.start = start
        self.starts = starts
