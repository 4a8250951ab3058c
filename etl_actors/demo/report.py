"""What the demonstration shows, as tables for a terminal or a log."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from etl_actors.demo.latency import LOOK_S, Latency
from etl_actors.relational.tables import Kind, Table
from etl_actors.scrub import printable
from etl_actors.store.audit.audit import AuditReport
from etl_actors.store.database import Connection
from etl_actors.store.ledger import LedgerRow
from etl_actors.store.queries import queries

__all__ = ["show_audit", "show_books", "show_latency", "show_rejects", "show_table"]

_SQL = queries("demo")
_EXAMPLES = 3
_CELL = 28
_COLUMNS = 7
_LEFT = frozenset({"source", "stage", "reason", "for example"})


def show_books(console: Console, books: Sequence[LedgerRow]) -> None:
    """Show each source's books."""
    grid = _grid("The books (etl.ledger)", "source", "staged", "loaded", "duplicate", "skipped", "rejected", "balanced")
    for row in books:
        counts = (row.staged, row.loaded, row.duplicate, row.skipped, row.rejected)
        grid.add_row(row.source, *(f"{count:,}" for count in counts), "yes" if row.balanced else "NO")
    console.print(grid)


def show_table(console: Console, conn: Connection, table: Table) -> None:
    """Show how many rows a target table has, and the last few of them."""
    name = sql.Identifier(table.schema, table.name)
    counted = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
    columns = [column.name for column in table.columns][:_COLUMNS]
    order = sql.SQL("_row_id DESC") if table.kind is Kind.ROOT else sql.SQL("_row_id DESC, _index")
    rows = conn.execute(
        sql.SQL("SELECT {} FROM {} ORDER BY {} LIMIT {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), name, order, sql.Literal(_EXAMPLES)
        )
    ).fetchall()
    grid = _grid(f"{table.qualified}: {_rows(counted[0] if counted else 0)}", *columns, left=True)
    for row in rows:
        grid.add_row(*map(_cell, row))
    console.print(grid)


def show_rejects(console: Console, conn: Connection, sources: Sequence[str], after: int) -> None:
    """Show the dead letters by reason, each with an example.

    Args:
        console: to print to.
        conn: as an operator or the service.
        sources: of the rows.
        after: only of rows with a higher `row_id`.
    """
    grid = _grid("Rejected, never dropped (etl.reject)", "source", "stage", "reason", "rows", "for example")
    for source, stage, reason, count, message in conn.execute(_SQL["rejects"], {"sources": list(sources), "after": after}):
        grid.add_row(source, stage, reason, f"{count:,}", Text(printable(message)))
    console.print(grid)


def show_latency(console: Console, latency: Latency) -> None:
    """Show how long rows take, and what that means."""
    if not latency.seconds:
        console.print(f"Latency: none of {latency.missing} rows landed in time.")
        return
    p50, p99 = latency.percentile(0.5) * 1000, latency.percentile(0.99) * 1000
    missing = f", {latency.missing} did not land in time" if latency.missing else ""
    console.print(
        f"Latency from commit to landed row: p50 {p50:.0f} ms, p99 {p99:.0f} ms "
        f"({len(latency.seconds)} single-row commits{missing}; from the producer's commit being confirmed until another "
        f"session, looking every {LOOK_S * 1000:.0f} ms, sees the row's batch done)."
    )


def show_audit(console: Console, report: AuditReport) -> None:
    """Show the verdict of the audit, and everything that it found."""
    verdict = "clean" if not report.findings else f"{len(report.findings)} findings"
    console.print(f"Audit: {len(report.checks)} checks over {report.rows:,} staged rows: {verdict}.")
    for found in report.findings:
        console.print(f"  {report.sentence(found)}", markup=False)


def _grid(title: str, *columns: str, left: bool = False) -> Grid:
    grid = Grid(title=title, title_justify="left")
    for column in columns:
        grid.add_column(column, justify="left" if left or column in _LEFT else "right")
    return grid


def _cell(value: Any) -> Text:
    text = "" if value is None else printable(str(value))
    return Text(text if len(text) <= _CELL else text[: _CELL - 1] + "…")


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
