"""The audit of target tables: their rows against the batches that say they added them."""

from collections.abc import Iterator
from typing import LiteralString

from psycopg import sql

from etl_actors.relational.tables import Kind
from etl_actors.store.audit_identities import wrong_identities
from etl_actors.store.audit_sets import sets_checked
from etl_actors.store.audit_targets import Target, find_targets
from etl_actors.store.database import Connection
from etl_actors.store.findings import Check, Finding, Made, finding
from etl_actors.store.quoting import identifier

__all__ = ["tables_checked"]

_EXAMPLES = 5

# With which letters a document is settled whose row is in a table; where the row has a policy of its own, its root may have lost.
_LETTERS = {Kind.ROOT: "l", Kind.SET: "l", Kind.OWN: "ld", Kind.ENTITY: "ld"}

_COUNT: LiteralString = "SELECT count(*) FROM {table}"
_LINEAGE: LiteralString = (
    "SELECT count(*), (array_agg(t._id))[1:5]::text[] FROM {table} t "
    "LEFT JOIN (SELECT b.batch_id, u.row_id FROM etl.batch b "
    "JOIN unnest({digests}::text[], {letters}::text[]) AS v (digest, letters) ON v.digest = b.slip_digest, "
    "unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter) "
    "WHERE b.status = 'done' AND strpos(v.letters, u.letter) > 0) l ON l.batch_id = t._batch_id AND l.row_id = t._row_id "
    "WHERE l.row_id IS NULL"
)


def tables_checked(conn: Connection, target_schema: str) -> Iterator[Made]:
    """Check every table that a finished batch has filled, by the slips that were ever in force."""
    targets = find_targets(conn, target_schema)
    for target in targets.values():
        yield _counted(conn, target)
    there = {name: target for name, target in targets.items() if not target.lack}
    for name, target in there.items():
        if target.with_policy():  # of a set, what it lies under says it
            yield _lineage(conn, target)
        yield from sets_checked(conn, name, there)
        yield _identified(conn, name, target)


def _counted(conn: Connection, target: Target) -> Made:
    name = target.table.qualified
    check = Check(f"count {name}", 1, f"{name} holds exactly the rows that finished batches added")
    if target.lack:
        return check, [Finding(check.name, max(target.added, 1), (f"{target.lack} ({target.added} rows were added)",))]
    row = conn.execute(sql.SQL(_COUNT).format(table=identifier(target.table))).fetchone()
    held = row[0] if row else 0
    if held == target.added:
        return check, []
    return check, [Finding(check.name, abs(held - target.added), (f"{target.added} rows were added, {held} are there",))]


def _lineage(conn: Connection, target: Target) -> Made:
    name = target.table.qualified
    letters = {slip.digest: _LETTERS[table.kind] if table.owner is None else "ld" for slip, table in target.versions}
    settled = "of a document that its batch settled" if "ld" in letters.values() else "one that its batch settled as loaded"
    check = Check(f"lineage {name}", 1, f"every row of {name} is {settled}")
    statement = sql.SQL(_LINEAGE).format(
        table=identifier(target.table), digests=sql.Literal([*letters]), letters=sql.Literal([*letters.values()])
    )
    return check, finding(check.name, conn.execute(statement).fetchone())


def _identified(conn: Connection, name: str, target: Target) -> Made:
    check = Check(f"identity {name}", 4, f"every _id of {name} is the one its key or place gives")
    found = [wrong_identities(conn, slip, table) for slip, table in target.versions]
    examples = [example for _, some in found for example in some][:_EXAMPLES]
    return check, finding(check.name, (sum(wrong for wrong, _ in found), examples))
