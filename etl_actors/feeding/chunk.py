"""A chunk: the rows that one COPY stages in one commit, and what is done when the database refuses it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from etl_actors.errors import DataRefused
from etl_actors.feeding import syntax
from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.lines import LongLine, shorten
from etl_actors.feeding.place import Place
from etl_actors.feeding.raw import raw_document

__all__ = ["Chunk", "Committed", "Put", "Row"]

_DATA_EXCEPTION = "22"  # class of SQLSTATEs: the text is wrong; other refusals are of its size or depth, and it may be right

Put = Callable[[Sequence[bytes]], None]
"""Stages documents, in order, in one COPY and one commit; raises `DataRefused` where one of them is not for `jsonb`."""

Committed = Callable[[int, int], None]
"""Is told after each commit how many rows it staged, and how many of them as they came (raw)."""


class Row(NamedTuple):
    """A document to stage, and the text that it came from.

    Args:
        payload: the document's JSON text, without line feeds.
        text: what stood in the input.
        name: of the input.
        first: number of the text's first line, 0 where the input has no lines.
        last: number of its last one.
        is_raw: whether the payload is a raw document already.
        document: its number in the input, 0 where lines are counted alone.
        column: characters that stand before it in its first line.
        fields: that are added to the document, as the text of a JSON object; None for none.
    """

    payload: bytes
    text: bytes | LongLine
    name: str
    first: int
    last: int
    is_raw: bool = False
    document: int = 0
    column: int = 0
    fields: bytes | None = None

    @property
    def place(self) -> Place:
        """Where the text begins."""
        return Place(self.name, self.first, self.document, self.column)

    def as_raw(self, flaw: Flaw) -> "Row":
        """Return the row that keeps the text as it came, and says why."""
        return self._replace(payload=raw_document(self.text, flaw, self.place, self.fields), is_raw=True)


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

    def clear(self) -> None:
        """Forget the rows gathered."""
        self._rows, self._bytes = [], 0

    def stage(self, put: Put, committed: Committed) -> None:
        """Hand all rows over, and be empty again.

        Args:
            put: stages some of them in one commit.
            committed: is told of every commit, so that what is staged is known even where a later one fails.
        """
        rows, self._rows, self._bytes = self._rows, [], 0
        _stage(rows, put, committed)


def _stage(rows: Sequence[Row], put: Put, committed: Committed) -> None:
    """Stage the rows, in order.

    A refusal says neither which row it means nor whether there are more, so the rows are halved until the ones refused
    stand alone: k refused rows of n cost about 2 k log n COPYs.
    """
    if not rows:
        return
    try:
        put([row.payload for row in rows])
    except DataRefused as refusal:
        if len(rows) == 1:
            _stage([_kept(rows[0], refusal)], put, committed)
            return
        half = len(rows) // 2
        _stage(rows[:half], put, committed)
        _stage(rows[half:], put, committed)
    else:
        committed(len(rows), sum(row.is_raw for row in rows))


def _kept(row: Row, refusal: DataRefused) -> Row:
    """Return what is staged instead of a refused row: its text as it came; of one refused even so, for its size, the beginning."""
    if isinstance(row.text, LongLine):
        raise refusal
    flaw = Flaw("not_jsonb", f"expected what the server takes as jsonb, got: {refusal}")
    if not row.is_raw:
        if refusal.reason.startswith(_DATA_EXCEPTION):
            flaw = syntax.find_flaw(row.text) or flaw
        return row.as_raw(flaw)
    return row._replace(text=shorten([row.text]), fields=None).as_raw(flaw)
