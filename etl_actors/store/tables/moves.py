"""The statements by which attributes of an entity move to where it occurs, once they are not the same everywhere."""

from collections.abc import Iterator

from psycopg import sql

from etl_actors.relational.breakout.changes import DropColumn, MoveColumns
from etl_actors.relational.breakout.layout import REST
from etl_actors.relational.breakout.places import pointer
from etl_actors.relational.breakout.shape import Cell, CellKind
from etl_actors.relational.tables import Table
from etl_actors.store.tables.plan import Change
from etl_actors.store.tables.quoting import Quoted, identifier, listed
from etl_actors.store.tables.written import written_text

__all__ = ["dropped", "moved"]


def moved(move: MoveColumns, table: Table, entity: Table) -> Change:
    """Let each row have what the entity has that it refers to.

    Args:
        move: which columns.
        table: whose rows these are.
        entity: the entity's table.
    """
    values, beside, some = [], [], []
    for cell, was in move.cells:
        held = Quoted("e", was.name)
        value = _came(was) if cell.kind is CellKind.TEXT else held
        made = sql.SQL("CASE WHEN {} IS NOT NULL THEN {}::{} END").format(held, value, _type(cell.type))
        values.append(sql.SQL("{} = {}").format(Quoted(cell.name), made))
        some.append(sql.SQL("{} IS NOT NULL").format(held))
        if cell.kind is CellKind.TEXT and cell.type != "text":
            written = written_text(sql.SQL("({}::{})").format(value, _type(cell.type)), cell.type)
            beside.append(
                sql.SQL(
                    "CASE WHEN {held} IS NOT NULL AND {written} <> {came} THEN jsonb_build_object({at}::text, {came}) END"
                ).format(held=held, written=written, came=value, at=sql.Literal(pointer(cell.path)))
            )
        elif cell.quoted:
            kept = sql.SQL("e.{} -> {}::text").format(Quoted(REST), sql.Literal(pointer(was.path)))
            beside.append(
                sql.SQL(
                    "CASE WHEN {held} IS NOT NULL AND {kept} IS NOT NULL THEN jsonb_build_object({at}::text, {kept}) END"
                ).format(held=held, kept=kept, at=sql.Literal(pointer(cell.path)))
            )
    if beside:
        rest = sql.SQL(" || ").join(
            sql.SQL("coalesce({}, '{{}}')").format(one) for one in (sql.SQL("t.{}").format(Quoted(REST)), *beside)
        )
        values.append(sql.SQL("{} = nullif({}, '{{}}')").format(Quoted(REST), rest))
    statement = sql.SQL("UPDATE {table} AS t SET {values} FROM {entity} AS e WHERE t.{reference} = e._id AND ({some})").format(
        table=identifier(table),
        values=listed(values),
        entity=identifier(entity),
        reference=Quoted(move.reference),
        some=sql.SQL(" OR ").join(some),
    )
    told = ", ".join(cell.name for cell, _ in move.cells)
    return Change(
        table.qualified, statement, f"move {told} from {entity.qualified} to {table.qualified}: it is not the same everywhere"
    )


def dropped(drop: DropColumn, entity: Table) -> Iterator[Change]:
    """Take a column off an entity, and what was kept beside it."""
    cell, rest, where = drop.cell, Quoted(REST), sql.Literal(pointer(drop.cell.path))
    if cell.quoted or cell.kind is CellKind.TEXT:
        statement = sql.SQL("UPDATE {0} SET {1} = nullif({1} - {2}::text, '{{}}') WHERE {1} ? {2}::text").format(
            identifier(entity), rest, where
        )
        yield Change(entity.qualified, statement, f"let {entity.qualified} keep nothing beside {cell.name}")
    statement = sql.SQL("ALTER TABLE {} DROP COLUMN {}").format(identifier(entity), Quoted(cell.name))
    yield Change(entity.qualified, statement, f"drop column {cell.name} of {entity.qualified}")


def _came(was: Cell) -> sql.Composed:
    """Write a text of an entity as it came: as it is kept beside the column, or as the column writes it."""
    kept = sql.SQL("e.{} ->> {}::text").format(Quoted(REST), sql.Literal(pointer(was.path)))
    return sql.SQL("coalesce({}, {})").format(kept, written_text(Quoted("e", was.name), was.type))


def _type(name: str) -> sql.SQL:
    # A type cannot be a parameter; a layout has those of its lattice only.
    return sql.SQL(name)
