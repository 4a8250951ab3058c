"""Rows that nobody contests go straight into their tables: those of a root whose `_id` is neither there nor twice in the batch."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import compress
from operator import not_
from time import monotonic

from psycopg import sql

from etl_actors.relational.packed import ROW_ID, ROW_ID_FIELD
from etl_actors.relational.parsed import Block, Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.deleting import hold_alone
from etl_actors.store.loading.landing import keep_apart
from etl_actors.store.loading.parted import Parted
from etl_actors.store.tables.kin import Kin
from etl_actors.store.tables.quoting import Quoted, written_once

__all__ = ["Parting"]

_ID = slice(0, 32)  # of a COPY line, whose first field is the `_id`
_ROW_ID = slice(33, 53)  # where its second field begins, of 19 digits at most
_MOST_CONTESTED = 0.5  # of a batch's rows; beyond, it goes through the temp tables whole
_WHOLE_AFTER = 20  # batches


class Parting:
    """Parts batches for one connection's loads; of a slip whose rows have been contested, none for a while.

    Attributes:
        waited_s: seconds for which it has waited until it was alone at a table.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
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
    lines = _lines(block)
    ids = [line[_ID] for line in lines]
    contested = {known for known, times in Counter(ids).items() if times > 1} if len(set(ids)) < len(ids) else set()
    contested |= _there(conn, block.table, ids, limit)
    mine, others = _cut(lines, ids, contested) if contested else (lines, [])
    if len(others) > _MOST_CONTESTED * len(lines):
        return Parted((), parsed)
    left = _row_ids(others)
    straight: list[tuple[Table, Sequence[bytes]]] = [(block.table, mine)]
    rest = [_block(block.table, others)]
    for one in parsed.blocks[1:]:
        if not _goes_along(one):
            rest.append(one)
            continue
        rows, other = _cut_block(one, left)
        straight.append((one.table, rows))
        rest.append(other)
    packed = frozenset(one.table.qualified for one in parsed.blocks if one.packed)
    return Parted(tuple(straight), replace(parsed, blocks=tuple(rest)), tuple(map(int, left)), packed)


def _cut_block(block: Block, left: Sequence[bytes]) -> tuple[Sequence[bytes], Block]:
    """Part a block into the rows of other documents and, as a block, those of documents that are left, by their row ids."""
    if block.packed:
        among = {ROW_ID_FIELD.pack(int(row_id)) for row_id in left}
        rows, others = _cut(block.packed, [row[ROW_ID] for row in block.packed], among) if left else (block.packed, [])
        return rows, Block(block.table, len(others), b"", tuple(others))
    lines = _lines(block)
    mine, others = _cut(lines, _row_ids(lines), {*left}) if left else (lines, [])
    return mine, _block(block.table, others)


def _block(table: Table, lines: Sequence[bytes]) -> Block:
    return Block(table, len(lines), b"".join([line + b"\n" for line in lines]))


def _goes_along(block: Block) -> bool:
    """Tell whether the rows of a block land just where the root of their document does."""
    table = block.table
    return table.kind is Kind.ROOT or (table.kind is Kind.SET and table.owner is None)


def _there(conn: Connection, table: Table, ids: Sequence[bytes], limit: str) -> set[bytes]:
    """Find which identities a table has, and let waits for locks be as long as before, in one statement."""
    found = conn.execute(
        _known(table),
        {"ids": (b"{%b}" % b",".join(ids)).decode(), "limit": limit},
    ).fetchone()
    return set(found[1].encode().split(b",")) if found and found[1] else set()


@written_once
def _known(table: Table) -> sql.Composed:
    """Takes ``ids`` (uuid[]) and ``limit``."""
    return sql.SQL(
        "SELECT set_config('lock_timeout', %(limit)s, true), "
        "array_to_string(ARRAY (SELECT replace(_id::text, '-', '') FROM {} WHERE _id = ANY (%(ids)s::uuid[])), ',')"
    ).format(Quoted(table.schema, table.name))


def _row_ids(lines: Sequence[bytes]) -> list[bytes]:
    """Cut the second fields off, which may be the last ones."""
    return [line[_ROW_ID].split(b"\t", 1)[0] for line in lines]


def _lines(block: Block) -> list[bytes]:
    lines = block.data.split(b"\n")
    del lines[-1]  # what follows the last line's end
    return lines


def _cut(lines: Sequence[bytes], marks: Sequence[bytes], left: Collection[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Part lines, of which each has a mark, into those that go and those whose mark is left."""
    stays = [*map(left.__contains__, marks)]
    return [*compress(lines, map(not_, stays))], [*compress(lines, stays)]
