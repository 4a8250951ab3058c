"""The audit of target tables: their rows against the batches that say they added them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg import sql

from etl_actors.relational.tables import LINEAGE, PARENTAGE, Kind, Table
from etl_actors.slips.model import Slip
from etl_actors.store.audit_identities import wrong_identities
from etl_actors.store.database import Connection
from etl_actors.store.findings import Check, Finding, Made, finding
from etl_actors.store.kin import stored_slips
from etl_actors.store.queries import queries
from etl_actors.store.quoting import identifier

__all__ = ["tables_checked"]

_SQL = queries("audit")
_EXAMPLES = 5

# With which letters a document is settled whose row is in a table: of a keyed child too, that has a policy of its own.
_LETTERS = {Kind.ROOT: "l", Kind.SET: "l", Kind.OWN: "ld"}

_COUNT: LiteralString = "SELECT count(*) FROM {table}"
_LINEAGE: LiteralString = (
    "SELECT count(*), (array_agg(t._id))[1:5]::text[] FROM {table} t "
    "LEFT JOIN (SELECT b.batch_id, u.row_id FROM etl.batch b "
    "JOIN unnest({digests}::text[], {letters}::text[]) AS v (digest, letters) ON v.digest = b.slip_digest, "
    "unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter) "
    "WHERE b.status = 'done' AND strpos(v.letters, u.letter) > 0) l ON l.batch_id = t._batch_id AND l.row_id = t._row_id "
    "WHERE l.row_id IS NULL"
)
# A batch has one slip, and that has one root: where slips share the table, the root row of the child's own row and batch will do.
_MIXED: LiteralString = (
    "SELECT count(*), (array_agg(c._id))[1:5]::text[] FROM {table} c{only} LEFT JOIN ({roots}) r "
    "ON r._id = c._root_id AND r._row_id = c._row_id AND r._batch_id = c._batch_id WHERE r._id IS NULL"
)
_ROOT: LiteralString = "SELECT _id, _row_id, _batch_id FROM {root}"
_ONLY: LiteralString = " JOIN etl.batch b ON b.batch_id = c._batch_id AND b.slip_digest = ANY ({digests}::text[])"


@dataclass(slots=True)
class _Target:
    """A table, by all the versions of slips that have filled it: what it is to one, it need not be to another.

    Args:
        versions: each slip, and the table as it fills it.
        added: rows inserted less rows deleted, by whatever version.
        lack: why it cannot be checked; empty where it can.
    """

    versions: list[tuple[Slip, Table]] = field(default_factory=list)
    added: int = 0
    lack: str = ""

    @property
    def table(self) -> Table:
        """The table as its latest version fills it."""
        return self.versions[-1][1]

    @property
    def kinds(self) -> set[Kind]:
        """All that it was."""
        return {table.kind for _, table in self.versions}

    @property
    def roots(self) -> dict[str, Table]:
        """The roots that it was a set of keyless children to, by qualified name."""
        return {slip.root.qualified: slip.root for slip, table in self.versions if table.kind is Kind.SET}


def tables_checked(conn: Connection, target_schema: str) -> Iterator[Made]:
    """Check every table that a finished batch has filled, by the slips that were ever in force."""
    targets = _targets(conn, target_schema)
    for target in targets.values():
        target.lack = _lack(conn, target)
        yield _counted(conn, target)
    there = {name: target for name, target in targets.items() if not target.lack}
    for name, target in there.items():
        if target.kinds != {Kind.SET}:
            yield _lineage(conn, target)
        if target.roots and target.roots.keys() <= there.keys():
            yield _mixed(conn, target)
        yield _identified(conn, name, target)


def _targets(conn: Connection, target_schema: str) -> dict[str, _Target]:
    targets: dict[str, _Target] = {}
    added: dict[tuple[str, str], int] = {(name, digest): rows for name, digest, rows in conn.execute(_SQL["rows_added"])}
    for slip in stored_slips(conn, target_schema):
        for table in slip.targets:
            if (table.qualified, slip.digest) in added:
                targets.setdefault(table.qualified, _Target()).versions.append((slip, table))
    for (name, _), rows in added.items():
        if name in targets:
            targets[name].added += rows
    return targets


def _lack(conn: Connection, target: _Target) -> str:
    """Say what keeps a table from being checked; nothing where nothing does."""
    table = target.table
    found = conn.execute(_SQL["table"], {"schema": table.schema, "name": table.name}).fetchone()
    if found is None:
        return "table missing"
    readable, columns = found
    if not readable:
        return "table not readable"
    needed = [name for name, _ in LINEAGE + (PARENTAGE if target.kinds != {Kind.ROOT} else ())]
    needed += [column for _, version in target.versions for column in version.key]
    missing = [name for name in dict.fromkeys(needed) if name not in columns]
    return f"column missing: {', '.join(missing)}" if missing else ""


def _counted(conn: Connection, target: _Target) -> Made:
    name = target.table.qualified
    check = Check(f"count {name}", 1, f"{name} holds exactly the rows that finished batches added")
    if target.lack:
        return check, [Finding(check.name, max(target.added, 1), (f"{target.lack} ({target.added} rows were added)",))]
    row = _ask(conn, _COUNT, table=identifier(target.table))
    held = row[0] if row else 0
    if held == target.added:
        return check, []
    return check, [Finding(check.name, abs(held - target.added), (f"{target.added} rows were added, {held} are there",))]


def _lineage(conn: Connection, target: _Target) -> Made:
    name = target.table.qualified
    settled = "of a document that its batch settled" if Kind.OWN in target.kinds else "one that its batch settled as loaded"
    check = Check(f"lineage {name}", 1, f"every row of {name} is {settled}")
    digests = sql.Literal([slip.digest for slip, _ in target.versions])
    letters = sql.Literal([_LETTERS[table.kind] for _, table in target.versions])
    return _stated(conn, check, _LINEAGE, table=identifier(target.table), digests=digests, letters=letters)


def _mixed(conn: Connection, target: _Target) -> Made:
    name = target.table.qualified
    check = Check(f"mixed {name}", 3, f"every row of {name} lies under the root row of its own document")
    roots = sql.SQL(" UNION ALL ").join(sql.SQL(_ROOT).format(root=identifier(root)) for root in target.roots.values())
    only = sql.Composed([])
    if target.kinds != {Kind.SET}:  # rows that another version gave a key do not follow their root; `lineage` has them
        digests = [slip.digest for slip, table in target.versions if table.kind is Kind.SET]
        only = sql.SQL(_ONLY).format(digests=sql.Literal(digests))
    return _stated(conn, check, _MIXED, table=identifier(target.table), only=only, roots=roots)


def _identified(conn: Connection, name: str, target: _Target) -> Made:
    check = Check(f"identity {name}", 4, f"every _id of {name} is the one its key or place gives")
    found = [wrong_identities(conn, slip, table) for slip, table in target.versions]
    examples = [example for _, some in found for example in some][:_EXAMPLES]
    return check, finding(check.name, (sum(wrong for wrong, _ in found), examples))


def _stated(conn: Connection, check: Check, statement: LiteralString, **parts: sql.Composable) -> Made:
    return check, finding(check.name, _ask(conn, statement, **parts))


def _ask(conn: Connection, statement: LiteralString, **parts: sql.Composable) -> Sequence[Any] | None:
    return conn.execute(sql.SQL(statement).format(**parts)).fetchone()
