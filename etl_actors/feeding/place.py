"""Where in an input a document stood, for messages."""

from typing import NamedTuple

__all__ = ["Place", "characters"]

_NO_FIRST_BYTES = bytes(range(0x80, 0xC0))  # those of a character in UTF-8 after its first


class Place(NamedTuple):
    """Where a document begins.

    Args:
        name: of the input.
        line: number of its first line, from 1; 0 where the input has no lines, as a table.
        document: its number in the input, from 1; 0 where lines are counted alone.
        column: characters that stand before it in its first line.
    """

    name: str
    line: int
    document: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Say it: ``line 17 of shop.jsonl``, ``document 17 of shop.json, line 203``, ``row 17 of public.shop``."""
        if not self.document:
            return f"line {self.line} of {self.name}"
        if not self.line:
            return f"row {self.document} of {self.name}"
        return f"document {self.document} of {self.name}, line {self.line}"

    def within(self, text: bytes, position: int) -> str:
        """Say where in the document something stands.

        Args:
            text: the document.
            position: 0-based byte in it.
        """
        before = text[:position]
        if self.document and self.line and b"\n" in before:
            lines, column = before.count(b"\n"), len(before.rpartition(b"\n")[2].decode("utf-8", "replace"))
            return f"{self._replace(line=self.line + lines)}, column {column + 1}"
        return f"{self}, column {self.column + len(before.decode('utf-8', 'replace')) + 1}"


def characters(text: bytes) -> int:
    """Count the characters of a text in UTF-8; of any other bytes, about as many."""
    return len(text.translate(None, _NO_FIRST_BYTES))
