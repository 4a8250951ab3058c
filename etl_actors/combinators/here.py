"""Where a parser stands: at a position of a value, which stands at a path."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Here"]


@dataclass(frozen=True, slots=True)
class Here:
    """A value at a path, and a position in it.

    Args:
        value: any JSON value, or what a grammar made.
        path: of the value, from the first parser's input: names and indexes.
        at: offset of a text, index of a list; 0 of what has no parts in order.
    """

    value: Any
    path: tuple[str | int, ...] = ()
    at: int = 0

    def moved(self, at: int) -> "Here":
        """Stand elsewhere in the same value.

        Args:
            at: the position.

        Returns:
            That place.
        """
        return Here(self.value, self.path, at)

    def inside(self, segment: str | int, value: Any) -> "Here":
        """Stand at the start of a part of the value.

        Args:
            segment: its name or index.
            value: that part.

        Returns:
            That place.
        """
        return Here(value, (*self.path, segment))
