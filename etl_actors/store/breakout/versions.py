"""What a break-out has beside the tables of its documents, while those change: what cannot be changed under a view is changed without it, in one transaction."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from psycopg import sql

from etl_actors.relational.breakout.changes import AddColumn, AddTable
from etl_actors.relational.breakout.changes import Change as Drift
from etl_actors.relational.companions import versions_name
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.tables.facts import facts_of
from etl_actors.store.tables.plan import Change, view_changes
from etl_actors.store.tables.targets import plan_tables
from etl_actors.store.tables.versions_view import versions_view

__all__ = ["history_of", "in_the_way", "make_tombstones", "put_view_away", "put_view_back", "view_to_take"]


def history_of(conn: Connection, slip: Slip) -> str | None:
    """Name the view of a slip's versions, quoted; None where it keeps none."""
    if not slip.root.versioned:
        return None
    return sql.Identifier(slip.root.schema, versions_name(slip.root.name)).as_string(conn)


def view_to_take(conn: Connection, slip: Slip) -> list[Table]:
    """Give the view as a table that can be locked; nothing where there is none.

    Before its tables: a reader who has the view would wait for them, and whoever has them for the view.
    """
    name = history_of(conn, slip)
    if (
        name is None
        or facts_of(conn, named := replace(slip.root, name=versions_name(slip.root.name), policy=Policy.IGNORE)) is None
    ):
        return []
    return [named]


def in_the_way(changes: Iterable[Drift], slip: Slip) -> bool:
    """Tell whether columns of a root table change otherwise than by new ones."""
    return slip.root.versioned and any(
        not isinstance(change, AddTable | AddColumn) and change.table == slip.root.name for change in changes
    )


def put_view_away(conn: Connection, slip: Slip) -> Iterator[Change]:
    """Take the view away, to put it back in the same transaction."""
    if slip.root.versioned:
        made = versions_view(slip.root, (), deleted=False)
        conn.execute(made.removal)
        yield Change(slip.root.qualified, made.removal, f"take {made.qualified} away while the table changes", made.qualified)


def put_view_back(conn: Connection, slip: Slip) -> Iterator[Change]:
    """Let the view show what the table has."""
    for change in view_changes(slip.root, facts_of(conn, slip.root)):
        conn.execute(change.statement)
        yield change


def make_tombstones(conn: Connection, slip: Slip, target_schema: str) -> Iterator[Change]:
    """Make the table that tells which rows are deleted: it does not follow the documents, but what is written of them."""
    tables = [table for table in slip.targets if table.kind is Kind.TOMBSTONE]
    for change in plan_tables(conn, tables, slip.name, target_schema) if tables else ():
        conn.execute(change.statement)
        yield change
