"""The audit of target tables: their rows against the batches that say they added them."""

from collections.abc import Iterable, Iterator
from typing import Any, LiteralString

from psycopg import sql

from etl_actors.errors import SlipError
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.model import Slip
from etl_actors.slips.read import read_slip
from etl_actors.store.audit_identities import wrong_identities
from etl_actors.store.database import Connection
from etl_actors.store.findings import Check, Finding, Made, finding
from etl_actors.store.queries import queries
from etl_actors.store.targets import identifier

__all__ = ["tables_checked"]

_SQL = queries("audit")

_COUNT: LiteralString = "SELECT count(*) FROM {table}"
_LINEAGE: LiteralString = (
    "SELECT count(*), (array_agg(t._id))[1:5]::text[] FROM {table} t "
    "LEFT JOIN (SELECT b.batch_id, u.row_id FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) "
    "AS u (row_id, letter) WHERE b.status = 'done' AND u.letter = ANY ({letters})) l ON l.batch_id = t._batch_id AND l.row_id = t._row_id "
    "WHERE l.row_id IS NULL"
)
_MIXED: LiteralString = (
    "SELECT count(*), (array_agg(c._id))[1:5]::text[] FROM {table} c LEFT JOIN {root} r ON r._id = c._root_id "
    "WHERE (r._row_id, r._batch_id) IS DISTINCT FROM (c._row_id, c._batch_id)"
)


def tables_checked(conn: Connection, target_schema: str) -> Iterator[Made]:
    """Check every table that a finished batch has filled, by the slips that were ever in force."""
    added: dict[str, int] = dict(conn.execute(_SQL["rows_added"]).fetchall())
    slips = [slip for slip in _slips(conn, target_schema) if slip.root.qualified in added]
    tables = {table.qualified: table for slip in slips for table in slip.targets}
    roots = {table.qualified: slip.root for slip in slips for table in slip.targets}
    for name, table in tables.items():
        yield _counted(conn, table, added.get(name, 0))
        if table.kind is Kind.ROOT:
            check = Check(f"lineage {name}", 1, f"every row of {name} is one that its batch settled as loaded")
            yield _stated(conn, check, _LINEAGE, letters=sql.Literal(["l"]), table=identifier(table))
        if table.kind is Kind.OWN:  # it follows its own policy, so its document may have lost
            check = Check(f"lineage {name}", 1, f"every row of {name} is of a document that its batch settled")
            yield _stated(conn, check, _LINEAGE, letters=sql.Literal(["l", "d"]), table=identifier(table))
        if table.kind is Kind.SET:
            check = Check(f"mixed {name}", 3, f"every row of {name} lies under the root row of its own document")
            yield _stated(conn, check, _MIXED, table=identifier(table), root=identifier(roots[name]))
    for slip in slips:
        for table in slip.targets:
            check = Check(f"identity {table.qualified}", 4, f"every _id of {table.qualified} is the one its key or place gives")
            yield check, finding(check.name, wrong_identities(conn, slip, table))


def _slips(conn: Connection, target_schema: str) -> Iterable[Slip]:
    for digest, name, files in conn.execute(_SQL["slips"]).fetchall():
        try:
            yield read_slip(files, target_schema)
        except SlipError as exc:
            msg = f"the stored slip {name} ({digest}) cannot be read by this release: {exc}"
            raise SlipError(msg) from exc


def _counted(conn: Connection, table: Table, expected: int) -> Made:
    name = table.qualified
    check = Check(f"count {name}", 1, f"{name} holds exactly the rows that finished batches added")
    row = _ask(conn, _COUNT, table=identifier(table))
    if row == (expected,):
        return check, []
    held = row[0] if row else 0
    return check, [Finding(check.name, abs(held - expected), (f"{expected} rows were added, {held} are there",))]


def _stated(conn: Connection, check: Check, statement: LiteralString, **parts: sql.Composable) -> Made:
    return check, finding(check.name, _ask(conn, statement, **parts))


def _ask(conn: Connection, statement: LiteralString, **parts: sql.Composable) -> tuple[Any, ...] | None:
    return conn.execute(sql.SQL(statement).format(**parts)).fetchone()
