"""What becomes of a batch when its documents are parsed: rows ready to copy, or a split into batches by slip."""

from dataclasses import dataclass, field

from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Table

__all__ = ["Block", "Group", "Parsed", "Routed"]

_HELD = 41  # bytes of each, beside its own: of the object, and of the place in the tuple


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one table, fields as `Table.copied`.

    Args:
        table: whose they are.
        rows: how many.
        data: as COPY text, a line each, ended by a newline; empty where they are packed.
        nbytes: of its rows, and of what holds each where they are packed.
        packed: each, packed for COPY's binary format (`etl_actors.relational.packed`); none where they are text.
    """

    table: Table
    rows: int
    data: bytes
    packed: tuple[bytes, ...] = ()
    nbytes: int = field(init=False)

    def __post_init__(self) -> None:
        """Count the bytes, once."""
        object.__setattr__(self, "nbytes", len(self.data) + sum(map(len, self.packed)) + _HELD * len(self.packed))


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
