"""Rows that nobody contests go straight into their tables: those of a root whose `_id` is neither there nor twice in the batch."""

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import compress
from operator import not_
from time import monotonic
from struct import pack

import psycopg
from psycopg import sql

from etl_actors.relational.packed import ROW_ID, ROW_ID_FIELD, copied
from etl_actors.relational.parsed import Block, Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.deleting import hold_alone
from etl_actors.store.loading.landing import Landing, keep_apart
from etl_actors.store.loading.winners import landed_columns
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import Kin
from etl_actors.store.tables.quoting import Quoted, identifier, listed, written_once

__all__ = ["Contested", "Parted", "Parting", "copy_straight", "require_types"]

_SQL = queries("targets")
_ID = slice(0, 32)  # of a COPY line, whose first field is the `_id`
_ROW_ID = slice(33, 53)  # where its second field begins, of 19 digits at most
_MOST_CONTESTED = 0.5  # of a batch's rows; beyond, it goes through the temp tables whole
_WHOLE_AFTER = 20  # batches
_REFUSED = (psycopg.IntegrityError, psycopg.DataError, psycopg.ProgrammingError, psycopg.NotSupportedError, psycopg.InternalError)


class Contested(Exception):
    """The load is to be tried again whole; nothing of it has landed."""


@dataclass(frozen=True, slots=True)
class Parted:
    """A batch, parted.

    Args:
        straight: lines or packed rows that need no comparison, by table: of roots that win for certain, and of the sets that land with them.
        rest: all others, in their blocks.
        left: row ids of the roots among them.
        packed: qualified names of the tables whose rows are packed, and no lines.
    """

    straight: tuple[tuple[Table, Sequence[bytes]], ...]
    rest: Parsed
    left: tuple[int, ...] = ()
    packed: frozenset[str] = frozenset()

    def packs(self, table: Table) -> bool:
        """Tell whether a table's rows that go straight are packed."""
        return table.qualified in self.packed

    def lines(self, table: Table) -> Sequence[bytes]:
        """Return the lines, or packed rows, of a table that go straight into it."""
        return next((lines for other, lines in self.straight if other is table), [])

    def enter(self, landing: Landing) -> None:
        """Add what has gone straight to what has landed."""
        for table, lines in self.straight:
            landing.gained[table.qualified] += len(lines)
            if table.kind is Kind.ROOT:
                landing.straight, landing.left = len(lines), self.left


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


def copy_straight(conn: Connection, batch_id: int, parted: Parted, table: Table) -> None:
    """Copy the uncontested lines of a table into it; it may have none.

    Args:
        conn: in the load's transaction.
        batch_id: of the batch.
        parted: it.
        table: whose turn it is.

    Raises:
        Contested: somebody who is no load has made one of the `_id`s, or the table does not take the rows so.
    """
    lines = parted.lines(table)
    if not lines:
        return
    landed = -1
    with conn.cursor() as cursor, suppress(*_REFUSED):
        with cursor.copy(_copied(table, binary=parted.packs(table))) as copying:
            copying.write(_written(parted, table, batch_id))
        landed = cursor.rowcount
    if landed != len(lines):
        raise Contested  # or a trigger has kept rows away: which of them, COPY does not tell


def require_types(conn: Connection, parted: Parted) -> None:
    """Require that columns have the types that packed rows were written for: of another PostgreSQL may read the same bytes as another value.

    Args:
        conn: in the load's transaction, after the rows were copied: nobody changes the tables from then on.
        parted: the batch.

    Raises:
        Contested: somebody has changed the type of a column: what goes through temp tables is cast.
    """
    tables = tuple(table for table, rows in parted.straight if rows and parted.packs(table))
    if tables and conn.execute(_SQL["otherwise_typed"], _typed(tables)).fetchone() is not None:
        raise Contested


@lru_cache(maxsize=1_000)
def _typed(tables: tuple[Table, ...]) -> dict[str, list[str]]:
    columns = [(identifier(table).as_string(None), name, kind) for table in tables for name, kind in table.copied]
    return {
        "tables": [one for one, _, _ in columns],
        "columns": [one for _, one, _ in columns],
        "types": [one for _, _, one in columns],
    }


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


def _written(parted: Parted, table: Table, batch_id: int) -> bytes:
    """Write the rows of a table that go straight as COPY reads them, the batch's id as the last field of each."""
    rows = parted.lines(table)
    if parted.packs(table):
        return copied(rows, len(landed_columns(table)) + 1, pack(">iq", 8, batch_id))
    last = b"\t%d\n" % batch_id
    return last.join(rows) + last


@written_once
def _copied(table: Table, *, binary: bool) -> sql.Composed:
    """Copy rows into a table, the batch's id as the last field of each line."""
    columns = listed(sql.Identifier(name) for name in landed_columns(table))  # without parameters, a percent sign is not doubled
    way = sql.SQL(" (FORMAT binary)" if binary else "")
    return sql.SQL("COPY {} ({}, _batch_id) FROM STDIN{}").format(identifier(table), columns, way)


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
