"""Whether the keyless children of a document that comes again are the very same as those that are there."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from psycopg import sql

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.landing import filled_tables
from etl_actors.store.loading.winners import landed_columns
from etl_actors.store.tables.quoting import Quoted, listed, names
from etl_actors.store.tables.temps import temp_of

__all__ = ["differing_roots"]


def differing_roots(conn: Connection, parsed: Parsed, root: Table, sets: Sequence[Table], roots: Mapping[int, UUID]) -> set[UUID]:
    """Find the documents whose sets differ from those that are there.

    Args:
        conn: in the load's transaction, after the copy.
        parsed: the batch.
        root: its root table.
        sets: that hang on the root, whoever fills them; parents before children.
        roots: row id and `_id` of the documents whose root row is the same.

    Returns:
        The `_id`s of their root rows.
    """
    fresh = {table.qualified: table for table in filled_tables(parsed) if table.kind is Kind.SET and table.owner is None}
    differing: set[UUID] = set()
    for held in dict.fromkeys(sets):
        came = fresh.get(held.qualified)
        parents = _parents(held, root, fresh)
        if parents is None:
            continue  # below a set that this slip does not fill: where that has rows, it differs already
        ours = came if came is not None and came.parent == held.parent else None
        statement = _surplus(held, parents) if ours is None else _compared(ours, parents)
        rows = [row_id for row_id, root_id in roots.items() if root_id not in differing]
        given = {"rows": rows, "roots": [roots[row_id] for row_id in rows]}
        differing |= {found for (found,) in conn.execute(statement, given)}
    return differing


def _parents(table: Table, root: Table, fresh: Mapping[str, Table]) -> sql.Composable | None:
    """Write the rows that a set lies under: as long as no difference was found they are the same in the batch and there."""
    if table.parent == root.qualified:
        return sql.SQL("SELECT unnest(%(roots)s::uuid[])")
    above = fresh.get(table.parent or "")
    if above is None:
        return None
    return sql.SQL("SELECT _id FROM {} WHERE _row_id = ANY (%(rows)s::bigint[])").format(Quoted("pg_temp", temp_of(above)))


def _surplus(table: Table, parents: sql.Composable) -> sql.Composed:
    return sql.SQL("SELECT DISTINCT _root_id FROM {} WHERE _parent_id IN ({})").format(Quoted(table.schema, table.name), parents)


def _compared(table: Table, parents: sql.Composable) -> sql.Composed:
    columns = landed_columns(table)
    sides = [sql.SQL("ROW({})::text").format(listed(Quoted(side, c) for c in columns)) for side in ("came", "held")]
    return sql.SQL(
        "SELECT DISTINCT coalesce(came._root_id, held._root_id) "
        "FROM (SELECT {columns} FROM {temp} WHERE _row_id = ANY (%(rows)s::bigint[])) AS came "
        "FULL JOIN (SELECT {columns} FROM {target} WHERE _parent_id IN ({parents})) AS held ON held._id = came._id "
        "WHERE came._id IS NULL OR held._id IS NULL OR {came} <> {held}"
    ).format(
        columns=names(columns),
        temp=Quoted("pg_temp", temp_of(table)),
        target=Quoted(table.schema, table.name),
        parents=parents,
        came=sides[0],
        held=sides[1],
    )
