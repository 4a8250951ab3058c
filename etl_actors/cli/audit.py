"""``etl-actors audit``: the proof, or what is wrong."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.errors import UsageError

if TYPE_CHECKING:
    from etl_actors.store.audit import AuditReport

__all__ = ["audit"]


def audit(
    ctx: typer.Context,
    *,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Check the books of rows received from then on: 2026-01-31, 2026-01-31T12:00Z."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove from the data that the books balance, that nothing is mixed or doubled, and that identifiers are right.

    Nothing is changed. The exit status is 1 if something is not as it must be.
    """
    begin = None if since is None else _time(since)

    from etl_actors.store import audit as store
    from etl_actors.store.database import connect

    settings = invocation(ctx).settings()
    with accepted_database(settings) as url, connect(url, role=None, application_name="etl-actors audit") as conn:
        report = store.audit(conn, settings.target_schema, begin)
    if as_json:
        _show_json(report)
    else:
        _show(report)
    if report.findings:
        raise typer.Exit(1)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as exc:
        msg = f"--since: expected a date or time such as 2026-01-31 or 2026-01-31T12:00:00Z, got {text!r}."
        raise UsageError(msg) from exc
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _show(report: "AuditReport") -> None:
    from etl_actors.cli.render import Column, number, plural, say, show_table

    found = {finding.check: finding for finding in report.findings}
    show_table(
        [Column(""), Column("check"), Column("found", right=True, optional=True)],
        [
            ["NO" if check.name in found else "ok", check.proves, number(found[check.name].count) if check.name in found else ""]
            for check in report.checks
        ],
    )
    say("")
    for finding in report.findings:
        say(f"{finding.check}: {number(finding.count)} found, such as {', '.join(finding.examples)}")
    made = f"{plural(len(report.checks), 'check')} over {plural(report.rows, 'staged row')}"
    say(f"{made}: {len(found)} failed." if found else f"{made}: all hold.")


def _show_json(report: "AuditReport") -> None:
    from etl_actors.cli.render import show_json

    found = {finding.check: finding for finding in report.findings}
    checks = [
        {
            "check": check.name,
            "invariant": check.invariant,
            "proves": check.proves,
            "holds": check.name not in found,
            "count": found[check.name].count if check.name in found else 0,
            "examples": list(found[check.name].examples) if check.name in found else [],
        }
        for check in report.checks
    ]
    show_json({"holds": not found, "rows": report.rows, "checks": checks})
