"""``etl-actors rejects replay``: the rows of dead letters are run again."""

from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.agreement import require_agreement
from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.rejects.filter import Ids, Reason, Since, Slip, Source, StageOf, Until, Yes, chosen, filter_words
from etl_actors.cli.rejects.settle import problems_of
from etl_actors.cli.render import plural, say, show_json
from etl_actors.errors import EtlError, UsageError

if TYPE_CHECKING:
    from etl_actors.store.database import Connection
    from etl_actors.store.reject_filter import RejectFilter
    from etl_actors.store.replay.choice import Choice

__all__ = ["rejects_replay"]

_MOST = 100_000  # rows that an order lists one by one


def rejects_replay(
    ctx: typer.Context,
    ids: Ids = None,
    *,
    source: Source = None,
    slip: Slip = None,
    stage: StageOf = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    rate: Annotated[
        float | None, typer.Option(metavar="R", min=0.001, help="Rows a second at most; no limit by default.", show_default=False)
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Order it, and do not wait for its end.")] = False,
    yes: Yes = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the rows of open dead letters again by the slips in force, as `replay` does; apply a mended slip before.

    The dead letters of a row that was run again are replayed, whatever became of it; if it is rejected again, that is a new one.
    Without ids or filter it prints how many there are, and asks.
    """
    from etl_actors.cli.replay.command import replayed
    from etl_actors.store.database import connect
    from etl_actors.store.reject_filter import RejectStatus
    from etl_actors.store.rejects import count_rejects, rejects_by_id
    from etl_actors.store.replay.orders import Version

    wanted = chosen(ids, source=source, slip=slip, stage=stage, reason=reason, since=since, until=until, status=RejectStatus.OPEN)
    settings = invocation(ctx).settings()
    with accepted_database(settings) as url, connect(url, role=None, application_name="etl-actors rejects") as conn:
        matching, _ = count_rejects(conn, wanted)
        choice = _choice(conn, wanted) if matching else None
        problems = problems_of(
            wanted.ids, rejects_by_id(conn, wanted.ids) if wanted.ids else [], RejectStatus.OPEN, "replayed from its dead letter"
        )
    if choice is not None and dry_run:
        from etl_actors.cli.replay.dry_run import previewed

        previewed(settings, choice, Version.CURRENT, as_json=as_json)
    elif choice is not None:
        what = f"The rows of {plural(matching, 'open reject')}{filter_words(wanted)} would be replayed"
        require_agreement(what, narrow=wanted.is_narrow, yes=yes)
        replayed(settings, choice, rate=rate, yes=True, detach=detach, as_json=as_json)
    elif as_json:
        show_json({"replay_id": None, "rows": 0})
    elif not problems:
        say(f"There are no open rejects{filter_words(wanted)}: nothing is replayed.")
    if problems:
        raise EtlError(" ".join(problems))


def _choice(conn: "Connection", wanted: "RejectFilter") -> "Choice":
    """Choose the rows: by the same filter where a replay knows it, else one by one.

    Raises:
        UsageError: they are too many to be listed.
    """
    from etl_actors.store.rejects import rejected_rows
    from etl_actors.store.replay.choice import Choice

    if not (wanted.ids or wanted.stage or wanted.since or wanted.until):
        return Choice(source=wanted.source, slip=wanted.slip, rejected=True, reason=wanted.reason)
    rows = rejected_rows(conn, wanted, _MOST + 1)
    if len(rows) > _MOST:
        raise UsageError(
            f"More than {_MOST:,} rows are chosen: choose by source, slip or reason alone, or a shorter time with --since, --until."
        )
    return Choice(rows=tuple(rows))
