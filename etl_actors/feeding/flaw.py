"""Why a line cannot be staged as JSON."""

from typing import NamedTuple

__all__ = ["Flaw"]


class Flaw(NamedTuple):
    """What was expected, and what came instead.

    Args:
        reason: a short code such as ``not_json``, fit to group by.
        message: "expected …, got …", without place.
        position: 0-based byte in the line; None where the flaw is the line's as a whole.
    """

    reason: str
    message: str
    position: int | None = None

    def sentence(self, line: bytes, place: str) -> str:
        """Return the message with its place.

        Args:
            line: the whole line, to count characters in.
            place: such as ``line 17 of shop.jsonl``.
        """
        if self.position is None:
            return f"{place}: {self.message}"
        column = len(line[: self.position].decode("utf-8", "replace")) + 1
        return f"{place}, column {column}: {self.message}"
