"""``etl-actors audit``: the proof, or what is wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.render import Column, console, number, plural, say, show_json, show_table
from etl_actors.cli.times import TIME, time_option
from etl_actors.errors import UsageError

if TYPE_CHECKING:
    from etl_actors.store.audit.audit import AuditReport, Enqueued

__all__ = ["audit"]


def audit(
    ctx: typer.Context,
    *,
    since: Annotated[
        str | None,
        typer.Option(metavar=TIME, help="Look at rows received from then on: 2026-01-31, 2026-01-31T12:00Z, 2h (ago)."),
    ] = None,
    mend: Annotated[
        bool,
        typer.Option("--repair", help="First enqueue staged rows that neither wait, are claimed nor settled; then check."),
    ] = False,
    tables: Annotated[
        list[str] | None,
        typer.Option(
            "--recount",
            metavar="TABLE",
            help="First take the number of rows that a target table holds as right: it was changed by hand, and put right again.",
        ),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also make the documents of slips with [breakout] again of their rows, and compare.")
    ] = False,
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="With --deep: of so many documents a slip; by default of all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove from the data that the books balance, that nothing is mixed or doubled, and that identifiers are right.

    Every side is counted on its own: staging against inbox and batches, the ledger against each row's latest outcome, rejected
    rows against dead letters, each table against the batches that say they filled it, each _id against its key. All is read in
    one snapshot, and every target row once; daemons may run meanwhile. Documents that --deep makes again come after it, piece by piece.

    With --since only later rows are read. How many rows each table holds, and whether the ledger balances, is always checked.

    Nothing is changed, unless --repair is given: rows that were staged past the trigger, or whose place in the inbox was lost,
    wait then for a daemon, each once, and etl.action says so. Other findings are for you to judge: keep the database as it is.
    Rows that somebody has deleted by hand come back with a replay; --recount then lets the books of that table begin anew.

    The exit status is 1 if something is not as it must be; after a repair, if something still is not.
    """
    begin = time_option("--since", since)

    if sample is not None and not deep:
        raise UsageError("--sample says of how many documents --deep makes again: give --deep too.")

    from etl_actors.store.audit import audit as store
    from etl_actors.store.audit.documents import Deep
    from etl_actors.store.audit.recounting import recount
    from etl_actors.store.database import connect

    settings = invocation(ctx).settings()
    with accepted_database(settings) as url, connect(url, role=None, application_name="etl-actors audit") as conn:
        enqueued = store.repair(conn, begin) if mend else None
        recounted = {table: recount(conn, settings.target_schema, table) for table in tables or ()}
        report = store.audit(conn, settings.target_schema, begin, _tell, Deep(sample) if deep else None)
    if as_json:
        _show_json(report, enqueued, recounted)
    else:
        for table, rows in recounted.items():
            say(f"Recounted {table}: {number(rows)} rows against what batches had added.")
        _show(report, enqueued)
    if report.findings:
        raise typer.Exit(1)


def _tell(what: str) -> None:
    """Say on a terminal what is being read: a large table takes its time."""
    terminal = console(error=True)
    if terminal.is_terminal:
        terminal.print(f"Reading {what} …", style="dim", soft_wrap=True)


def _show(report: "AuditReport", enqueued: "Sequence[Enqueued] | None" = None) -> None:
    if enqueued is not None:
        say(_repaired(enqueued))
        say("")
    found = {finding.check: finding for finding in report.findings}
    show_table(
        [Column(""), Column("check"), Column("found", right=True, optional=True)],
        [["NO", check.proves, number(found[check.name].count)] for check in report.checks if check.name in found]
        + [["ok", check.proves, ""] for check in report.checks if check.name not in found],
    )
    say("")
    for finding in report.findings:
        say(report.sentence(finding))
    if report.since is not None:
        say("Of rows received before, only the ledger's sums and the number of rows in each table were checked.")
    made = f"{plural(len(report.checks), 'check')} over {plural(report.rows, 'staged row')}{_extent(report)}"
    say(f"{made}: {len(found)} failed." if found else f"{made}: all hold.")


def _repaired(enqueued: "Sequence[Enqueued]") -> str:
    if not enqueued:
        return "Nothing to repair: every staged row waits, is claimed, or is settled."
    total = plural(sum(each.rows for each in enqueued), "staged row")
    sources = "; ".join(f"source {each.source}: {number(each.rows)}, from row {each.first_row} on" for each in enqueued)
    return f"Repaired: {total} enqueued that neither waited, were claimed nor settled ({sources})."


def _extent(report: "AuditReport") -> str:
    if report.since is None:
        return ""
    first = f" (row {report.from_row} and later)" if report.rows else ""
    return f" received since {report.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC{first}"


def _show_json(report: "AuditReport", enqueued: "Sequence[Enqueued] | None", recounted: dict[str, int]) -> None:
    from dataclasses import asdict

    found = {finding.check: finding for finding in report.findings}
    checks = [
        {
            "check": check.name,
            "invariant": check.invariant,
            "proves": check.proves,
            "holds": check.name not in found,
            "count": found[check.name].count if check.name in found else 0,
            "examples": list(found[check.name].examples) if check.name in found else [],
            "sentence": report.sentence(found[check.name]) if check.name in found else None,
        }
        for check in report.checks
    ]
    told: dict[str, object] = {"holds": not found, "rows": report.rows, "since": _iso(report.since), "checks": checks}
    if enqueued is not None:
        told["enqueued"] = [asdict(each) for each in enqueued]
    if recounted:
        told["recounted"] = recounted
    show_json(told)


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
