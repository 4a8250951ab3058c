"""Target rows of a trace: those that a staged row has made, and one by its `_id` with those above it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from etl_actors.relational.tables import FILLED, Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import Quoted, QuotedText, listed

__all__ = ["FoundTable", "MadeRows", "TargetRow", "find_table", "made_rows", "target_row", "winner"]

_SQL = queries("trace")
_ABOVE = ("_parent_id", "_root_id", "_index")


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table of the database that has an `_id`.

    Args:
        schema: its schema.
        name: its name.
        readable: whether this login may read it.
        columns: their names, in order.
    """

    schema: str
    name: str
    readable: bool
    columns: tuple[str, ...]

    @property
    def qualified(self) -> str:
        """``schema.name``, unquoted."""
        return f"{self.schema}.{self.name}"

    @property
    def own(self) -> list[str]:
        """Its columns but those of the system."""
        return [name for name in self.columns if not name.startswith("_")]


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A row of a target table.

    Args:
        table: its qualified name.
        id: its `_id`.
        row_id: the staged row that made it.
        batch_id: that landed it.
        loaded_at: when.
        parent_id: the `_id` of the row above; None of roots and entities.
        root_id: the `_id` of its root; None of roots and entities.
        index: its place among its siblings; None of roots and entities.
        key: its key columns as PostgreSQL writes them; None for null.
        givers: of a table that is filled column by column: the row id that gave each column that is not null; else empty.
    """

    table: str
    id: UUID
    row_id: int
    batch_id: int
    loaded_at: datetime
    parent_id: UUID | None
    root_id: UUID | None
    index: int | None
    key: Mapping[str, str | None]
    givers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MadeRows:
    """What a staged row has made in one table.

    Args:
        table: its qualified name.
        count: how many rows.
        rows: the first of them, by place.
        lack: why it cannot be told; empty where it can.
    """

    table: str
    count: int
    rows: tuple[TargetRow, ...]
    lack: str = ""


def find_table(conn: Connection, schema: str, name: str) -> FoundTable | None:
    """Find a target table; None where there is none of that name, or it has no lineage."""
    row = conn.execute(_SQL["table"], {"schema": schema, "name": name}).fetchone()
    if row is None or not {"_id", "_row_id", "_batch_id", "_loaded_at"} <= set(row[1]):
        return None
    return FoundTable(schema, name, row[0], tuple(row[1]))


def made_rows(conn: Connection, tables: Iterable[Table], row_id: int, limit: int) -> list[MadeRows]:
    """Return what a staged row has made, or given columns to, table by table.

    Args:
        conn: may read the tables.
        tables: of one version of a slip, parents before children.
        row_id: of the staged row.
        limit: rows of a table that are returned, at most.
    """
    conditions: dict[str, sql.Composable] = {}
    made = []
    for table in tables:
        found = find_table(conn, table.schema, table.name)
        if found is None or not found.readable:
            lack = "the table is not there" if found is None else "this login may not read the table"
            made.append(MadeRows(table.qualified, 0, (), lack))
            continue
        conditions[table.qualified] = _made_by(table, found, conditions)
        rows = _selected(conn, found, table.identity, conditions[table.qualified], {"row_id": row_id}, limit)
        made.append(MadeRows(table.qualified, rows[0][1] if rows else 0, tuple(row for row, _ in rows)))
    return made


def target_row(conn: Connection, table: FoundTable, key: Collection[str], identity: UUID) -> TargetRow | None:
    """Return a row of a target table by its `_id`."""
    rows = _selected(conn, table, key, sql.SQL("t._id = %(id)s"), {"id": identity}, 1)
    return rows[0][0] if rows else None


def winner(conn: Connection, table: Table, identity: str) -> int | None:
    """Return the row id of the row that has an `_id` now; None where none has."""
    found = find_table(conn, table.schema, table.name)
    if found is None or not found.readable:
        return None
    held = target_row(conn, found, (), UUID(identity))
    return None if held is None else held.row_id


def _made_by(table: Table, found: FoundTable, above: Mapping[str, sql.Composable]) -> sql.Composable:
    """Write the condition by which a table's rows ``t`` of a staged row are found by index."""
    if table.kind is not Kind.SET:
        if table.policy is Policy.FILL and FILLED in found.columns:
            return sql.SQL(
                "(t._row_id = %(row_id)s OR (t._filled IS NOT NULL AND etl.givers(t._filled) @> ARRAY[%(row_id)s::bigint]))"
            )
        return sql.SQL("t._row_id = %(row_id)s")
    # Sets have no index on their row id: they are found below the rows above them, which have one.
    parent = table.parent or ""
    if parent not in above:
        return sql.SQL("t._row_id = %(row_id)s")
    schema, _, name = parent.partition(".")
    return sql.SQL("t._row_id = %(row_id)s AND t._parent_id IN (SELECT t._id FROM {} t WHERE {})").format(
        Quoted(schema, name), above[parent]
    )


def _selected(
    conn: Connection, found: FoundTable, key: Collection[str], wanted: sql.Composable, values: Mapping[str, Any], limit: int
) -> list[tuple[TargetRow, int]]:
    """Read rows of a table, each with how many there are in all."""
    below = set(_ABOVE) <= set(found.columns)
    keys = [name for name in key if name in found.columns]
    filled = FILLED in found.columns
    statement = sql.SQL(
        "SELECT t._id, t._row_id, t._batch_id, t._loaded_at, {above}, {filled}, {held}, {keys}, count(*) OVER () "
        "FROM {table} t WHERE {wanted} ORDER BY {order} LIMIT %(limit)s"
    ).format(
        above=listed(sql.SQL("t.{}").format(Quoted(name)) if below else sql.SQL("NULL") for name in _ABOVE),
        filled=sql.SQL("t._filled") if filled else sql.SQL("NULL::jsonb"),
        held=_held(found.own) if filled else sql.SQL("NULL::text[]"),
        keys=sql.SQL("ARRAY[{}]::text[]").format(listed(sql.SQL("t.{}::text").format(Quoted(name)) for name in keys)),
        table=Quoted(found.schema, found.name),
        wanted=wanted,
        order=sql.SQL("t._parent_id, t._index, t._id") if below else sql.SQL("t._id"),
    )
    rows = conn.execute(statement, {**values, "limit": limit}).fetchall()
    return [(_row(found, keys, row), row[10]) for row in rows]


def _row(found: FoundTable, keys: Iterable[str], row: Sequence[Any]) -> TargetRow:
    identity, row_id, batch_id, loaded_at, parent_id, root_id, index, filled, held, values, _ = row
    givers = {name: (filled or {}).get(name, row_id) for name in held or ()}
    key = dict(zip(keys, values, strict=True))
    return TargetRow(found.qualified, identity, row_id, batch_id, loaded_at, parent_id, root_id, index, key, givers)


def _held(columns: Iterable[str]) -> sql.Composed:
    """Write the names of the columns that are not null."""
    parts = listed(sql.SQL("CASE WHEN t.{} IS NOT NULL THEN {} END").format(Quoted(name), QuotedText(name)) for name in columns)
    return sql.SQL("array_remove(ARRAY[{}]::text[], NULL)").format(parts)
