"""Taking tables away from their readers for a moment: all of them at once, or none."""

from collections.abc import Sequence

from psycopg import errors as pg
from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import identifier

__all__ = ["take"]

_SQL = queries("breakouts")
_WAIT_MS = 500  # in all, however many tables: who comes behind waits as long


def take(conn: Connection, tables: Sequence[Table]) -> None:
    """Lock tables against everybody, before any of them is changed.

    Taken one by one as they are changed, the first is kept from its readers while the next is waited for, and so on: with many tables
    for seconds.

    Args:
        conn: in a transaction, which has them until its end.
        tables: that exist; none for nothing to do.

    Raises:
        pg.LockNotAvailable: others have some of them for too long. The transaction is to be rolled back.
    """
    if not tables:
        return
    wanted = sql.SQL(", ").join(map(identifier, tables))
    before = conn.execute(_SQL["limit"]).fetchone() or ("0",)
    conn.execute(_SQL["limit_all"], {"wait": f"{_WAIT_MS}ms"})
    try:
        # A limit for each lock would be one for each table; this one is for the statement.
        conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(wanted))
    except pg.QueryCanceled as exc:
        msg = f"{wanted.as_string(conn)}: not within {_WAIT_MS} ms"
        raise pg.LockNotAvailable(msg) from exc
    conn.execute(_SQL["limit_all"], {"wait": before[0]})
