"""Tables as of one moment, which nobody alters until they have been read.

A snapshot is not enough: a table that is altered, or filled anew, once the snapshot was taken is empty to it. So the tables are locked
first, against no more than their alteration, and the snapshot is taken with the statement after that.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from psycopg import errors as pg
from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.slips.model.slip import Slip
from etl_actors.store.breakout.column_map import breakout_in_force
from etl_actors.store.database import Connection
from etl_actors.store.tables.quoting import identifier

__all__ = ["at_one_moment", "begin_moment"]

_Found = TypeVar("_Found")


def begin_moment(conn: Connection, tables: Sequence[Table]) -> None:
    """Keep tables from being altered until the transaction ends; what is read in it is read as of one moment.

    Args:
        conn: in a transaction that has read nothing yet.
        tables: that are to be read.

    Raises:
        pg.UndefinedTable: one of them is not there.
    """
    conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    if tables:
        conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.SQL(", ").join(map(identifier, tables))))


def at_one_moment(conn: Connection, slip: Slip, target_schema: str, look: Callable[[Slip], _Found]) -> _Found | None:
    """Look at the tables of a slip that breaks documents out, by the version that they are of.

    Args:
        conn: in autocommit mode.
        slip: any version.
        target_schema: where tables are whose slip names no schema.
        look: reads the tables of the version that it is given, at once: meanwhile the slip does not grow.

    Returns:
        What was found; None where the slip breaks no documents out by now.
    """
    known: Slip | None = slip
    while known is not None:
        try:
            with conn.transaction():
                begin_moment(conn, known.targets)
                active = breakout_in_force(conn, known.name, target_schema)
                if active is not None and active.digest == known.digest:
                    return look(known)
        except pg.UndefinedTable:
            active = breakout_in_force(conn, known.name, target_schema)
            if active is not None and active.digest == known.digest:
                raise  # somebody has dropped it
        known = active
    return None
