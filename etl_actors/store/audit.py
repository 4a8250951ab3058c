"""The audit: invariants 1 to 4 proven from the data, every side counted on its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from etl_actors.store.audit_tables import tables_checked
from etl_actors.store.database import Connection
from etl_actors.store.findings import Check, Finding, Made, finding
from etl_actors.store.queries import queries

__all__ = ["AuditReport", "Check", "Finding", "audit"]

_SQL = queries("audit")

_BOOKS = {
    "unbalanced": "every source's rows add up (etl.ledger)",
    "nowhere": "every staged row waits, is claimed, or is settled",
    "twice": "no row waits, is claimed or is settled twice",
    "phantom": "nothing waits or is settled that was not staged",
    "miscounted": "every batch's outcomes add up to its counts",
    "unexplained_rejects": "every rejected row has its dead letter, and every dead letter its row",
    "stray_items": "every item that was rejected alone is of a row that went on without it",
    "foreign_rows": "every batch holds rows of its own source only",
}


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was checked, over how many staged rows, and what was found; no findings is the proof."""

    rows: int
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]


def audit(conn: Connection, target_schema: str, since: datetime | None = None) -> AuditReport:
    """Prove the books and the invariants, or say where they fail. Everything is read in one snapshot.

    Args:
        conn: in autocommit mode, as an operator.
        target_schema: where tables are whose slip names no schema.
        since: check the books of rows received from then on; the tables are always checked whole.
    """
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        conn.execute(_SQL["by_hash"])
        start = _first_row(conn, since)
        made = [*_books(conn, start), *tables_checked(conn, target_schema)]
        rows = conn.execute(_SQL["rows"], {"from_row": start}).fetchone() or (0,)
    return AuditReport(rows[0], tuple(check for check, _ in made), tuple(f for _, found in made for f in found))


def _first_row(conn: Connection, since: datetime | None) -> int:
    if since is None:
        return 0
    row = conn.execute(_SQL["first_row_since"], {"since": since}).fetchone()
    return 2**63 - 1 if row is None or row[0] is None else int(row[0])


def _books(conn: Connection, start: int) -> Iterator[Made]:
    for name, proves in _BOOKS.items():
        row = conn.execute(_SQL[name], {"from_row": start}).fetchone()
        yield Check(name, 3 if name == "foreign_rows" else 2, proves), finding(name, row)
