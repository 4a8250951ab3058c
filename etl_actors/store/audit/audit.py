"""The audit: invariants 1 to 4 proven from the data, every side counted on its own; and the one repair that is safe."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg import errors as pg

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.store.audit.books import books_checked
from etl_actors.store.audit.documents import Deep, documents_checked
from etl_actors.store.audit.findings import Check, Finding, sentence
from etl_actors.store.audit.tables import tables_checked
from etl_actors.store.breakout.moment import begin_moment
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import stored_slips
from etl_actors.store.tables.quoting import identifier

__all__ = ["AuditReport", "Check", "Enqueued", "Finding", "audit", "examine", "repair"]

_SQL = queries("audit")
_ATTEMPTS = 100
_REST_S = 0.05


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was checked, over how many staged rows, and what was found; no findings is the proof.

    Args:
        rows: staged rows that were looked at.
        checks: all that were made.
        findings: of those that do not hold.
        since: only rows received from then on were looked at; None for all.
        from_row: the first of them; 0 for all.
    """

    rows: int
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    since: datetime | None = None
    from_row: int = 0

    def sentence(self, found: Finding) -> str:
        """Tell of a finding as people read it."""
        return next((sentence(check, found) for check in self.checks if check.name == found.check), found.check)


@dataclass(frozen=True, slots=True)
class Enqueued:
    """Rows of one source that a repair has enqueued: how many, and the first of them."""

    source: str
    rows: int
    first_row: int


def audit(
    conn: Connection,
    target_schema: str,
    since: datetime | None = None,
    tell: Callable[[str], None] = lambda _: None,
    deep: Deep | None = None,
) -> AuditReport:
    """Prove the books and the invariants, or say where they fail. All but the documents is read in one snapshot, nothing is changed.

    Args:
        conn: in autocommit mode, as an operator.
        target_schema: where tables are whose slip names no schema.
        since: look at rows received from then on. How many rows each table holds, and whether the ledger balances, are
            checked of all rows even so.
        tell: told what is looked at next: the books, then each table.
        deep: which documents are made again of their rows; None for none.

    Raises:
        DatabaseUnsuitable: tables are changed for documents again and again, before they can be read.
    """
    report = _examined(conn, target_schema, since, tell)
    if deep is None:
        return report
    made = [*documents_checked(conn, target_schema, deep, tell)]
    checks, findings = (check for check, _ in made), (one for _, found in made for one in found)
    return replace(report, checks=(*report.checks, *checks), findings=(*report.findings, *findings))


def _examined(conn: Connection, target_schema: str, since: datetime | None, tell: Callable[[str], None]) -> AuditReport:
    for _ in range(_ATTEMPTS):
        slips = stored_slips(conn, target_schema)
        tables = {table.qualified: table for slip in slips for table in slip.targets}
        there = conn.execute(_SQL["there"], {"tables": [identifier(table).as_string(conn) for table in tables.values()]})
        present = [table for table, (found,) in zip(tables.values(), there.fetchall(), strict=True) if found]
        with suppress(pg.UndefinedTable), conn.transaction():
            begin_moment(conn, present)
            conn.execute(_SQL["hold_staging"])
            if [slip.digest for slip in stored_slips(conn, target_schema)] == [slip.digest for slip in slips]:
                return examine(conn, target_schema, since, tell)
        time.sleep(_REST_S)  # tables have changed since they were listed
    raise DatabaseUnsuitable(
        "The tables are changed for documents all the time, so that they cannot be read as of one moment: try again."
    )


def examine(conn: Connection, target_schema: str, since: datetime | None, tell: Callable[[str], None]) -> AuditReport:
    """Make the checks of `audit` in the caller's transaction, which gives the snapshot."""
    conn.execute(_SQL["by_hash"])
    start = _first_row(conn, since)
    slips = stored_slips(conn, target_schema)
    tell("the books")
    made = [*books_checked(conn, start, slips, whole=since is None), *tables_checked(conn, slips, start, tell)]
    rows = conn.execute(_SQL["rows"], {"from_row": start}).fetchone() or (0,)
    checks, findings = tuple(check for check, _ in made), tuple(f for _, found in made for f in found)
    return AuditReport(rows[0], checks, findings, since, start)


def repair(conn: Connection, since: datetime | None = None) -> tuple[Enqueued, ...]:
    """Enqueue the staged rows that neither wait, are claimed nor settled, each once, and ring for a daemon that sleeps.

    Args:
        conn: in autocommit mode, as an operator.
        since: leave rows alone that were received before.

    Returns:
        What was enqueued, by source; it is kept in `etl.action` too.
    """
    found = conn.execute(_SQL["enqueue_lost"], {"from_row": _first_row(conn, since)}).fetchall()
    return tuple(Enqueued(source, rows, first_row) for source, rows, first_row in found)


def _first_row(conn: Connection, since: datetime | None) -> int:
    if since is None:
        return 0
    row = conn.execute(_SQL["first_row_since"], {"since": since}).fetchone()
    return 2**63 - 1 if row is None or row[0] is None else int(row[0])
