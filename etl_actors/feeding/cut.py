"""How text is cut into documents: which line starts an event, and whether a document says where it came from."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple, Self

from etl_actors.feeding.lines import LINE_BYTES, LongLine, Tail
from etl_actors.slips.model.slip import InputForm

__all__ = ["Cut", "Gathering", "Piece", "is_blank", "pieces"]

_STANDARD_INPUT = "standard input"


class Piece(NamedTuple):
    """One or more lines that become one document.

    Args:
        text: the lines, joined by line feeds, without the last one.
        first: number of the first line, from 1.
        last: number of the last one.
    """

    text: bytes | LongLine
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Cut:
    """How a slip wants files of text to be cut.

    Args:
        begins: what the first line of an event matches, anywhere in it; None: each line is one.
        origin: whether documents get ``_file`` and ``_line``.
    """

    begins: re.Pattern[str] | None = None
    origin: bool = False

    @classmethod
    def of(cls, form: InputForm | None) -> Self:
        """Make what an ``[input]`` asks for; None asks for nothing."""
        if form is None:
            return cls()
        return cls(re.compile(form.begins) if form.begins else None, form.origin)

    def origin_of(self, name: str, line: int) -> dict[str, str | int]:
        """Return what a document says of where it came from.

        Args:
            name: of the input.
            line: the number of its first line.
        """
        if not self.origin:
            return {}
        return {"_file": "-" if name == _STANDARD_INPUT else PurePath(name).name, "_line": line}


def is_blank(line: bytes | LongLine) -> bool:
    """Tell whether a line holds nothing."""
    return isinstance(line, bytes) and (not line or line.isspace())


def pieces(lines: Iterable[bytes | LongLine], cut: Cut) -> Iterator[Piece]:
    """Cut a whole text; `Gathering` does it for one that still comes.

    Args:
        lines: of the text, in order.
        cut: how; lines that are blank and in no event are left out.
    """
    gathering = Gathering(cut)
    for number, line in enumerate(lines, 1):
        yield from gathering.add(line, number)
    yield from gathering.end()


class Gathering:
    """Gathers lines into events, in bounded memory.

    Args:
        cut: how the text is cut.
        limit: bytes of one event; of a longer one only the beginning is kept, as of a long line.
    """

    def __init__(self, cut: Cut, limit: int = LINE_BYTES) -> None:
        self.blank = 0
        self._begins = cut.begins
        self._limit = limit
        self._held = bytearray()
        self._long: Tail | None = None  # of an event beyond the limit
        self._first = 0  # 0: no event has begun
        self._last = 0

    @property
    def done(self) -> int:
        """Number of the last line before the event that is still open, where there is one; else of the last line."""
        return self._first - 1 if self._first else self._last

    def add(self, line: bytes | LongLine, number: int) -> list[Piece]:
        """Take the next line; return the pieces that it ends."""
        if self._begins is None:
            self._last = number
            if is_blank(line):
                self.blank += 1
                return []
            return [Piece(line, number, number)]
        if isinstance(line, LongLine):
            ended = [*self.end(), Piece(line, number, number)]
            self._last = number
            return ended
        blank = is_blank(line)
        ended = self.end() if not blank and self._starts(line) else []
        self._last = number
        if self._first:
            self._hold(b"\n" + line)
        elif blank:
            self.blank += 1
        else:
            self._first = number
            self._hold(line)
        return ended

    def skip(self, number: int) -> None:
        """Pass over a line that is a document by itself."""
        self._last = number

    def end(self) -> list[Piece]:
        """Return the piece that is still open, now that nothing more belongs to it."""
        if not self._first:
            return []
        text: bytes | LongLine
        if self._long is not None:
            text, last = self._long.shortened(), self._last
        else:
            # The blank lines behind an event are none of it.
            kept = self._held.find(b"\n", len(self._held.rstrip()))
            text = bytes(self._held if kept < 0 else self._held[:kept])
            after = 0 if kept < 0 else self._held.count(b"\n", kept)
            self.blank += after
            last = self._last - after
        piece = Piece(text, self._first, last)
        self._held, self._long, self._first = bytearray(), None, 0
        return [piece]

    def _starts(self, line: bytes) -> bool:
        # What is no UTF-8 starts an event all the same where the rest of it matches; the row is then kept raw.
        return self._begins is not None and self._begins.search(line.decode("utf-8", "replace")) is not None

    def _hold(self, part: bytes) -> None:
        if self._long is None and len(self._held) + len(part) > self._limit:
            self._long = Tail(0)
            self._long.add(bytes(self._held))
            self._held = bytearray()
        if self._long is None:
            self._held += part
        else:
            self._long.add(part)
