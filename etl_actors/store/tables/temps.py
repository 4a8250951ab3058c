"""Temp tables: one a target's plan, which a session keeps, and a batch is copied through."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b

from psycopg import sql

from etl_actors.relational import packed
from etl_actors.relational.block import Block
from etl_actors.relational.tables import Table
from etl_actors.store.database import Connection
from etl_actors.store.tables.constraints import check_constraint, check_name
from etl_actors.store.tables.quoting import listed, written_once

__all__ = ["DELETED_ROWS", "Temps", "copied_from", "copied_to", "make_temp", "temp_of"]

DELETED_ROWS = 4_000
"""Rows that are deleted from a temp table until it is truncated: a megabyte or two, which is read with the rows of each batch."""

_MOST = 500  # tables, up to three relations each: a session's end locks all of its temp tables at once, and must be able to


class Temps:
    """The temp tables of one session, which it keeps from batch to batch, but not for ever.

    Attributes:
        since_truncated: by temp table: rows that came since it was last emptied by TRUNCATE.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._names: set[str] = set()
        self.since_truncated: Counter[str] = Counter()

    @property
    def too_many(self) -> bool:
        """Whether they are to be dropped before others are made."""
        return len(self._names) > _MOST

    def make(self, tables: Iterable[Table]) -> None:
        """Make those that are not there yet through which rows of these tables are copied."""
        for table in tables:
            make_temp(self._conn, table)
            self._names.add(temp_of(table))

    @contextmanager
    def soiled_unless_landed(self, tables: Sequence[Table]) -> Iterator[None]:
        """Have the temp tables of some tables truncated next time, if the block fails: rows that were rolled back stay in them, dead.

        Where none were counted until then, the tables are as they were: nothing was copied, or that they were truncated is rolled back, too.
        """
        before = self.since_truncated.copy()
        try:
            yield
        except BaseException:
            if self.since_truncated != before:
                self.since_truncated.update(dict.fromkeys(map(temp_of, tables), DELETED_ROWS))
            raise

    def drop(self) -> None:
        """Drop all of them, one after the other; outside a transaction."""
        for name in self._names:
            self._conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("pg_temp", name)))
        self._names.clear()
        self.since_truncated.clear()


@lru_cache(maxsize=1_000)
def temp_of(table: Table) -> str:
    """Return the name of the temp table that `table` is copied through; it changes with the table's plan."""
    checks = tuple(check_name(table, column) for column in table.columns if column.check is not None)
    plan = blake2b(repr((table.qualified, table.copied, checks)).encode(), digest_size=8).hexdigest()
    return f"etl_{plan}"


def make_temp(conn: Connection, table: Table) -> None:
    """Create the temp table that `table` is copied through, unless the session has it.

    It has the slip's checks: the target meets those rows only that win, and whether a row is refused must not depend on
    which others came in its batch.
    """
    # A type cannot be a parameter; the slip reader has matched it against the types it knows.
    fields = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in table.copied]
    fields += [check_constraint(table, column) for column in table.columns if column.check is not None]
    made = sql.SQL("CREATE TEMP TABLE IF NOT EXISTS {} ({})").format(sql.Identifier(temp_of(table)), listed(fields))
    conn.execute(made)


@written_once
def copied_to(temp: str, *, binary: bool) -> sql.Composed:
    """Copy a block's rows into a temp table."""
    way = sql.SQL(" (FORMAT binary)" if binary else "")
    return sql.SQL("COPY {} FROM STDIN{}").format(sql.Identifier("pg_temp", temp), way)


def copied_from(block: Block) -> Iterable[bytes]:
    """Write a block's rows as COPY reads them, in pieces."""
    return packed.copied(block.pieces(), len(block.table.copied)) if block.packed else (block.data,)
