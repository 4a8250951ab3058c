"""Whether the keyless children of a document that comes again are the very same as those that are there."""

from collections.abc import Callable, Mapping, Sequence

from psycopg import sql

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.landing import filled_tables
from etl_actors.store.loading.winners import landed_columns
from etl_actors.store.tables.quoting import Quoted, listed, names
from etl_actors.store.tables.temps import temp_of

__all__ = ["Alike", "same_image", "same_text", "with_other_sets"]

Alike = Callable[[Sequence[str], str, str], sql.Composable]
"""Writes, of columns of two sides, that they have the same values: 1.0 and 1.00 differ."""


def with_other_sets(
    conn: Connection, parsed: Parsed, root: Table, sets: Sequence[Table], row_ids: Sequence[int], alike: Alike
) -> set[int]:
    """Find the documents whose sets differ from those that are there.

    Args:
        conn: in the load's transaction, after the copy.
        parsed: the batch.
        root: its root table.
        sets: that hang on the root, whoever fills them; parents before children.
        row_ids: of the documents whose root row is the same.
        alike: how rows are compared.

    Returns:
        Their row ids.
    """
    fresh = {table.qualified: table for table in filled_tables(parsed) if table.kind is Kind.SET and table.owner is None}
    differing: set[int] = set()
    for held in dict.fromkeys(sets):
        came = fresh.get(held.qualified)
        parents = _parents(held, root, fresh)
        if parents is None:
            continue  # below a set that this slip does not fill: where that has rows, it differs already
        ours = came if came is not None and came.parent == held.parent else None
        statement = _surplus(held, parents) if ours is None else _compared(ours, parents, alike)
        given = {"rows": [row_id for row_id in row_ids if row_id not in differing]}
        differing |= {row_id for (row_id,) in conn.execute(statement, given)}
    return differing


def same_text(columns: Sequence[str], came: str, held: str) -> sql.Composable:
    """Write that columns have the same values as text; they may be of different types."""
    return sql.SQL("{} = {}").format(*(sql.SQL("ROW({})::text").format(_of(side, columns)) for side in (came, held)))


def same_image(columns: Sequence[str], came: str, held: str) -> sql.Composable:
    """Write that columns have the same values byte by byte, which costs much less; where types differ, PostgreSQL refuses."""
    return sql.SQL("{} *= {}").format(*(sql.SQL("ROW({})::record").format(_of(side, columns)) for side in (came, held)))


def _of(side: str, columns: Sequence[str]) -> sql.Composed:
    return listed(Quoted(side, name) for name in columns)


def _parents(table: Table, root: Table, fresh: Mapping[str, Table]) -> sql.Composable | None:
    """Write the rows that a set lies under: as long as no difference was found they are the same in the batch and there."""
    above = root if table.parent == root.qualified else fresh.get(table.parent or "")
    if above is None:
        return None
    return sql.SQL("SELECT _id, _row_id FROM {} WHERE _row_id = ANY (%(rows)s::bigint[])").format(
        Quoted("pg_temp", temp_of(above))
    )


def _surplus(table: Table, parents: sql.Composable) -> sql.Composed:
    return sql.SQL("SELECT DISTINCT above._row_id FROM ({}) AS above JOIN {} AS held ON held._parent_id = above._id").format(
        parents, Quoted(table.schema, table.name)
    )


def _compared(table: Table, parents: sql.Composable, alike: Alike) -> sql.Composed:
    columns = landed_columns(table)
    return sql.SQL(
        "SELECT DISTINCT coalesce(came._row_id, held._whose) "
        "FROM (SELECT {columns} FROM {temp} WHERE _row_id = ANY (%(rows)s::bigint[])) AS came "
        "FULL JOIN (SELECT above._row_id AS _whose, {held} FROM ({parents}) AS above JOIN {target} AS t ON t._parent_id = above._id) AS held "
        "ON held._id = came._id WHERE came._id IS NULL OR held._id IS NULL OR NOT ({same})"
    ).format(
        columns=names(columns),
        temp=Quoted("pg_temp", temp_of(table)),
        held=_of("t", columns),
        target=Quoted(table.schema, table.name),
        parents=parents,
        same=alike(columns, "came", "held"),
    )
