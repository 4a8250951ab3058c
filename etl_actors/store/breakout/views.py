"""The readable view of what a slip breaks out: made with its tables, and replaced as they change, in the same transaction.

Readers find it at every moment: they wait while it is replaced, and it is never missing.
"""

from psycopg import sql

from etl_actors.errors import NoPlace, SlipError
from etl_actors.relational.breakout.view import View
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.unmatched import is_unmatched
from etl_actors.store.breakout.granted import kept, restored
from etl_actors.store.breakout.view_facts import (
    Standing,
    columns_of,
    columns_there,
    fits,
    name_taken,
    query_of,
    standing,
    view_identifier,
    view_of,
)
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import listed

__all__ = ["make_way", "moved", "put", "recorded", "renamed_column"]

_SQL = queries("views")
_TARGETS = queries("targets")
_WAIT_MS = 200  # until its readers have left: who comes behind waits for the tables too


def recorded(conn: Connection, slip: Slip, view: View, statement: sql.Composed) -> None:
    """Change a view, and keep a record of it, by which the view is known as one that a slip has made."""
    conn.execute(statement)
    told = {"target": view.qualified, "statement": statement.as_string(conn), "slip": slip.name}
    conn.execute(_TARGETS["record_change"], told)


def moved(conn: Connection, old: View | None, after: Slip) -> None:
    """Let the view of a version be that of the next one of the same tables: by another name, or none."""
    new = view_of(after)
    there = None if old is None else standing(conn, old)
    if old is None or there is None or not there.ours:
        return
    if new is None:
        recorded(conn, after, old, sql.SQL("DROP {} {}").format(there.kind, view_identifier(old)))
    elif old.qualified != new.qualified:
        renamed = sql.SQL("ALTER {} {} RENAME TO {}").format(there.kind, view_identifier(old), sql.Identifier(new.name))
        recorded(conn, after, new, renamed)


def make_way(conn: Connection, slip: Slip, *, blocking: bool) -> None:
    """Let the view depend on no table until it is `put`, in this transaction: it keeps its columns, and readers wait for it.

    Args:
        conn: in the transaction in which the tables change.
        slip: whose they are.
        blocking: whether a materialized view is in the way too; then an ordinary one takes its place until it is made anew.
    """
    view = view_of(slip)
    there = None if view is None else standing(conn, view)
    if view is None or there is None or not there.ours or (there.materialized and not blocking):
        return
    # A type cannot be a parameter; this is the catalogue's own spelling.
    nulls = [sql.SQL("NULL::{} AS {}").format(sql.SQL(kind), sql.Identifier(name)) for name, kind in columns_there(conn, view)]
    query = sql.SQL("SELECT {}").format(listed(nulls))
    (patience,) = conn.execute(_SQL["patience"]).fetchone() or ("0",)
    if there.materialized:
        _make_anew(conn, slip, view, query, there)
    else:
        _be_patient(conn, f"{_WAIT_MS}ms")
        conn.execute(sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(view_identifier(view), query))
        _be_patient(conn, patience)


def renamed_column(conn: Connection, slip: Slip, name: str, to: str) -> None:
    """Rename a column of an ordinary view with that of its table, so that it stays the same to those that depend on it."""
    view = view_of(slip)
    there = None if view is None else standing(conn, view)
    if view is None or there is None or not there.ours or there.materialized:
        return
    names = [column for column, _ in columns_there(conn, view)]
    if name in names and to not in names:  # else what is below a row has that name until now: the view is made anew
        how = sql.SQL("ALTER VIEW {} RENAME COLUMN {} TO {}")
        recorded(conn, slip, view, how.format(view_identifier(view), sql.Identifier(name), sql.Identifier(to)))


def put(conn: Connection, slip: Slip) -> None:
    """Make the view of a slip, or let it show what its tables have now.

    A materialized view that is in nobody's way stays as it is until it is made anew (`refreshing`).

    Args:
        conn: in the transaction in which the tables have changed.
        slip: the version that they are of.

    Raises:
        SlipError: something else has its name.
        NoPlace: likewise, and nobody wrote the slip who could mend it: its source is not to wait for that.
    """
    view = view_of(slip)
    if view is None:
        return
    taken = name_taken(conn, slip)
    if taken is not None:
        raise NoPlace(taken) if is_unmatched(slip.name) else SlipError(taken)
    there = standing(conn, view)
    columns = columns_of(slip)
    if there is None:
        _make(conn, slip, view, query_of(slip, columns))
        granted = sql.SQL("GRANT SELECT ON {} TO etl_reader, etl_operator").format(view_identifier(view))
        recorded(conn, slip, view, granted)
    elif there.materialized and view.materialized:
        return
    elif fits(conn, slip):
        before = [name for name, _ in columns_there(conn, view)]
        known = {column.name: column for column in columns}
        ordered = [known[name] for name in before] + [column for column in columns if column.name not in before]
        how = sql.SQL("CREATE OR REPLACE VIEW {} AS {}")
        recorded(conn, slip, view, how.format(view_identifier(view), query_of(slip, ordered)))
    else:
        _make_anew(conn, slip, view, query_of(slip, columns), there)


def _be_patient(conn: Connection, limit: str) -> None:
    conn.execute(_SQL["be_patient"], {"limit": limit})


def _make(conn: Connection, slip: Slip, view: View, query: sql.Composed) -> None:
    recorded(conn, slip, view, sql.SQL("CREATE VIEW {} AS {}").format(view_identifier(view), query))


def _make_anew(conn: Connection, slip: Slip, view: View, query: sql.Composed, there: Standing) -> None:
    """Drop a view and make an ordinary one, with what others have given it."""
    others = kept(conn, view)
    recorded(conn, slip, view, sql.SQL("DROP {} {}").format(there.kind, view_identifier(view)))
    _make(conn, slip, view, query)
    for statement in restored(conn, view, others, sql.SQL("VIEW")):
        recorded(conn, slip, view, statement)
