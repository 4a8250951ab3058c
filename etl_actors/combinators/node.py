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

    __slots__ = ("_from", "_text", "_until", "start", "starts")

    def __init__(self, children: dict[str, Any], source: str, start: int, starts: dict[str, int]) -> None:
        super().__init__(children)
        self._text = source
        self._from = 0
        self._until = len(source)
        self.start = start
        self.starts = starts

    @classmethod
    def within(cls, text: str, start: int, end: int, children: dict[str, Any], starts: dict[str, int]) -> "Node":
        """Make the value of a part of a text, without a copy of that part: rules nest, and copies would take its square.

        Args:
            text: the whole text.
            start: offset of what the rule covers.
            end: offset behind it.
            children: of the rule.
            starts: as of a `Node`.

        Returns:
            The value.
        """
        node = cls(children, text, start, starts)
        node._from, node._until = start, end
        return node

    @property
    def source(self) -> str:
        """The text that the rule covers."""
        return self._text[self._from : self._until]
