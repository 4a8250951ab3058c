"""Cut blocks of bytes into lines, in bounded memory whatever the lines' length."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["BLOCK_BYTES", "LINE_BYTES", "Lines", "LongLine", "Tail", "shorten"]

BLOCK_BYTES = 1024 * 1024
LINE_BYTES = 256 * 1024 * 1024  # jsonb takes no object, array or string beyond it
HEAD_BYTES = 1024 * 1024
_UTF8_TAIL = 3  # bytes that the cutting of one character can leave over


class LongLine(NamedTuple):
    """What is left of a line too long to keep: its beginning, its length in bytes, and the digest of all of it."""

    head: bytes
    length: int
    sha256: str


class Lines:
    r"""Cuts a text that comes in blocks into its lines, without their ``\n`` or ``\r\n``.

    Args:
        line_bytes: a longer line becomes a `LongLine`.
    """

    def __init__(self, line_bytes: int = LINE_BYTES) -> None:
        self._tail = Tail(line_bytes)

    def add(self, block: bytes) -> list[bytes | LongLine]:
        """Take the next bytes, at most `line_bytes`; return the lines that they end."""
        first, *others = block.split(b"\n")
        self._tail.add(first)
        if not others:
            return []
        ended = [self._tail.take(), *(line.removesuffix(b"\r") for line in others[:-1])]
        self._tail.add(others[-1])
        return ended

    def end(self) -> list[bytes | LongLine]:
        """Return what follows the last line ending, if anything does."""
        return [self._tail.take()] if self._tail.length else []


def shorten(parts: Sequence[bytes]) -> LongLine:
    """Return what is kept of a line too long to keep.

    Args:
        parts: the line, in order.
    """
    tail = Tail(0)
    for part in parts:
        tail.add(part)
    return tail.shortened()


class Tail:
    """What has begun and not ended: a line, or an event of several.

    Args:
        line_bytes: of what is longer, only the beginning is kept.
    """

    def __init__(self, line_bytes: int) -> None:
        self._line_bytes = line_bytes
        self._clear()

    def _clear(self) -> None:
        self.length = 0
        self._parts: list[bytes] = []
        self._digest = hashlib.sha256()
        self._is_long = False

    def add(self, part: bytes) -> None:
        """Go on by some bytes."""
        self.length += len(part)
        if not self._is_long:
            self._parts.append(part)
            if self.length > self._line_bytes:
                self._shorten()
            return
        self._digest.update(part)
        if len(self._parts[0]) < HEAD_BYTES:
            self._parts = [(self._parts[0] + part)[:HEAD_BYTES]]

    def _shorten(self) -> None:
        self._is_long = True
        for part in self._parts:
            self._digest.update(part)
        self._parts = [b"".join(self._parts)[:HEAD_BYTES]]

    def take(self) -> bytes | LongLine:
        """Return the line, and begin the next."""
        line: bytes | LongLine = self.shortened() if self._is_long else b"".join(self._parts).removesuffix(b"\r")
        self._clear()
        return line

    def take_back(self) -> bytes | None:
        """Return all that was added, and begin anew; None, and nothing changes, where only its beginning was kept."""
        if self._is_long:
            return None
        whole = b"".join(self._parts)
        self._clear()
        return whole

    def shortened(self) -> LongLine:
        """Return what is kept of something too long to keep."""
        return LongLine(_whole_characters(self._parts[0]), self.length, self._digest.hexdigest())


def _whole_characters(head: bytes) -> bytes:
    """Leave out the beginning of a character that the cut went through, if the rest is UTF-8."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(head) - _UTF8_TAIL:
            return head[: error.start]
    return head
