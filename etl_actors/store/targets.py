"""Target tables in the database: made where missing, compared where present, with a temp table for each to COPY into."""

from collections.abc import Iterable

from psycopg import sql

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.relational.tables import FILLED, LINEAGE, PARENTAGE, Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.quoting import identifier
from etl_actors.store.temps import make_temp, temp_of

__all__ = ["ensure_tables"]

_SQL = queries("targets")


def ensure_tables(conn: Connection, tables: Iterable[Table], slip: str) -> list[str]:
    """Make the tables and columns that are missing, and check that those present have the types that the slip gives.

    Args:
        conn: in autocommit mode, as the service role.
        tables: of one slip.
        slip: its name, for etl.schema_change and for messages.

    Returns:
        The qualified names of the tables that were made or got columns.

    Raises:
        DatabaseUnsuitable: a table is there with other types, or is none of ours; nothing of it was changed.
    """
    changed: list[str] = []
    for table in tables:
        # One daemon at a time a table: two at once would collide in pg_class even with IF NOT EXISTS.
        with conn.transaction():
            conn.execute(_SQL["lock_target"], {"target": table.qualified})
            found = dict(conn.execute(_SQL["columns"], {"schema": table.schema, "name": table.name}).fetchall())
            if found:
                _compare(table, _wanted(conn, table), found, slip)
            changes = _additions(table, found) if found else _creation(table)
            for statement in changes:
                conn.execute(statement)
                text = statement.as_string(conn)
                conn.execute(_SQL["record_change"], {"target": table.qualified, "statement": text, "slip": slip})
            if changes:
                changed.append(table.qualified)
    return changed


def _creation(table: Table) -> list[sql.Composed]:
    system: tuple[tuple[str, str], ...] = LINEAGE if table.kind in (Kind.ROOT, Kind.ENTITY) else LINEAGE + PARENTAGE
    if table.policy is Policy.FILL:
        system += ((FILLED, "jsonb"),)
    fields = [_field(name, kind) for name, kind in system] + [_field(c.name, c.type) for c in table.columns]
    target = identifier(table)
    made = [
        sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY (_id))").format(target, sql.SQL(", ").join(fields)),
        sql.SQL("GRANT SELECT ON {} TO etl_reader, etl_operator").format(target),
    ]
    if table.kind not in (Kind.ROOT, Kind.ENTITY):
        # A replaced root's children are found by it, and so are a parent's by a customer's join.
        made.append(sql.SQL("CREATE INDEX ON {} (_parent_id)").format(target))
    return made


def _additions(table: Table, found: dict[str, str]) -> list[sql.Composed]:
    """Add the columns that another slip of the table, or an older version, had no use for; the rows there keep null."""
    missing = [_field(column.name, column.type) for column in table.columns if column.name not in found]
    return [sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(identifier(table), field) for field in missing]


def _field(name: str, kind: str) -> sql.Composed:
    required = {"_id", "_row_id", "_batch_id", "_parent_id", "_root_id", "_index"}
    default = sql.SQL(" NOT NULL DEFAULT clock_timestamp()") if name == "_loaded_at" else sql.SQL("")
    null = sql.SQL(" NOT NULL") if name in required else sql.SQL("")
    # A type cannot be a parameter; the slip reader has matched it against the types it knows.
    return sql.SQL("{} {}{}{}").format(sql.Identifier(name), sql.SQL(kind), null, default)


def _wanted(conn: Connection, table: Table) -> dict[str, str]:
    """Let PostgreSQL itself spell the types that the slip asks for (int is integer, timestamptz is …)."""
    make_temp(conn, table)
    return dict(conn.execute(_SQL["temp_columns"], {"name": temp_of(table)}).fetchall())


def _compare(table: Table, wanted: dict[str, str], found: dict[str, str], slip: str) -> None:
    system = dict.fromkeys(name for name, _ in table.copied if name.startswith("_") and name not in {"_pos", "_owner_pos"})
    for name in system:
        if name not in found:
            msg = f"Slip {slip} fills {table.qualified}, which is no table of etl-actors (it has no column {name}): name another."
            raise DatabaseUnsuitable(msg)
    for name in [*system, *(c.name for c in table.columns if c.name in found)]:
        if found[name] != wanted[name]:
            msg = (
                f"Slip {slip} makes {table.qualified}.{name} a {wanted[name]}, but in the database it is a {found[name]}: "
                "change the slip or the table."
            )
            raise DatabaseUnsuitable(msg)
