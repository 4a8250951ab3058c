"""What becomes of a batch when its documents are parsed: rows ready to copy, or a split into batches by slip."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pickle import PickleBuffer
from typing import Self, SupportsIndex

from etl_actors.relational.packed import ROW_ID, ROW_ID_FIELD
from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Kind, Table

__all__ = ["Block", "Group", "Parsed", "Routed"]

_ID = slice(0, 32)  # of a line, whose first field is the `_id`
_ROW_ID = slice(33, 53)  # where its second field begins, of 19 digits at most
_BESIDE = 5  # the first protocol of pickle that can
_SIZE = "00000010"  # of an `_id`, in front of each


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one table, fields as `Table.copied`.

    Args:
        table: whose they are.
        rows: how many.
        data: one after the other: as lines of COPY's text format, each ended by a newline, or packed for its binary format
            (`etl_actors.relational.packed`).
        ends: of packed rows, where each ends in the data, in bytes, after a 0; None where they are text.
        ids: of lines of a root, their `_id`s as the elements of an array in PostgreSQL's binary format: each its length, and its bytes.
        twins: those of them that several lines have, 32 hexadecimal digits each.
    """

    table: Table
    rows: int
    data: bytes
    ends: "array[int] | None" = None
    ids: bytes = b""
    twins: frozenset[str] = frozenset()

    @classmethod
    def of_lines(cls, table: Table, lines: Sequence[str]) -> Self:
        """Make one of lines without newlines."""
        data = "\n".join([*lines, ""]).encode()
        if table.kind is not Kind.ROOT:
            return cls(table, len(lines), data)
        ids = [line[_ID] for line in lines]
        alone = len(set(ids)) == len(ids)
        twins = frozenset[str]() if alone else frozenset(one for one, times in Counter(ids).items() if times > 1)
        return cls(table, len(lines), data, ids=bytes.fromhex(_SIZE.join(["", *ids])), twins=twins)

    @classmethod
    def of_packed(cls, table: Table, rows: Sequence[bytes]) -> Self:
        """Make one of packed rows."""
        return cls(table, len(rows), b"".join(rows), array("Q", accumulate(map(len, rows), initial=0)))

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        """Pickle it so that the data may travel beside the pickle (PEP 574)."""
        data = PickleBuffer(self.data) if int(protocol) >= _BESIDE else self.data
        return type(self), (self.table, self.rows, data, self.ends, self.ids, self.twins)

    @property
    def packed(self) -> bool:
        """Whether its rows are packed."""
        return self.ends is not None

    @property
    def nbytes(self) -> int:
        """Bytes of its rows, and of what tells them apart."""
        return len(self.data) + len(self.ids) + (0 if self.ends is None else len(self.ends) * self.ends.itemsize)

    def each(self) -> list[bytes]:
        """Return its rows one by one: lines without newlines, or packed."""
        if self.ends is not None:
            return [self.data[first:last] for first, last in pairwise(self.ends)]
        lines = self.data.split(b"\n")
        del lines[-1]  # what follows the last line's end
        return lines

    def having(self, rows: Sequence[bytes]) -> Self:
        """Make one of some of its rows, as `each` gives them, which tells nothing of their identities."""
        if self.packed:
            return self.of_packed(self.table, rows)
        return type(self)(self.table, len(rows), b"\n".join([*rows, b""]))

    def mark(self, row_id: int) -> bytes:
        """Write a row id as its rows have it."""
        return ROW_ID_FIELD.pack(row_id) if self.packed else b"%d" % row_id

    def marks(self, rows: Sequence[bytes]) -> list[bytes]:
        """Cut out of some of its rows the id of their document."""
        if self.packed:
            return [row[ROW_ID] for row in rows]
        return [row[_ROW_ID].split(b"\t", 1)[0] for row in rows]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole batch under one slip: each of its rows has root rows in `blocks`, or is in `rejects` or `skipped`.

    Args:
        slip: the slip that took the rows; None where all were rejected before one was chosen.
        digest: of that slip.
        blocks: one a table, in the order of the slip's targets: the root first.
        rejects: at most one a row that is of the whole row; any number of items.
        skipped: ids of the rows for which the slip asked for no root row.
        changed: names of the tables that were made or changed for it.
        broken_out: whether the tables come from the documents: then the rows land only while the version is the current one.
    """

    slip: str | None
    digest: str | None
    blocks: tuple[Block, ...]
    rejects: tuple[Reject, ...]
    skipped: tuple[int, ...]
    broken_out: bool = False
    changed: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of its rows."""
        return sum(block.nbytes for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a batch that go on as a batch of their own, under `slip`."""

    slip: str | None
    row_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Routed:
    """Several slips took rows of one batch: it is to be split, one group a slip."""

    groups: tuple[Group, ...]
