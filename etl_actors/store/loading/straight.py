"""Rows that nobody contests go straight into their tables: those of a root whose `_id` is neither there nor twice in the batch."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from operator import not_
from struct import Struct
from time import monotonic

from psycopg import postgres, sql
from psycopg.adapt import Dumper
from psycopg.pq import Format

from etl_actors.relational.parsed import Block, Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.deleting import hold_alone
from etl_actors.store.loading.landing import keep_apart
from etl_actors.store.loading.parted import Parted, Straight
from etl_actors.store.tables.kin import Kin
from etl_actors.store.tables.quoting import Quoted, written_once

__all__ = ["Parting"]

_ID = slice(0, 32)  # of a COPY line, whose first field is the `_id`
_ARRAY = Struct(">iiIii")  # dimensions, whether there are nulls, type; of the one dimension the length, and the first index
_MOST_CONTESTED = 0.5  # of a batch's rows; beyond, it goes through the temp tables whole
_WHOLE_AFTER = 20  # batches


class Parting:
    """Parts batches for one connection's loads; of a slip whose rows have been contested, none for a while.

    Attributes:
        waited_s: seconds for which it has waited until it was alone at a table.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        conn.adapters.register_dumper(_Identities, _IdentitiesDumper)
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
    there = _there(conn, block, limit)
    contested = {one.encode() for one in block.twins} | there.keys()
    if not contested:
        straight = tuple(Straight(one) for one in parsed.blocks if _goes_along(one))
        return Parted(straight, replace(parsed, blocks=tuple(_without(one) for one in parsed.blocks)))
    lines = block.each()
    mine, others = _cut(lines, [line[_ID] for line in lines], contested)
    if len(others) > _MOST_CONTESTED * len(lines):
        return Parted((), parsed)
    first = _first(block, others, there)
    if first is not None:
        mine += [line for line in others if line in first]
        others = [line for line in others if line not in first]
    left = tuple(map(int, block.marks(others)))
    went, rest = [Straight(block, mine)], [block.having(others)]
    for one in parsed.blocks[1:]:
        if _goes_along(one):
            rows = one.each()
            rows, other = _cut(rows, one.marks(rows), {one.mark(row_id) for row_id in left})
            went.append(Straight(one, rows))
            rest.append(one.having([] if first is not None else other))
        else:
            rest.append(one)
    return Parted(tuple(went), replace(parsed, blocks=tuple(rest)), left, lost=first is not None)


def _goes_along(block: Block) -> bool:
    """Tell whether the rows of a block land just where the root of their document does."""
    table = block.table
    return table.kind is Kind.ROOT or (table.kind is Kind.SET and table.owner is None)


def _without(block: Block) -> Block:
    return block.having([]) if _goes_along(block) else block


def _first(block: Block, lines: Sequence[bytes], there: Mapping[bytes, int]) -> set[bytes] | None:
    """Find which of contested lines win, where the lowest row id does: of several that nobody has, the first.

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
    for line, row_id in zip(lines, map(int, block.marks(lines)), strict=True):
        mine = line[_ID]
        if mine in there:
            if row_id < there[mine]:
                return None
        elif mine not in lowest or row_id < lowest[mine][0]:
            lowest[mine] = row_id, line
    return {line for _, line in lowest.values()}


def _there(conn: Connection, block: Block, limit: str) -> dict[bytes, int]:
    """Find which identities of a root's rows its table has, and of which row each is; let waits for locks be as long as before."""
    ids = _Identities(block.ids, block.rows)
    found = conn.execute(_known(block.table), {"ids": ids, "limit": limit}).fetchone()
    return {one[:32].encode(): int(one[32:]) for one in found[1].split(",")} if found and found[1] else {}


@written_once
def _known(table: Table) -> sql.Composed:
    """Takes ``ids`` (uuid[]) and ``limit``. A row without a row id, made by hand, counts as the first of all."""
    return sql.SQL(
        "SELECT set_config('lock_timeout', %(limit)s, true), "
        "array_to_string(ARRAY (SELECT replace(_id::text, '-', '') || coalesce(_row_id, -1) FROM {} WHERE _id = ANY (%(ids)s::uuid[])), ',')"
    ).format(Quoted(table.schema, table.name))


def _cut(rows: Sequence[bytes], marks: Sequence[bytes], left: Collection[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Part rows, of which each has a mark, into those that go and those whose mark is left."""
    stays = [*map(left.__contains__, marks)]
    return [*compress(rows, map(not_, stays))], [*compress(rows, stays)]


@dataclass(frozen=True, slots=True)
class _Identities:
    """Identities as PostgreSQL's binary format has them: it reads them in a fifth of the time that their text takes.

    Args:
        elements: of the array, as `Block.ids`.
        count: how many.
    """

    elements: bytes
    count: int


class _IdentitiesDumper(Dumper):
    format = Format.BINARY
    oid = postgres.types["uuid"].array_oid

    def dump(self, obj: _Identities) -> bytes:
        """Write the array: of one dimension, without nulls, counted from 1."""
        return _ARRAY.pack(1, 0, postgres.types["uuid"].oid, obj.count, 1) + obj.elements
