"""A chunk: the rows that one COPY stages in one commit, and what is done when the database refuses it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from etl_actors.errors import DataRefused
from etl_actors.feeding import syntax
from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.lines import LongLine, shorten
from etl_actors.feeding.raw import raw_document

__all__ = ["Chunk", "Put", "Row"]

_DATA_EXCEPTION = "22"  # class of SQLSTATEs: the text is wrong; other refusals are of its size or depth, and it may be right

Put = Callable[[Sequence[bytes]], None]
"""Stages documents, in order, in one COPY and one commit; raises `DataRefused` where one of them is not for `jsonb`."""


class Row(NamedTuple):
    """A document to stage, and the line that it came from.

    Args:
        payload: the document's JSON text.
        line: the line itself.
        place: such as ``line 17 of shop.jsonl``.
        is_raw: whether the payload is a raw document already.
    """

    payload: bytes
    line: bytes | LongLine
    number: int
    name: str
    is_raw: bool

    @property
    def place(self) -> str:
        """Where the line stands."""
        return f"line {self.number} of {self.name}"


class Chunk:
    """Rows gathered for one COPY.

    Args:
        max_rows: it is full at this many rows,
        max_bytes: or at this many bytes of payload.
    """

    def __init__(self, max_rows: int, max_bytes: int) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._rows: list[Row] = []
        self._bytes = 0

    def __len__(self) -> int:
        """Return the number of rows gathered."""
        return len(self._rows)

    @property
    def is_full(self) -> bool:
        """Whether it is time to stage it."""
        return len(self._rows) >= self._max_rows or self._bytes >= self._max_bytes

    def fits(self, size: int) -> bool:
        """Tell whether a payload of that many bytes may be added; a chunk that is empty takes any."""
        return not self._rows or self._bytes + size <= self._max_bytes

    def add(self, row: Row) -> None:
        """Gather one row more."""
        self._rows.append(row)
        self._bytes += len(row.payload)

    def stage(self, put: Put) -> list[int]:
        """Hand all rows over, and be empty again.

        Returns:
            The number of rows staged as documents, and of those staged raw.
        """
        rows, self._rows, self._bytes = self._rows, [], 0
        raw = _stage(rows, put)
        return [len(rows) - raw, raw]


def _stage(rows: Sequence[Row], put: Put) -> int:
    """Stage the rows, in order; return how many of them went in raw.

    A refusal says neither which row it means nor whether there are more, so the rows are halved until the ones refused
    stand alone: k refused rows of n cost about 2 k log n COPYs.
    """
    if not rows:
        return 0
    try:
        put([row.payload for row in rows])
    except DataRefused as refusal:
        if len(rows) == 1:
            return _stage_raw(rows[0], refusal, put)
        half = len(rows) // 2
        return _stage(rows[:half], put) + _stage(rows[half:], put)
    return sum(row.is_raw for row in rows)


def _stage_raw(row: Row, refusal: DataRefused, put: Put) -> int:
    """Stage a refused row as raw; one refused even so, for its size, is shortened."""
    if isinstance(row.line, LongLine):
        raise refusal
    flaw = Flaw("not_jsonb", f"expected what the server takes as jsonb, got: {refusal}")
    if not row.is_raw:
        if refusal.reason.startswith(_DATA_EXCEPTION):
            flaw = syntax.find_flaw(row.line) or flaw
        return _stage([row._replace(payload=raw_document(row.line, flaw, row.place), is_raw=True)], put)
    short = shorten([row.line])
    return _stage([row._replace(payload=raw_document(short, flaw, row.place), line=short)], put)
