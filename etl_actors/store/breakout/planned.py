"""What is to come of the tables of a break-out when it knows more of its documents; nothing is changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from etl_actors.relational.breakout.changes import AddTable, DropColumn, Refill, RenameColumn, ToText, Widen
from etl_actors.relational.breakout.changes import Change as Drift
from etl_actors.relational.breakout.layout import REST
from etl_actors.relational.breakout.transition import transition
from etl_actors.relational.tables import Kind
from etl_actors.slips.model.slip import Slip
from etl_actors.store.breakout.column_map import breakout_in_force
from etl_actors.store.breakout.in_place import filled_beside
from etl_actors.store.breakout.permission import Permission
from etl_actors.store.breakout.versions import history_of, in_the_way
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.drift import drifted
from etl_actors.store.tables.facts import count_rows
from etl_actors.store.tables.plan import Change
from etl_actors.store.tables.quoting import identifier
from etl_actors.store.tables.targets import plan_tables

__all__ = ["Growth", "Refilling", "planned_growth"]

_SQL = queries("breakout_plans")
_BREAKOUTS = queries("breakouts")
_UNTIL = "until the view is gone, documents that ask for that are rejected (no_place)"


@dataclass(frozen=True, slots=True)
class Refilling:
    """Tables that would be filled anew.

    Args:
        why: they cannot be changed in place.
        tables: that are there, by qualified name.
        rows: in all of them.
        nbytes: that they take, with their indexes.
    """

    why: str
    tables: tuple[str, ...]
    rows: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Growth:
    """What is to come.

    Args:
        changes: in place, in order; none where the tables are filled anew.
        refill: the tables would be filled anew; None where they would not.
        conflicts: what stands against it, a sentence each.
        waits: why documents do not make it by themselves; empty where they do.
    """

    changes: tuple[Change, ...] = ()
    refill: Refilling | None = None
    conflicts: tuple[str, ...] = ()
    waits: str = ""


def planned_growth(conn: Connection, wanted: Slip, target_schema: str, permission: Permission) -> Growth:
    """Say what has to be changed for a version of a slip.

    Args:
        conn: as the service.
        wanted: the version, which knows at least what the one in force knows.
        target_schema: for tables of slips that name no schema.
        permission: what documents make without asking.

    Raises:
        DatabaseUnsuitable: its tables may not be made, or are none of ours.
    """
    assert wanted.breakout is not None
    before = breakout_in_force(conn, wanted.name, target_schema)
    if before is None or before.breakout is None or not wanted.breakout.fills_as(before.breakout):
        made = plan_tables(conn, wanted.targets, wanted.name, target_schema)
        return Growth(tuple(made), waits=permission.refusal(conn, (), [AddTable(0)]))
    changes = transition(before.breakout.layout, wanted.breakout.layout)
    waits = permission.refusal(conn, before.targets, changes)
    tombstones = [table for table in wanted.targets if table.kind is Kind.TOMBSTONE]
    apart = plan_tables(conn, tombstones, wanted.name, target_schema) if tombstones else []
    if isinstance(changes, Refill):
        return replace(_filled_anew(conn, before, changes.why, waits), changes=tuple(apart))
    if filled_beside(conn, before, changes):
        why = "readers would wait while so much is written anew in place"
        return replace(_filled_anew(conn, before, why, waits), changes=tuple(apart))
    conflicts = tuple(_conflicts(conn, changes, before))
    return Growth((*apart, *drifted(changes, wanted.targets)), None, conflicts, waits)


def _filled_anew(conn: Connection, before: Slip, why: str, waits: str) -> Growth:
    tables = [table for table in before.targets if table.kind is not Kind.TOMBSTONE]
    history = history_of(conn, before)
    quoted = [identifier(table).as_string(conn) for table in tables]
    looked_at = [*quoted, *([history] if history else [])]
    views = [name for (name,) in conn.execute(_BREAKOUTS["dependents"], {"tables": looked_at})]
    size = conn.execute(_SQL["bytes"], {"tables": quoted}).fetchone()
    refill = Refilling(
        why, tuple(table.qualified for table in tables), sum(count_rows(conn, table) for table in tables), size[0] if size else 0
    )
    conflicts = tuple(f"View {view} depends on tables that would have to be filled anew: {_UNTIL}." for view in views)
    return Growth((), refill, conflicts, waits)


def _conflicts(conn: Connection, changes: Sequence[Drift], before: Slip) -> Iterator[str]:
    """Find the views that keep columns from getting another type; they have nothing against another name."""
    tables, history = {table.name: table for table in before.targets}, history_of(conn, before)
    if in_the_way(changes, before):
        for (view,) in conn.execute(_BREAKOUTS["dependents"], {"tables": [history]}):
            yield f"View {view} depends on {history}, which would have to be made anew: {_UNTIL}."
    for one in changes:
        if isinstance(one, Widen | ToText):
            table = tables[one.table]
            columns = [_name_until_now(changes, one), *([REST] if isinstance(one, ToText) else [])]
            given = {"table": identifier(table).as_string(conn), "columns": columns}
            for (view,) in conn.execute(_SQL["dependents_of_columns"], given):
                what = f"{table.qualified}.{columns[0]}, which would have to be {one.cell.type}"
                yield f"View {view} depends on {what}: {_UNTIL}."
        elif isinstance(one, DropColumn):
            table = tables[one.table]
            given = {"table": identifier(table).as_string(conn), "columns": [one.cell.name]}
            for (view,) in conn.execute(_SQL["dependents_of_columns"], given):
                what = f"{table.qualified}.{one.cell.name}, which would have to move to where the entity occurs"
                yield f"View {view} depends on {what}: {_UNTIL}."


def _name_until_now(changes: Sequence[Drift], of: Widen | ToText) -> str:
    name = of.cell.name
    for one in reversed(changes):
        if isinstance(one, RenameColumn) and (one.table, one.to) == (of.table, name):
            name = one.name
    return name
