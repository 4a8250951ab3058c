"""The audit of target tables: their rows against the batches that say they added them."""

from collections.abc import Callable, Iterator, Sequence
from typing import LiteralString

from psycopg import sql

from etl_actors.relational.tables import Kind
from etl_actors.slips.model.slip import Slip
from etl_actors.store.audit.findings import Check, Finding, Made, finding
from etl_actors.store.audit.identities import wrong_identities
from etl_actors.store.audit.sets import sets_checked
from etl_actors.store.audit.targets import Target, find_targets
from etl_actors.store.database import Connection
from etl_actors.store.tables.quoting import Quoted, identifier

__all__ = ["held_rows", "tables_checked"]

_EXAMPLES = 5

# With which letters a document is settled whose row is in a table; where the row has a policy of its own, its root may have lost.
_LETTERS = {Kind.ROOT: "l", Kind.SET: "l", Kind.OWN: "ld", Kind.ENTITY: "ld", Kind.TOMBSTONE: "l"}

_COUNT: LiteralString = "SELECT count(*) FROM {table}"
_LINEAGE: LiteralString = (
    "SELECT count(*), (array_agg(t._id))[1:5]::text[] FROM {table} t "
    "LEFT JOIN (SELECT b.batch_id, u.row_id FROM etl.batch b "
    "JOIN unnest(%(digests)s::text[], %(letters)s::text[]) AS v (digest, letters) ON v.digest = b.slip_digest, "
    "unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter) "
    "WHERE b.status = 'done' AND b.row_hi >= %(start)s AND strpos(v.letters, u.letter) > 0) l "
    "ON l.batch_id = t._batch_id AND l.row_id = t._row_id WHERE t._row_id >= %(start)s AND l.row_id IS NULL"
)
# That a row's own batch has settled it, `lineage` says; what a replay has made of the document since then, only its latest batch.
_ORPHAN: LiteralString = (
    "SELECT count(DISTINCT t._id), (array_agg(DISTINCT t._id))[1:5]::text[] FROM ({rows}) t "
    "JOIN (SELECT DISTINCT ON (u.row_id) u.row_id, u.letter, b.slip_digest FROM etl.batch b, "
    "unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter) "
    "WHERE b.status = 'done' AND b.replay_id IS NOT NULL AND b.row_hi >= %(start)s "
    "ORDER BY u.row_id, b.finished_at DESC, b.batch_id DESC) o ON o.row_id::text = t.came_from "
    "WHERE o.letter IN ('r', 's') OR NOT coalesce(o.slip_digest = ANY (%(fillers)s::text[]), false)"
)
_UNDEAD: LiteralString = (
    "SELECT count(*), (array_agg(t._id))[1:5]::text[] FROM {table} t JOIN {tombstones} d USING (_id) WHERE t._row_id >= %(start)s"
)
_ROWS: LiteralString = "SELECT _id, _row_id::text AS came_from FROM {table} WHERE _row_id >= %(start)s"
_GIVERS: LiteralString = (
    " UNION ALL SELECT f._id, g.value FROM {table} f, jsonb_each_text(f._filled) AS g WHERE f._row_id >= %(start)s"
)


def tables_checked(conn: Connection, slips: Sequence[Slip], start: int, tell: Callable[[str], None]) -> Iterator[Made]:
    """Check every table that a finished batch has filled, by the slips that were ever in force.

    Args:
        conn: in the audit's transaction.
        slips: all that were ever in force, oldest first.
        start: rows of earlier staged rows are only counted.
        tell: told the name of each table before it is read.
    """
    targets = find_targets(conn, slips)
    for target in targets.values():
        yield _counted(conn, target)
    there = {name: target for name, target in targets.items() if not target.lack}
    for name, target in there.items():
        tell(name)
        if target.with_policy():  # of a set, what it lies under says it
            yield _lineage(conn, target, start)
            yield _orphaned(conn, target, start)
        yield from sets_checked(conn, name, there, start)
        if target.table.deletes and f"{target.table.schema}.{target.table.deletes}" in there:
            yield _deleted(conn, target, start)
        yield _identified(conn, name, target, start)


