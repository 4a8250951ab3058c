"""A batch that is parted, and how its rows that nobody contests are copied straight into their tables."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from struct import pack

import psycopg
from psycopg import sql

from etl_actors.relational.packed import copied
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.landing import Landing
from etl_actors.store.loading.winners import landed_columns
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import identifier, listed, written_once

__all__ = ["Contested", "Parted", "copy_straight", "require_types"]

_SQL = queries("targets")
_PIECE = 1_000  # rows that are written at once
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
            for piece in _written(parted, table, batch_id):
                copying.write(piece)
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


def _written(parted: Parted, table: Table, batch_id: int) -> Iterator[bytes]:
    """Write the rows of a table that go straight as COPY reads them, in pieces, the batch's id as the last field of each."""
    rows = parted.lines(table)
    if parted.packs(table):
        yield from copied(rows, len(landed_columns(table)) + 1, pack(">iq", 8, batch_id))
        return
    last = b"\t%d\n" % batch_id
    for first in range(0, len(rows), _PIECE):
        yield last.join(rows[first : first + _PIECE])
        yield last


@written_once
def _copied(table: Table, *, binary: bool) -> sql.Composed:
    """Copy rows into a table, the batch's id as the last field of each line."""
    columns = listed(sql.Identifier(name) for name in landed_columns(table))  # without parameters, a percent sign is not doubled
    way = sql.SQL(" (FORMAT binary)" if binary else "")
    return sql.SQL("COPY {} ({}, _batch_id) FROM STDIN{}").format(identifier(table), columns, way)
