"""Cut blocks of bytes into lines, in bounded memory whatever the lines' length."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

__all__ = ["BLOCK_BYTES", "LINE_BYTES", "LongLine", "Tail", "cut_lines", "shorten"]

BLOCK_BYTES = 1024 * 1024
LINE_BYTES = 256 * 1024 * 1024  # jsonb takes no object, array or string beyond it
HEAD_BYTES = 1024 * 1024
_UTF8_TAIL = 3  # bytes that the cutting of one character can leave over


class LongLine(NamedTuple):
    """What is left of a line too long to keep: its beginning, its length in bytes, and the digest of all of it."""

    head: bytes
    length: int
    sha256: str


def cut_lines(read: Callable[[], bytes], line_bytes: int = LINE_BYTES) -> Iterator[list[bytes | LongLine]]:
    r"""Yield, for each block that ends at least one line, the lines ended by it, without their ``\n`` or ``\r\n``.

    What follows the last line ending is a line too, if it is not empty.

    Args:
        read: returns the next block of at most `line_bytes`, or ``b""`` at the end. What it raises ends the lines: the
            one half read is not yielded.
        line_bytes: a longer line is yielded as a `LongLine`.
    """
    tail = Tail(line_bytes)
    while block := read():
        first, *others = block.split(b"\n")
        tail.add(first)
        if others:
            ended = [tail.take(), *(line.removesuffix(b"\r") for line in others[:-1])]
            tail.add(others[-1])
            yield ended
    if tail.length:
        yield [tail.take()]


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
