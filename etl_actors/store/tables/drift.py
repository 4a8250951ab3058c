"""The statements by which tables that have rows become those of a later layout of a break-out."""

from collections.abc import Iterator, Sequence

from psycopg import sql

from etl_actors.relational.breakout.changes import AddColumn, AddTable, DropColumn, MoveColumns, RenameColumn, ToText, Widen
from etl_actors.relational.breakout.changes import Change as Drift
from etl_actors.relational.breakout.layout import REST
from etl_actors.relational.breakout.places import pointer
from etl_actors.relational.tables import Table
from etl_actors.store.tables.moves import dropped, moved
from etl_actors.store.tables.plan import Change, created
from etl_actors.store.tables.quoting import identifier
from etl_actors.store.tables.written import written_text

__all__ = ["drifted"]


def drifted(changes: Sequence[Drift], tables: Sequence[Table]) -> Iterator[Change]:
    """Write the changes of a transition as statements.

    Args:
        changes: as `transition` gives them.
        tables: of the later layout, in its order.

    Yields:
        The statements, in the order in which they are to be run.
    """
    targets = {table.name: table for table in tables}
    for change in changes:
        match change:
            case AddTable(number):
                yield from created(tables[number])
            case AddColumn(name, cell):
                yield _altered(
                    targets[name],
                    sql.SQL("ADD COLUMN {} {}").format(sql.Identifier(cell.name), _type(cell.type)),
                    f"add column {cell.name} {cell.type} to {targets[name].qualified}",
                )
            case RenameColumn(name, old, to):
                yield _altered(
                    targets[name],
                    sql.SQL("RENAME COLUMN {} TO {}").format(sql.Identifier(old), sql.Identifier(to)),
                    f"rename column {old} of {targets[name].qualified} to {to}",
                )
            case Widen(name, cell):
                yield _altered(
                    targets[name],
                    sql.SQL("ALTER COLUMN {} TYPE {}").format(sql.Identifier(cell.name), _type(cell.type)),
                    f"let {targets[name].qualified}.{cell.name} be {cell.type}",
                )
            case ToText(name, cell, before):
                yield _altered(
                    targets[name],
                    _to_text(sql.Identifier(cell.name), before, pointer(cell.path)),
                    f"let {targets[name].qualified}.{cell.name} be text, as the values came",
                )
            case MoveColumns(name):
                yield moved(change, targets[name], targets[change.entity])
            case DropColumn(name):
                yield from dropped(change, targets[name])


def _altered(table: Table, what: sql.Composed, sentence: str) -> Change:
    return Change(table.qualified, sql.SQL("ALTER TABLE {} {}").format(identifier(table), what), sentence)


def _to_text(column: sql.Identifier, before: str, place: str) -> sql.Composed:
    """Write both columns anew in one pass: what was kept of a value beside it is now in it.

    A row without a value has what is kept there for another column, or because it has no columns for it.
    """
    rest, key = sql.Identifier(REST), sql.Literal(place)
    written = written_text(column, before)
    return sql.SQL(
        "ALTER COLUMN {0} TYPE text USING CASE WHEN jsonb_typeof({1} -> {2}::text) = 'string' AND {0} IS NOT NULL THEN {1} ->> {2}::text ELSE {3} END, "
        "ALTER COLUMN {1} TYPE jsonb USING "
        "CASE WHEN jsonb_typeof({1} -> {2}::text) = 'string' AND {0} IS NOT NULL THEN nullif({1} - {2}::text, '{{}}') ELSE {1} END"
    ).format(column, rest, key, written)


def _type(name: str) -> sql.SQL:
    # A type cannot be a parameter; a layout has those of its lattice only.
    return sql.SQL(name)
