"""What the catalogue says of the readable view of a break-out, or of what has its name."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from etl_actors.relational.breakout.view import View, shown
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.unmatched import is_unmatched
from etl_actors.store.breakout.view_query import ViewColumn, view_columns, view_query
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.facts import spelled

__all__ = ["Standing", "columns_of", "columns_there", "fits", "name_taken", "query_of", "standing", "view_identifier", "view_of"]

_SQL = queries("views")


@dataclass(frozen=True, slots=True)
class Standing:
    """What has a view's name.

    Args:
        materialized: whether it is a materialized view.
        ours: whether a slip has made it.
    """

    materialized: bool
    ours: bool

    @property
    def kind(self) -> sql.SQL:
        """The word for it in statements."""
        return sql.SQL("MATERIALIZED VIEW" if self.materialized else "VIEW")


def standing(conn: Connection, view: View) -> Standing | None:
    """Look what has a view's name; None where nothing has."""
    found = conn.execute(_SQL["standing"], {"schema": view.schema, "name": view.name, "target": view.qualified}).fetchone()
    return None if found is None else Standing(found[0] == "m", found[0] in ("v", "m") and found[1])


def name_taken(conn: Connection, slip: Slip) -> str | None:
    """Say that something else has the name of a slip's view; None where nothing has."""
    view = view_of(slip)
    there = None if view is None else standing(conn, view)
    if view is None or there is None or there.ours:
        return None
    mend = "give the view another name by `view` below [breakout] (view = false makes none)"
    if is_unmatched(slip.name):
        mend = "write a slip for these documents"
    return f"Slip {slip.name} makes the view {view.qualified}, but something else has that name: rename that, or {mend}."


def view_of(slip: Slip) -> View | None:
    """Give the view that a slip asks for; None where it asks for none."""
    return None if slip.breakout is None else slip.breakout.view


def view_identifier(view: View) -> sql.Identifier:
    """Return the view's qualified name, quoted."""
    return sql.Identifier(view.schema, view.name)


def columns_of(slip: Slip) -> tuple[ViewColumn, ...]:
    """Give the columns that a slip's view is to have, by its layout."""
    assert slip.breakout is not None
    return view_columns(shown(slip.breakout.layout), slip.targets)


def query_of(slip: Slip, columns: Sequence[ViewColumn]) -> sql.Composed:
    """Write the query of a slip's view, with its columns in this order."""
    assert slip.breakout is not None
    return view_query(shown(slip.breakout.layout), columns, slip.targets)


def columns_there(conn: Connection, view: View) -> list[tuple[str, str]]:
    """Give name and type of the columns that a view has, in their order."""
    return conn.execute(_SQL["columns"], {"schema": view.schema, "name": view.name}).fetchall()


def fits(conn: Connection, slip: Slip) -> bool:
    """Tell whether the view that is there can be what a version wants without being made anew.

    PostgreSQL adds columns to a view behind those that it has, and changes nothing of these.
    """
    view = view_of(slip)
    there = None if view is None else standing(conn, view)
    if view is None or there is None or there.materialized:
        return False
    columns = columns_of(slip)
    spelling = spelled(conn, {column.type for column in columns})
    return {*columns_there(conn, view)} <= {(column.name, spelling[column.type]) for column in columns}
