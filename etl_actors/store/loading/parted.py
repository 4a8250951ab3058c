"""A batch that is parted, and how its rows that win for certain are copied straight into their tables."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from struct import pack

import psycopg
from psycopg import errors as pg
from psycopg import sql

from etl_actors.relational.block import Block
from etl_actors.relational.packed import copied
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.landing import Landing
from etl_actors.store.loading.suspects import Suspects
from etl_actors.store.loading.winners import landed_columns
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import identifier, listed, written_once

__all__ = ["Contested", "Parted", "Straight", "copy_straight", "require_types"]

_SQL = queries("targets")
_BATCH = ("_batch_id", "bigint")  # behind the fields of a row that is copied straight into its table
_PIECE, _BYTES = 500, 262_144  # rows, or bytes of them, that are written at once
_REFUSED = (
    psycopg.IntegrityError,
    psycopg.DataError,
    psycopg.ProgrammingError,
    psycopg.NotSupportedError,
    psycopg.InternalError,
    pg.ProtocolViolation,  # a column of another type reads on beyond the end of a packed field; the connection is well
)


class Contested(Exception):
    """The load is to be tried again whole; nothing of it has landed."""


@dataclass(frozen=True, slots=True)
class Straight:
    """Rows of one table that need no comparison: of roots that win for certain, or of a set that lands with them.

    Args:
        block: what they are of.
        kept: which of its rows they are, as `Block.each` gives them; None for all.
    """

    block: Block
    kept: Sequence[bytes] | None = None

    @property
    def rows(self) -> int:
        """How many they are."""
        return self.block.rows if self.kept is None else len(self.kept)


@dataclass(frozen=True, slots=True)
class Parted:
    """A batch, parted.

    Args:
        straight: what needs no comparison, a table each.
        rest: all others, in their blocks.
        left: row ids of the roots among them.
        lost: whether these are known to lose, all of them; then none of their sets is among the others.
    """

    straight: tuple[Straight, ...]
    rest: Parsed
    left: tuple[int, ...] = ()
    lost: bool = False

    def enter(self, landing: Landing) -> None:
        """Add what has gone straight to what has landed."""
        for one in self.straight:
            landing.gained[one.block.table.qualified] += one.rows
            if one.block.table.kind is Kind.ROOT:
                landing.straight, landing.left = one.rows, self.left


def copy_straight(conn: Connection, batch_id: int, parted: Parted, table: Table, suspects: Suspects) -> None:
    """Copy the uncontested lines of a table into it; it may have none.

    Args:
        conn: in the load's transaction.
        batch_id: of the batch.
        parted: it.
        table: whose turn it is.
        suspects: told at which row the COPY stops.

    Raises:
        Contested: somebody who is no load has made one of the `_id`s, or the table does not take the rows so.
    """
    one = next((one for one in parted.straight if one.block.table is table), None)
    if one is None or not one.rows:
        return
    landed = -1
    with conn.cursor() as cursor, suppress(*_REFUSED):
        with suspects.copying(one.block, one.kept), cursor.copy(_copied(table, binary=one.block.packed)) as copying:
            for piece in _written(one, batch_id):
                copying.write(piece)
        landed = cursor.rowcount
    if landed != one.rows:
        raise Contested  # or a trigger has kept rows away: which of them, COPY does not tell


def require_types(conn: Connection, parted: Parted) -> None:
    """Require that columns have the types that packed rows were written for: of another PostgreSQL may read the same bytes as another value.

    Args:
        conn: in the load's transaction, after the rows were copied: nobody changes the tables from then on.
        parted: the batch.

    Raises:
        Contested: somebody has changed the type of a column: what goes through temp tables is cast.
    """
    tables = tuple(one.block.table for one in parted.straight if one.rows and one.block.packed)
    if tables and conn.execute(_SQL["otherwise_typed"], _typed(tables)).fetchone() is not None:
        raise Contested


@lru_cache(maxsize=1_000)
def _typed(tables: tuple[Table, ...]) -> dict[str, list[str]]:
    columns = [(identifier(table).as_string(None), name, kind) for table in tables for name, kind in (*table.copied, _BATCH)]
    return {
        "tables": [one for one, _, _ in columns],
        "columns": [one for _, one, _ in columns],
        "types": [one for _, _, one in columns],
    }


def _written(one: Straight, batch_id: int) -> Iterator[bytes]:
    """Write rows that go straight as COPY reads them, in pieces, the batch's id as the last field of each."""
    block, last = one.block, b"\t%d\n" % batch_id
    kept = None if one.kept is None else (one.kept[first : first + _PIECE] for first in range(0, len(one.kept), _PIECE))
    if block.packed:
        yield from copied(
            block.pieces() if kept is None else kept, len(landed_columns(block.table)) + 1, pack(">iq", 8, batch_id)
        )
    elif kept is None:
        for first in range(0, len(block.data), _BYTES):
            yield block.data[first : first + _BYTES].replace(b"\n", last)
    else:
        for lines in kept:
            yield last.join([*lines, b""])


@written_once
def _copied(table: Table, *, binary: bool) -> sql.Composed:
    """Copy rows into a table, the batch's id as the last field of each line."""
    columns = listed(sql.Identifier(name) for name in landed_columns(table))  # without parameters, a percent sign is not doubled
    way = sql.SQL(" (FORMAT binary)" if binary else "")
    return sql.SQL("COPY {} ({}, _batch_id) FROM STDIN{}").format(identifier(table), columns, way)
