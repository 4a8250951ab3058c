"""What becomes of a batch when its documents are parsed: rows ready to copy, or a split into batches by slip."""

from dataclasses import dataclass

from etl_actors.relational.block import Block
from etl_actors.relational.reject import Reject

__all__ = ["Group", "Parsed", "Routed"]


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
