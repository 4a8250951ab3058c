"""Target tables in the database: made where missing, compared and adapted where present."""

import time
from collections.abc import Iterable, Sequence
from functools import cache

import psycopg
from psycopg import errors as pg
from psycopg import sql

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.relational.tables import Column, Kind, Table
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.differences import differences
from etl_actors.store.tables.facts import Facts, facts_of, is_empty, required_by_us, schema_facts, spelled
from etl_actors.store.tables.kin import read_stored
from etl_actors.store.tables.plan import Change, Question, adapted, created, system_columns
from etl_actors.store.versions import active_slips

__all__ = ["Change", "ensure_tables", "plan_tables"]

_SQL = queries("targets")
_ATTEMPTS = 12  # at half a second each, and a rest that grows: ten seconds in all
_REST_S = 0.05


def plan_tables(
    conn: Connection, tables: Iterable[Table], slip: str, target_schema: str = "public", *, structure_only: bool = False
) -> list[Change]:
    """Say what is to be changed so that the tables are as a slip wants them; nothing is.

    Args:
        conn: as the service role.
        tables: of one slip.
        slip: its name, for messages.
        target_schema: where tables are whose slip names no schema.
        structure_only: leave checks, indexes and comments of tables that are there as they are.

    Raises:
        DatabaseUnsuitable: tables are there with other types, or are none of ours, or may not be made: all sentences at once.
    """
    planned: list[Change] = []
    problems: list[str] = []
    given = sorted(tables, key=lambda table: table.kind is not Kind.TOMBSTONE)  # which the view of a history looks at
    spelling = spelled(conn, {kind for table in given for _, kind in _wanted(table)})
    for table in given:
        facts = facts_of(conn, table)
        if facts is None:
            problems += _closed(conn, table, slip)
            planned += [*_schema(conn, table, planned), *created(table)]
            continue
        found = list(differences(table, facts, spelling, slip))
        problems += found
        if not found:
            ask = _questions(conn, table, facts, slip, target_schema)
            changes = list(adapted(table, facts, slip, ask, structure_only=structure_only))
            if changes and not facts.ours:
                commands = " ".join(f"{change.statement.as_string(conn)};" for change in changes)
                problems.append(
                    f"Slip {slip} needs a change of {table.qualified}, which belongs to {facts.owner}, who runs: {commands}"
                )
            planned += changes
    if problems:
        raise DatabaseUnsuitable("\n".join(dict.fromkeys(problems)))
    return planned


def ensure_tables(
    conn: Connection, tables: Iterable[Table], slip: str, target_schema: str = "public", *, structure_only: bool = False
) -> list[str]:
    """Make the tables as a slip wants them; what that takes is recorded in etl.schema_change.

    Args:
        conn: in autocommit mode, as the service role.
        tables: of one slip.
        slip: its name, for etl.schema_change and for messages.
        target_schema: where tables are whose slip names no schema.
        structure_only: leave checks, indexes and comments of tables that are there as they are.

    Returns:
        The qualified names of the tables that were made or changed.

    Raises:
        DatabaseUnsuitable: a table is there with other types, or is none of ours, or may not be changed, or is in use by
            others all the time; nothing of it was changed.
    """
    given = {table.qualified: table for table in tables}

    def plan(some: Iterable[Table]) -> list[Change]:
        return plan_tables(conn, some, slip, target_schema, structure_only=structure_only)

    changed: list[str] = []
    for name in dict.fromkeys(change.table for change in plan(given.values())):
        for attempt in range(_ATTEMPTS):
            try:
                # One daemon at a time a table: two at once would collide in pg_class even with IF NOT EXISTS.
                with conn.transaction():
                    _lock(conn, given[name])
                    changes = plan([given[name]])  # again: whoever held the lock may have done it
                    _apply(conn, changes, slip)
            except (pg.LockNotAvailable, pg.IntegrityError):  # the latter: a table is no longer empty
                time.sleep(_REST_S * attempt)
            else:
                changed += [name] if changes else []
                break
        else:
            msg = f"Slip {slip} needs a change of {name}, which others use all the time: end the long transactions on it, or try again."
            raise DatabaseUnsuitable(msg)
    return changed


def _lock(conn: Connection, table: Table) -> None:
    """Wait until nobody else makes the table, nor the schema that it is in."""
    if not schema_facts(conn, table.schema).there:
        conn.execute(_SQL["lock_target"], {"target": table.schema})
    conn.execute(_SQL["lock_target"], {"target": table.qualified})


def _apply(conn: Connection, changes: Sequence[Change], slip: str) -> None:
    if changes:
        conn.execute(_SQL["limit_wait"])
    for change in changes:
        try:
            conn.execute(change.statement)
        except (
            psycopg.ProgrammingError,
            psycopg.DataError,
            pg.NotSupportedError,
            pg.ProgramLimitExceeded,
        ) as exc:
            msg = f"Slip {slip} asks to {change.sentence}, but PostgreSQL answers: {exc.diag.message_primary}."
            raise DatabaseUnsuitable(msg) from exc
        given = {"target": change.target, "statement": change.statement.as_string(conn), "slip": slip}
        conn.execute(_SQL["record_change"], given)


def _wanted(table: Table) -> list[tuple[str, str]]:
    return [*system_columns(table), *((column.name, column.type) for column in table.columns)]


def _questions(conn: Connection, table: Table, facts: Facts, slip: str, target_schema: str) -> Question:
    @cache
    def asked() -> tuple[tuple[Table, Column], ...]:
        others = [each for each in active_slips(conn) if each.name != slip]
        there = [t for each in others for t in read_stored(each.digest, each.name, each.files, target_schema).targets]
        return tuple((t, column) for t in there if t.qualified == table.qualified for column in t.columns)

    return Question(
        cache(lambda: facts.ours and is_empty(conn, table)), cache(lambda: required_by_us(conn, table, facts.columns)), asked
    )


def _closed(conn: Connection, table: Table, slip: str) -> list[str]:
    """Say what keeps a table from being made."""
    schema = schema_facts(conn, table.schema)
    if schema.open:
        return []
    name = sql.Identifier(table.schema).as_string(conn)
    grant = f"GRANT USAGE, CREATE ON SCHEMA {name} TO etl_service; GRANT USAGE ON SCHEMA {name} TO etl_reader, etl_operator;"
    if schema.there:
        return [f"Slip {slip} makes {table.qualified}, but the service may not make tables there: {schema.owner} runs: {grant}"]
    return [
        f"Slip {slip} makes {table.qualified}, but there is no such schema: an administrator runs: CREATE SCHEMA {name}; {grant}"
    ]


def _schema(conn: Connection, table: Table, planned: Sequence[Change]) -> list[Change]:
    made = sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(table.schema))
    if schema_facts(conn, table.schema).there or any(change.statement == made for change in planned):
        return []
    opened = sql.SQL("GRANT USAGE ON SCHEMA {} TO etl_reader, etl_operator").format(sql.Identifier(table.schema))
    return [
        Change(table.qualified, made, f"create schema {table.schema}"),
        Change(table.qualified, opened, f"let etl_reader and etl_operator look into schema {table.schema}"),
    ]
