"""The query of a readable view: one row a document, what is below it as JSON.

What is below is a subquery of its own for each column, by the index on `_parent_id`, so that a query of a view pays for those columns
only that it asks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from etl_actors.relational.breakout.layout import REST
from etl_actors.relational.breakout.shape import Cell, CellKind, Step
from etl_actors.relational.breakout.view import LINEAGE_SHOWN, Joined, Shown
from etl_actors.relational.tables import Table
from etl_actors.store.tables.quoting import identifier, listed
from etl_actors.store.tables.written import written_text

__all__ = ["ViewColumn", "view_columns", "view_query"]

_ARGUMENTS = 50  # pairs of names and values that one call takes: PostgreSQL has functions of at most 100 arguments


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of a view.

    Args:
        name: of the column.
        type: PostgreSQL's name of its type, one of several.
        value: what it shows, in a query whose root is called as `view_query` calls it.
    """

    name: str
    type: str
    value: sql.Composable


def view_columns(root: Shown, tables: Sequence[Table]) -> tuple[ViewColumn, ...]:
    """Give the columns of a view.

    Args:
        root: as `shown` gives it.
        tables: of the layout, in its order.
    """
    lineage = [ViewColumn(name, kind, _column(root, name)) for name, kind in LINEAGE_SHOWN]
    cells = [ViewColumn(cell.name, cell.type, _column(root, cell.name)) for cell in (*root.own, *root.members)]
    told = [
        ViewColumn(name, cell.type, sql.Identifier(_of_link(place), cell.name))
        for place, one in enumerate(root.joined)
        for name, cell in one.cells
    ]
    below = [ViewColumn(one.name, "jsonb", _below(root, one, tables)) for one in root.below]
    return (*lineage, *cells, *told, *below)


def view_query(root: Shown, columns: Sequence[ViewColumn], tables: Sequence[Table]) -> sql.Composed:
    """Write the query.

    Args:
        root: as `shown` gives it.
        columns: of the view, in the order in which it has them.
        tables: of the layout, in its order.
    """
    selected = listed(sql.SQL("{} AS {}").format(column.value, sql.Identifier(column.name)) for column in columns)
    parts = [sql.SQL("SELECT {} FROM {} AS {}").format(selected, identifier(tables[0]), _alias(0))]
    for place, one in enumerate(root.joined):
        entity = sql.Identifier(_of_link(place))
        parts.append(
            sql.SQL("LEFT JOIN {} AS {} ON {} = {}").format(
                identifier(tables[one.number]), entity, sql.Identifier(_of_link(place), "_id"), _column(root, one.reference)
            )
        )
    return sql.SQL(" ").join(parts)


def _of_link(place: int) -> str:
    return f"e{place}"


def _alias(number: int) -> sql.Identifier:
    return sql.Identifier(f"t{number}")


def _column(row: Shown, name: str) -> sql.Identifier:
    return sql.Identifier(f"t{row.number}", name)


def _below(above: Shown, items: Shown, tables: Sequence[Table]) -> sql.Composed:
    """Write the items of a table below a row as one value; where there are none, what the row says of the place."""
    empty = sql.Literal("[]" if items.step is Step.ITEMS else "{}")
    return sql.SQL("coalesce({items}, CASE WHEN {rest} -> {place} = {empty} THEN {empty}::jsonb END)").format(
        items=_items(above, items, tables),
        rest=_column(above, REST),
        place=sql.Literal(items.pointer),
        empty=empty,
    )


def _items(above: Shown, items: Shown, tables: Sequence[Table]) -> sql.Composed:
    value = _item(items, tables)
    gathered = sql.SQL("jsonb_agg({})").format(sql.SQL("{} ORDER BY {}").format(value, _column(items, "_index")))
    if items.key is not None:
        gathered = sql.SQL("jsonb_object_agg({}, {})").format(_column(items, items.key), value)
    return sql.SQL("(SELECT {} FROM {} AS {} WHERE {} = {})").format(
        gathered, identifier(tables[items.number]), _alias(items.number), _column(items, "_parent_id"), _column(above, "_id")
    )


def _item(row: Shown, tables: Sequence[Table]) -> sql.Composed:
    """Write an item: a scalar, an array or object below it, what is neither, or an object of its columns."""
    ways: list[sql.Composable] = [sql.SQL("to_jsonb({})").format(_value(row, cell)) for cell in row.own]
    ways += [_items(row, one, tables) for one in row.below if not one.name]
    bare = sql.SQL("CASE WHEN {0} -> '' IN ('null', '[]', '{{}}') THEN {0} -> '' END").format(_column(row, REST))
    ways += [bare, _object(row, tables)]
    return sql.SQL("coalesce({})").format(listed(ways))


def _object(row: Shown, tables: Sequence[Table]) -> sql.Composed:
    """Write an object of the columns that have a value; nulls within JSON stay."""
    parts = _scalars([(cell.name, _value(row, cell)) for cell in row.members if cell.kind is not CellKind.JSON])
    parts += [_told(row, one, tables) for one in row.joined if one.cells]
    others = [(cell.name, _value(row, cell)) for cell in row.members if cell.kind is CellKind.JSON]
    others += [(one.name, _below(row, one, tables)) for one in row.below if one.name]
    if others:
        pairs = [sql.SQL("({}, {})").format(sql.Literal(name), value) for name, value in others]
        parts.append(
            sql.SQL(
                "(SELECT coalesce(jsonb_object_agg(m.name, m.value) FILTER (WHERE m.value IS NOT NULL), '{{}}') "
                "FROM (VALUES {}) AS m (name, value))"
            ).format(listed(pairs))
        )
    return sql.SQL(" || ").join(parts) if parts else sql.SQL("'{{}}'::jsonb").format()


def _scalars(named: Sequence[tuple[str, sql.Composable]]) -> list[sql.Composable]:
    """Write objects that together have what is not null."""
    parts: list[sql.Composable] = []
    for first in range(0, len(named), _ARGUMENTS):
        pairs = [sql.SQL("{}, {}").format(sql.Literal(name), value) for name, value in named[first : first + _ARGUMENTS]]
        parts.append(sql.SQL("jsonb_strip_nulls(jsonb_build_object({}))").format(listed(pairs)))
    return parts


def _told(row: Shown, one: Joined, tables: Sequence[Table]) -> sql.Composed:
    """Write what an entity tells of an item, as an object."""
    named = [(name, _written(sql.Identifier("e", cell.name), cell)) for name, cell in one.cells]
    return sql.SQL("coalesce((SELECT {} FROM {} AS e WHERE e._id = {}), '{{}}')").format(
        sql.SQL(" || ").join(_scalars(named)), identifier(tables[one.number]), _column(row, one.reference)
    )


def _value(row: Shown, cell: Cell) -> sql.Composable:
    return _written(_column(row, cell.name), cell)


def _written(column: sql.Identifier, cell: Cell) -> sql.Composable:
    """Write a value so that the session's time zone does not show in it."""
    return written_text(column, cell.type) if cell.kind is CellKind.TEXT else column
