"""What a rule of a grammar gives: an object that remembers which part of the text it is of."""

from typing import Any, Protocol

__all__ = ["Node", "Placed", "Places", "settle"]

Placed = tuple[str, int, int, dict[str, int]]
"""A text; from where to where in it a rule was read; where each child that is one text stands."""


class Places(Protocol):
    """Finds where a node stands when somebody asks, since hardly anybody does."""

    def placed(self, node: "Node", of: Any) -> Placed:
        """Find it.

        Args:
            node: the node.
            of: what the node keeps to be found by.
        """
        ...


class Node(dict[str, Any]):
    """The value of a rule: its named children; with the text that it covers and where that stands.

    It is made as any dict, and must then be told where it stands: by `place`, or by what `by` and `of` are set to.

    Attributes:
        by: finds where it stands; None once that is known.
        of: what `by` finds it by; where it stands, once that is known.
    """

    __slots__ = ("by", "of")

    by: Places | None
    of: Any

    @classmethod
    def within(cls, text: str, start: int, end: int, children: dict[str, Any], starts: dict[str, int]) -> "Node":
        """Make the value of a part of a text, without a copy of that part: rules nest, and copies would take its square.

        Args:
            text: the whole text.
            start: offset of what the rule covers.
            end: offset behind it.
            children: of the rule.
            starts: offset in the text of each child that is one text; None of a list stands nowhere.

        Returns:
            The value.
        """
        node = cls(children)
        node.place((text, start, end, starts))
        return node

    def place(self, placed: Placed) -> None:
        """Tell where the node stands."""
        self.by = None
        self.of = placed

    @property
    def placed(self) -> Placed:
        """Where the node stands."""
        if self.by is not None:
            self.place(self.by.placed(self, self.of))
        placed: Placed = self.of
        return placed

    @property
    def source(self) -> str:
        """The text that the rule covers; `| text` gives it."""
        text, start, end, _ = self.placed
        return text[start:end]

    @property
    def start(self) -> int:
        """Offset of `source` in the text that was parsed."""
        return self.placed[1]

    @property
    def starts(self) -> dict[str, int]:
        """Offset in that text of each child that is one text; None of a list stands nowhere."""
        return self.placed[3]


def settle(value: Any) -> None:
    """Find where all nodes of a value stand, before somebody changes it who need not know that places are found by its shape.

    Args:
        value: anything; the nodes in it, and in its lists and nodes.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Node):
            _ = one.placed
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
