"""The statements by which tables that have rows become those of a later layout of a break-out."""

from collections.abc import Iterator, Sequence

from psycopg import sql

from etl_actors.relational.breakout.layout import REST
from etl_actors.relational.breakout.rows import pointer
from etl_actors.relational.breakout.transition import AddColumn, AddTable, RenameColumn, ToText, Widen
from etl_actors.relational.breakout.transition import Change as Drift
from etl_actors.relational.tables import Table
from etl_actors.store.tables.plan import Change, created
from etl_actors.store.tables.quoting import identifier

__all__ = ["drifted", "written_text"]

# How a value is written as the text that it came as, where that is not kept beside it: as `written_in` writes it.
_MOMENT = "regexp_replace(to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '\\.?0+$', '')"
_WRITTEN = {
    "date": "to_char({}, 'YYYY-MM-DD')",
    "uuid": "{}::text",
    "timestamp": _MOMENT,
    "timestamptz": _MOMENT.replace("{}", "{} AT TIME ZONE 'UTC'") + " || 'Z'",
}


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


def written_text(column: sql.Identifier, type_name: str) -> sql.Composed:
    """Write a column of texts as the texts that its values came as, where nothing else is kept beside them.

    Args:
        column: of the table.
        type_name: its type, which is that of a form, or text.
    """
    return sql.SQL(_WRITTEN.get(type_name, "{}")).format(column)


def _altered(table: Table, what: sql.Composed, sentence: str) -> Change:
    return Change(table.qualified, sql.SQL("ALTER TABLE {} {}").format(identifier(table), what), sentence)


def _to_text(column: sql.Identifier, before: str, place: str) -> sql.Composed:
    """Write both columns anew in one pass: what was kept of a value beside it is now in it."""
    rest, key = sql.Identifier(REST), sql.Literal(place)
    written = written_text(column, before)
    return sql.SQL(
        "ALTER COLUMN {0} TYPE text USING CASE jsonb_typeof({1} -> {2}::text) WHEN 'string' THEN {1} ->> {2}::text ELSE {3} END, "
        "ALTER COLUMN {1} TYPE jsonb USING "
        "CASE jsonb_typeof({1} -> {2}::text) WHEN 'string' THEN nullif({1} - {2}::text, '{{}}') ELSE {1} END"
    ).format(column, rest, key, written)


def _type(name: str) -> sql.SQL:
    # A type cannot be a parameter; a layout has those of its lattice only.
    return sql.SQL(name)
