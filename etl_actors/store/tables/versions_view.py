"""The view of a table that keeps versions: from when to when each was valid, and whether it still is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from etl_actors.relational.companions import tombstones_name, versions_name
from etl_actors.relational.tables import LINEAGE, PARENTAGE, Table
from etl_actors.store.tables.facts import Facts
from etl_actors.store.tables.quoting import identifier, listed

__all__ = ["OURS", "VersionsView", "versions_view", "view_steps"]

OURS = "Versions of "
"""How the comment of each such view begins: something else of its name is not replaced."""

_SYSTEM = tuple(name for name, _ in LINEAGE + PARENTAGE)
_VALIDITY = ("_valid_from", "_valid_to", "_current")


@dataclass(frozen=True, slots=True)
class VersionsView:
    """The view, as it is to be.

    Args:
        qualified: its name, unquoted.
        columns: in order: lineage, validity, and then those of the table as it has them, since a view can only get more at its end.
        comment: tells of what it is made, too: where that changes, it is made anew.
        statement: makes it, or makes it anew.
        removal: takes it away.
        comment_statement: comments on it.
        grant: lets people read it.
    """

    qualified: str
    columns: tuple[str, ...]
    comment: str
    statement: sql.Composed
    removal: sql.Composed
    comment_statement: sql.Composed
    grant: sql.Composed


def versions_view(table: Table, names: Sequence[str], *, deleted: bool) -> VersionsView:
    """Write the view of a table's versions.

    Args:
        table: that keeps versions.
        names: of its columns, in their order.
        deleted: whether there are tombstones of it: they end the version before, and are none themselves.
    """
    view = sql.Identifier(table.schema, versions_name(table.name))
    head = tuple(name for name in names if name in _SYSTEM)
    rest = tuple(name for name in names if name not in _SYSTEM)
    comment = f"{OURS}{table.qualified} by ({', '.join(table.key)}), each valid from {table.newest} to the next one's"
    comment += ", or until it was deleted" if deleted else ""
    # Rows of one key are found by an index of key and version; a condition on the key's columns goes into the window's input.
    statement = sql.SQL(
        "CREATE OR REPLACE VIEW {view} AS SELECT {head}, {version} AS _valid_from, t._valid_to, t._valid_to IS NULL AS _current, {rest} "
        "FROM (SELECT t.*, lead({version}) OVER (PARTITION BY {key} ORDER BY {version}{collated}) AS _valid_to FROM {rows} AS t) AS t{only}"
    ).format(
        view=view,
        head=_columns(head),
        version=_column(table.newest),
        rest=_columns(rest),
        rows=_with_tombstones(table, names) if deleted else identifier(table),
        only=sql.SQL(" WHERE NOT t._deleted" if deleted else ""),
        key=_columns(table.key),
        collated=sql.SQL(' COLLATE "C"' if _is_text(table) else ""),
    )
    return VersionsView(
        f"{table.schema}.{versions_name(table.name)}",
        (*head, *_VALIDITY, *rest),
        comment,
        statement,
        sql.SQL("DROP VIEW IF EXISTS {}").format(view),
        sql.SQL("COMMENT ON VIEW {} IS {}").format(view, sql.Literal(comment)),
        sql.SQL("GRANT SELECT ON {} TO etl_reader, etl_operator").format(view),
    )


def view_steps(table: Table, names: Sequence[str], facts: Facts | None) -> Iterator[tuple[sql.Composed, str]]:
    """Say what is to be done so that the view is as it is to be: statements, each with a sentence.

    Args:
        table: that keeps versions.
        names: of the columns that it is to have, in their order.
        facts: it as it is; None where it is to be made.
    """
    held = facts.view if facts else None
    made = versions_view(table, names, deleted=bool(table.deleted_by or (facts and facts.deleted)))
    if held is not None and (held.columns, held.comment) == (made.columns, made.comment):
        return
    yield made.statement, f"show in {made.qualified} from when to when each version was valid"
    yield made.comment_statement, f"comment on {made.qualified}: {made.comment}"
    if held is None:
        yield made.grant, f"let etl_reader and etl_operator read {made.qualified}"


def _with_tombstones(table: Table, names: Sequence[str]) -> sql.Composed:
    told = {name: name for name in (*(name for name, _ in LINEAGE), table.newest)}
    told |= dict(zip(table.key, table.deleted_key or table.key, strict=True))
    columns = listed(sql.Identifier(name) for name in names)
    empty = listed(sql.Identifier(told[name]) if name in told else sql.SQL("NULL") for name in names)
    return sql.SQL("(SELECT {}, false AS _deleted FROM {} UNION ALL SELECT {}, true FROM {})").format(
        columns, identifier(table), empty, sql.Identifier(table.schema, tombstones_name(table.name))
    )


def _is_text(table: Table) -> bool:
    return next(column.type for column in table.columns if column.name == table.newest).startswith("text")


def _columns(names: Sequence[str]) -> sql.Composed:
    return listed(map(_column, names))


def _column(name: str) -> sql.Identifier:
    return sql.Identifier("t", name)
