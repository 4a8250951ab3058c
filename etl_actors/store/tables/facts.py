"""What the catalogue says of a target table: the one side of a plan."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from psycopg import sql

from etl_actors.relational.companions import tombstones_name, versions_name
from etl_actors.relational.tables import Table
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import identifier, listed

__all__ = [
    "ColumnFacts",
    "Facts",
    "SchemaFacts",
    "ViewFacts",
    "count_rows",
    "facts_of",
    "is_empty",
    "required_by_us",
    "schema_facts",
    "spelled",
]

_SQL = queries("targets")


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column as it is: its type as PostgreSQL spells it."""

    type: str
    required: bool
    comment: str


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """What has the name of the view of a table's versions: its columns, and the comment by which a view of ours is known."""

    columns: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A table as it is.

    Args:
        ours: whether this session may alter it.
        owner: who may.
        checks: names of its CHECK constraints.
        indexes: names of its indexes.
        columns: by name, in their order.
        view: what has the name of the view of its versions; None where nothing has, or where it is to have none.
        deleted: whether a table that keeps versions has one of tombstones, whether this slip asks for it or another did.
    """

    ours: bool
    owner: str
    checks: frozenset[str]
    indexes: frozenset[str]
    columns: dict[str, ColumnFacts] = field(default_factory=dict)
    view: ViewFacts | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """A schema as it is.

    Args:
        there: whether it exists.
        open: whether this session may make tables in it, or it itself where it is not there.
        owner: None where it is not there.
    """

    there: bool
    open: bool
    owner: str | None


def facts_of(conn: Connection, table: Table) -> Facts | None:
    """Look at a table; None where it is not there."""
    where = {"schema": table.schema, "name": table.name}
    found = conn.execute(_SQL["table"], where).fetchone()
    if found is None:
        return None
    ours, owner, checks, indexes = found
    columns = {name: ColumnFacts(*rest) for name, *rest in conn.execute(_SQL["described_columns"], where)}
    facts = Facts(ours, owner, frozenset(checks), frozenset(indexes), columns)
    if not table.versioned:
        return facts
    beside = {"schema": table.schema, "name": tombstones_name(table.name)}
    names = {name for name, *_ in conn.execute(_SQL["described_columns"], beside)}
    return replace(facts, view=_view(conn, table), deleted={"_row_id", table.newest, *(table.deleted_key or table.key)} <= names)


def _view(conn: Connection, table: Table) -> ViewFacts | None:
    found = conn.execute(_SQL["view"], {"schema": table.schema, "name": versions_name(table.name)}).fetchone()
    return None if found is None else ViewFacts(tuple(found[0]), found[1])


def schema_facts(conn: Connection, schema: str) -> SchemaFacts:
    """Look at a schema."""
    found = conn.execute(_SQL["schema"], {"schema": schema}).fetchone()
    return SchemaFacts(*(found or (False, False, None)))


def is_empty(conn: Connection, table: Table) -> bool:
    """Tell whether a table has no row."""
    return conn.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(identifier(table))).fetchone() == (False,)


def count_rows(conn: Connection, table: Table) -> int:
    """Count the rows of a table."""
    row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(identifier(table))).fetchone()
    return 0 if row is None else int(row[0])


def required_by_us(conn: Connection, table: Table, columns: Iterable[str]) -> frozenset[str]:
    """Return those of `columns` whose NOT NULL is of our making and still stands; one that a customer set is not ours to drop."""
    required: set[str] = set()
    statements = [statement for (statement,) in conn.execute(_SQL["changes"], {"target": table.qualified})]
    for name in columns:
        quoted = re.escape(sql.Identifier(name).as_string(conn))
        made, dropped = re.compile(rf'{quoted} (?!IS )[^"]*? NOT NULL'), re.compile(rf"ALTER COLUMN {quoted} DROP NOT NULL")
        for statement in statements:
            if dropped.search(statement):
                required.discard(name)
            elif made.search(statement):
                required.add(name)
    return frozenset(required)


def spelled(conn: Connection, types: Iterable[str]) -> dict[str, str]:
    """Let PostgreSQL itself spell types (int is integer, timestamptz is …), without making anything."""
    asked = sorted(set(types))
    # A type cannot be a parameter; the slip reader has matched it against the types it knows.
    nulls = listed(sql.SQL("NULL::{}").format(sql.SQL(kind)) for kind in asked)
    result = conn.execute(sql.SQL("SELECT {} LIMIT 0").format(nulls)).pgresult
    if result is None:
        return {}
    oids = [result.ftype(no) for no in range(len(asked))]
    modifiers = [result.fmod(no) for no in range(len(asked))]
    found = conn.execute(_SQL["spelled"], {"oids": oids, "modifiers": modifiers})
    return dict(zip(asked, (name for (name,) in found), strict=True))
