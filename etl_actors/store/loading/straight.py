"""Rows that win for certain go straight into their tables, those that lose for certain are only compared: by which `_id`s are there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from operator import not_
from time import monotonic

from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.deleting import hold_alone
from etl_actors.store.loading.landing import keep_apart
from etl_actors.store.loading.parted import Parted, Straight
from etl_actors.store.loading.probe import ask_in_binary, probed
from etl_actors.store.tables.kin import Kin

__all__ = ["Parting"]

_MOST_CONTESTED = 0.5  # of a batch's rows; beyond, it goes through the temp tables whole
_WHOLE_AFTER = 20  # batches

Rows = tuple[Sequence[bytes], Sequence[bytes]]
"""Rows that go straight, and others."""


class Parting:
    """Parts batches for one connection's loads; of a slip whose rows have been contested, none for a while.

    Attributes:
        waited_s: seconds for which it has waited until it was alone at a table.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        ask_in_binary(conn)
        self._whole: dict[str, int] = {}  # by slip: batches that are left whole
        self.waited_s = 0.0

    def leave_whole(self, parsed: Parsed) -> None:
        """Leave the next batches of a slip whole: who has met others at the same rows will meet them again."""
        self._whole[parsed.slip or ""] = _WHOLE_AFTER

    def part(self, parsed: Parsed, kin: Kin, *, whole: bool) -> Parted:
        """Part a batch into what is contested and what is not, and keep what it fills from others.

        Args:
            parsed: the batch; the connection is in its load's transaction.
            kin: what else belongs to its tables.
            whole: whether it is to be left whole; one that has contested rows in plenty is, too.

        Raises:
            LockNotAvailable: others fill the same table for long: it is to be left whole.
        """
        slip = parsed.slip or ""
        left = 0 if whole else self._whole.pop(slip, 0)
        if left > 1:
            self._whole[slip] = left - 1
        if whole or left or not _may_go_straight(parsed, kin):
            keep_apart(self._conn, parsed)
            return Parted((), parsed)
        # Alone, so that what is not there comes from nobody else meanwhile.
        began = monotonic()
        try:
            limit = hold_alone(self._conn, parsed.blocks[0].table.qualified)
        finally:
            self.waited_s += monotonic() - began
        parted = _parted(self._conn, parsed, limit)
        if not parted.straight:
            self.leave_whole(parsed)
        return parted


def _may_go_straight(parsed: Parsed, kin: Kin) -> bool:
    """Tell whether rows of a batch's root win for certain where nobody else has their `_id`, and are refused by nothing but the table."""
    if not parsed.blocks or not parsed.blocks[0].rows:
        return False
    root = parsed.blocks[0].table
    return (
        root.kind is Kind.ROOT
        and root.policy is not Policy.FILL
        and root.qualified not in kin.tombstones
        and not any(block.table.kind is Kind.TOMBSTONE for block in parsed.blocks)
        and not any(column.check is not None for block in parsed.blocks if _goes_along(block) for column in block.table.columns)
    )


def _parted(conn: Connection, parsed: Parsed, limit: str) -> Parted:
    """Part a batch; from now on waits for locks may be as long as `limit` says."""
    block = parsed.blocks[0]
    probe = probed(conn, block, limit)
    contested = block.twins | probe.there.keys()
    if not contested:
        return _put_together(parsed, {}, lost=False)
    lines = block.each()
    mine, others = _cut(lines, block.identities(lines), contested)
    if len(others) > _MOST_CONTESTED * len(lines):
        return Parted((), parsed)
    losers = None if probe.strict else _losers(block, others, probe.there)
    if losers is not None:
        won, others = _cut(others, others, losers)
        mine = sorted([*mine, *won]) if won else mine
    left = tuple(block.row_ids(others))
    return _put_together(parsed, {block.table: (mine, others)}, left, lost=losers is not None)


def _put_together(parsed: Parsed, cut: Mapping[Table, Rows], left: tuple[int, ...] = (), *, lost: bool) -> Parted:
    """Put a parted batch together.

    Args:
        parsed: the batch.
        cut: rows of its root that go straight, and others; empty where all go.
        left: row ids of the others.
        lost: whether all of the others lose: then their sets go nowhere.
    """
    straight, rest = [], []
    for block in parsed.blocks:
        if not _goes_along(block):
            rest.append(block)
        elif not cut:
            straight.append(Straight(block))
            rest.append(block.having([]))
        else:
            mine, others = cut.get(block.table) or _cut_set(block, left)
            straight.append(Straight(block, mine))
            rest.append(block.having([] if lost and block.table not in cut else others))
    return Parted(tuple(straight), replace(parsed, blocks=tuple(rest)), left, lost)


def _cut_set(block: Block, left: Sequence[int]) -> Rows:
    rows = block.each()
    return _cut(rows, block.marks(rows), {block.mark(row_id) for row_id in left})


def _goes_along(block: Block) -> bool:
    """Tell whether the rows of a block land just where the root of their document does."""
    table = block.table
    return table.kind is Kind.ROOT or (table.kind is Kind.SET and table.owner is None)


def _losers(block: Block, lines: Sequence[bytes], there: Mapping[bytes, int]) -> set[bytes] | None:
    """Find which of contested lines lose for certain, where the lowest row id wins: all but the first of several that nobody has.

    Args:
        block: of a root.
        lines: of it: all that have one of the contested `_id`s.
        there: the `_id`s that the table has, each with the row id that it is of.

    Returns:
        The lines; None where it is another policy that decides, or one of them takes the place of what is there.
    """
    if block.table.policy not in (Policy.IGNORE, Policy.HISTORY):
        return None
    lowest: dict[bytes, tuple[int, bytes]] = {}
    for line, mine, row_id in zip(lines, block.identities(lines), block.row_ids(lines), strict=True):
        if mine in there:
            if row_id < there[mine]:
                return None
        elif mine not in lowest or row_id < lowest[mine][0]:
            lowest[mine] = row_id, line
    return {*lines} - {line for _, line in lowest.values()}


def _cut(rows: Sequence[bytes], marks: Sequence[bytes], left: Collection[bytes]) -> Rows:
    """Part rows, of which each has a mark, into those that go and those whose mark is left."""
    stays = [*map(left.__contains__, marks)]
    return [*compress(rows, map(not_, stays))], [*compress(rows, stays)]