def _counted(conn: Connection, target: Target) -> Made:
    name = target.table.qualified
    held = None if target.lack else held_rows(conn, target)
    check = Check(
        f"count {name}",
        1,
        f"{name} holds exactly the rows that finished batches added",
        f"Rows that {name} has too many" if held is not None and held > target.added else f"Rows missing from {name}",
    )
    if held is None:
        return check, [Finding(check.name, max(target.added, 1), (f"{target.lack}; added: {target.added:,}",))]
    if held == target.added:
        return check, []
    return check, [Finding(check.name, abs(held - target.added), (f"added: {target.added:,}, there: {held:,}",))]


def held_rows(conn: Connection, target: Target) -> int:
    """Count the rows of a table that is there."""
    row = conn.execute(sql.SQL(_COUNT).format(table=identifier(target.table))).fetchone()
    return int(row[0]) if row else 0


def _lineage(conn: Connection, target: Target, start: int) -> Made:
    name = target.table.qualified
    letters = {slip.digest: _LETTERS[table.kind] if table.owner is None else "ld" for slip, table in target.versions}
    if target.table.kind is Kind.ENTITY and target.versions[-1][0].breakout is not None:
        letters |= dict.fromkeys(
            target.fillers, "ld"
        )  # also of versions that did not know it yet, and whose documents have it now
    own = "ld" not in letters.values()
    settled = "one that its batch settled as loaded" if own else "of a document that its batch settled"
    check = Check(
        f"lineage {name}",
        1,
        f"every row of {name} is {settled}",
        f"Rows of {name} (_id) whose document their batch has not {'loaded' if own else 'settled'}",
    )
    statement = sql.SQL(_LINEAGE).format(table=_quoted(target))
    given = {"start": start, "digests": [*letters], "letters": [*letters.values()]}
    return check, finding(check.name, conn.execute(statement, given).fetchone())


def _orphaned(conn: Connection, target: Target, start: int) -> Made:
    name = target.table.qualified
    check = Check(
        f"orphan {name}",
        1,
        f"no row of {name} is of a document that a replay rejected or took elsewhere",
        f"Rows of {name} (_id) whose document a replay has rejected, skipped or taken elsewhere",
    )
    rows = _ROWS + _GIVERS if target.filled() else _ROWS
    statement = sql.SQL(_ORPHAN).format(rows=sql.SQL(rows).format(table=_quoted(target)))
    return check, finding(check.name, conn.execute(statement, {"start": start, "fillers": target.fillers}).fetchone())


def _deleted(conn: Connection, tombstones: Target, start: int) -> Made:
    deleted = Quoted(tombstones.table.schema, tombstones.table.deletes)
    name = f"{tombstones.table.schema}.{tombstones.table.deletes}"
    check = Check(
        f"deleted {name}",
        3,
        f"no row of {name} has a tombstone too",
        f"Rows of {name} (_id) that have a tombstone in {tombstones.table.qualified}",
    )
    statement = sql.SQL(_UNDEAD).format(table=deleted, tombstones=_quoted(tombstones))
    return check, finding(check.name, conn.execute(statement, {"start": start}).fetchone())


def _quoted(target: Target) -> Quoted:
    return Quoted(target.table.schema, target.table.name)


def _identified(conn: Connection, name: str, target: Target, start: int) -> Made:
    check = Check(
        f"identity {name}",
        4,
        f"every _id of {name} is the one its key or place gives",
        f"Rows of {name} (_id) whose key or place gives another _id",
    )
    found = [wrong_identities(conn, slip, table, start) for slip, table in target.versions]
    examples = [example for _, some in found for example in some][:_EXAMPLES]
    return check, finding(check.name, (sum(wrong for wrong, _ in found), examples))
