"""Cut CSV into records: at line endings outside of quotes, in bounded memory."""

import re
from typing import NamedTuple

from etl_actors.feeding.lines import LINE_BYTES, LongLine, Tail

__all__ = ["Record", "Records"]

_SMALL = 64 * 1024


class Record(NamedTuple):
    """One record.

    Args:
        text: without its line ending.
        first: number of its first line, from 1.
        last: number of its last line.
        is_open: whether a quote in it is not closed, or something follows on a closing quote of several lines.
    """

    text: bytes | LongLine
    first: int
    last: int
    is_open: bool = False


class Records:
    """Cuts a text that comes in blocks.

    A quote opens a cell only at its beginning. One that nothing closes would take in all lines that follow: the record ends
    with its line, and what follows is cut anew.

    Args:
        delimiter: the character between cells.
        limit: bytes of one record; of a longer line only the beginning is kept.
    """

    def __init__(self, delimiter: bytes, limit: int = LINE_BYTES) -> None:
        other = b"[^" + re.escape(delimiter) + rb"\n]*+"
        quoted = rb'"[^"]*+(?>(?:""[^"]*+)*)"'
        between = re.escape(delimiter)
        loose = rb"(?:" + quoted + rb'|(?!"))' + other
        exact = rb"(?:" + quoted + rb'|(?!")' + other + rb")"
        self._record = re.compile(loose + rb"(?>(?:" + between + loose + rb")*)\n")
        self._exact = re.compile(exact + rb"(?>(?:" + between + exact + rb")*)")
        self._before = re.compile(rb"(?>(?:" + exact + between + rb")*)")
        self._limit = limit
        self._line = 1
        self._rest = b""
        self._wanted = 0  # bytes, before it is worth to look again
        self._long: Tail | None = None  # a line beyond the limit

    def add(self, block: bytes) -> list[Record]:
        """Take the next bytes; return the records that they end."""
        found: list[Record] = []
        if self._long is not None:
            line, ending, block = block.partition(b"\n")
            self._long.add(line)
            if not ending:
                return found
            found.append(self._taken(self._long.shortened(), 1))
            self._long = None
        self._rest += block
        if len(self._rest) >= self._wanted:
            found += self._cut()
        return found

    def end(self) -> list[Record]:
        """Return what is left."""
        if self._long is not None:
            return [self._taken(self._long.shortened(), 1)]
        found = self._cut()
        while self._rest:
            if self._record.match(self._rest + b"\n") is not None:
                self._rest += b"\n"
            else:
                found.append(self._up_to_the_open_quote())
            found += self._cut()
        return found

    def _cut(self) -> list[Record]:
        found: list[Record] = []
        data, at = self._rest, 0
        while (record := self._record.match(data, at)) is not None:
            text = data[at : record.end() - 1].removesuffix(b"\r")
            lines = text.count(b"\n") + 1
            if lines > 1 and self._exact.fullmatch(text) is None:
                end = data.index(b"\n", at)
                found.append(self._taken(data[at:end].removesuffix(b"\r"), 1, is_open=True))
                at = end + 1
                continue
            found.append(self._taken(text, lines))
            at = record.end()
        self._rest = data[at:]
        self._wanted = 2 * len(self._rest) if len(self._rest) > _SMALL else 0
        if len(self._rest) > self._limit:
            if b"\n" in self._rest:
                found.append(self._first_line())
                return found + self._cut()
            self._long = Tail(0)
            self._long.add(self._rest)
            self._rest, self._wanted = b"", 0
        return found

    def _up_to_the_open_quote(self) -> Record:
        # Cells of several lines may stand before the one that nothing closes: they are of its record.
        whole = self._before.match(self._rest)
        end = self._rest.find(b"\n", whole.end() if whole else 0)
        end = len(self._rest) if end < 0 else end
        text, self._rest = self._rest[:end].removesuffix(b"\r"), self._rest[end + 1 :]
        return self._taken(text, text.count(b"\n") + 1, is_open=True)

    def _first_line(self) -> Record:
        line, _, self._rest = self._rest.partition(b"\n")
        return self._taken(line.removesuffix(b"\r"), 1, is_open=True)

    def _taken(self, text: bytes | LongLine, lines: int, *, is_open: bool = False) -> Record:
        first = self._line
        self._line += lines
        return Record(text, first, first + lines - 1, is_open)
