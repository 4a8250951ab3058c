"""The rows that a batch has for one table, ready to copy."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pickle import PickleBuffer
from typing import Self, SupportsIndex, TypeVar

from etl_actors.relational.packed import ROW_ID, ROW_ID_FIELD, identity_elements, identity_of_packed, packed_elements
from etl_actors.relational.tables import Kind, Table

__all__ = ["BESIDE", "Block"]

T = TypeVar("T", str, bytes)

BESIDE = 5
"""The first protocol of pickle by which the data of a block travels beside the pickle, and not in it (PEP 574)."""

_ID = slice(0, 32)  # of a line, whose first field is the `_id`
_PACKED_ID = slice(0, 20)  # of a packed row, with its length
_ROW_ID = slice(33, 53)  # where the second field of a line begins, of 19 digits at most
_PIECE = 1_000  # rows


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one table, fields as `Table.copied`.

    Args:
        table: whose they are.
        rows: how many.
        data: one after the other: as lines of COPY's text format, each ended by a newline, or packed for its binary format
            (`etl_actors.relational.packed`).
        ends: of packed rows, where each ends in the data, in bytes, after a 0: 64 bits each; None where they are text.
        ids: of rows of a root, their `_id`s as the elements of an array in PostgreSQL's binary format.
        twins: those of them that several rows have, 32 hexadecimal digits each.
    """

    table: Table
    rows: int
    data: bytes
    ends: bytes | None = None
    ids: bytes = b""
    twins: frozenset[bytes] = frozenset()

    @classmethod
    def of_lines(cls, table: Table, lines: Sequence[str]) -> Self:
        """Make one of lines without newlines."""
        data = "\n".join([*lines, ""]).encode()
        if table.kind is not Kind.ROOT:
            return cls(table, len(lines), data)
        ids = [line[_ID] for line in lines]
        twins = (one.encode() for one in _repeated(ids))
        return cls(table, len(lines), data, ids=identity_elements(ids), twins=frozenset(twins))

    @classmethod
    def of_packed(cls, table: Table, rows: Sequence[bytes]) -> Self:
        """Make one of packed rows."""
        made = cls._put_together(table, rows)
        if table.kind is not Kind.ROOT:
            return made
        twins = (identity_of_packed(one) for one in _repeated([row[_PACKED_ID] for row in rows]))
        return replace(made, ids=packed_elements(rows), twins=frozenset(twins))

    @classmethod
    def _put_together(cls, table: Table, rows: Sequence[bytes]) -> Self:
        return cls(table, len(rows), b"".join(rows), array("Q", accumulate(map(len, rows), initial=0)).tobytes())

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        """Pickle it so that the data may travel beside the pickle."""
        data = PickleBuffer(self.data) if int(protocol) >= BESIDE else self.data
        return type(self), (self.table, self.rows, data, self.ends, self.ids, self.twins)

    @property
    def packed(self) -> bool:
        """Whether its rows are packed."""
        return self.ends is not None

    @property
    def nbytes(self) -> int:
        """Bytes of its rows, and of what tells them apart."""
        return len(self.data) + len(self.ids) + len(self.ends or b"") + sum(map(len, self.twins))

    def pieces(self) -> Iterator[list[bytes]]:
        """Yield its packed rows, some at a time."""
        ends = memoryview(self.ends or b"").cast("Q")
        for first in range(0, self.rows, _PIECE):
            yield [self.data[begin:end] for begin, end in pairwise(ends[first : first + _PIECE + 1])]

    def each(self) -> list[bytes]:
        """Return its rows one by one: lines without newlines, or packed."""
        if self.packed:
            return [row for piece in self.pieces() for row in piece]
        lines = self.data.split(b"\n")
        del lines[-1]  # what follows the last line's end
        return lines

    def having(self, rows: Sequence[bytes]) -> Self:
        """Make one of some of its rows, as `each` gives them, which tells nothing of their identities."""
        if self.packed:
            return self._put_together(self.table, rows)
        return type(self)(self.table, len(rows), b"\n".join([*rows, b""]))

    def mark(self, row_id: int) -> bytes:
        """Write a row id as its rows have it."""
        return ROW_ID_FIELD.pack(row_id) if self.packed else b"%d" % row_id

    def marks(self, rows: Sequence[bytes]) -> list[bytes]:
        """Cut out of some of its rows the id of their document."""
        if self.packed:
            return [row[ROW_ID] for row in rows]
        return [row[_ROW_ID].split(b"\t", 1)[0] for row in rows]

    def row_ids(self, rows: Sequence[bytes]) -> list[int]:
        """Read of some of its rows the id of their document."""
        marks = self.marks(rows)
        return [row_id for mark in marks for row_id in ROW_ID_FIELD.unpack(mark)] if self.packed else [*map(int, marks)]

    def identities(self, rows: Sequence[bytes]) -> list[bytes]:
        """Cut out of some of its rows, of a root, their `_id`, 32 hexadecimal digits each."""
        return [*map(identity_of_packed, rows)] if self.packed else [row[_ID] for row in rows]


def _repeated(ids: Sequence[T]) -> Iterator[T]:
    """Yield those that are there several times."""
    if len(set(ids)) < len(ids):
        yield from (one for one, times in Counter(ids).items() if times > 1)
