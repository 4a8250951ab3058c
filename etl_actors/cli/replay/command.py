"""``etl-actors replay``: settled rows are settled again, as if they had been loaded for the first time."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.replay.options import Original, choice_of, ids_of, require_together, resumed_of
from etl_actors.cli.times import TIME
from etl_actors.errors import UsageError

if TYPE_CHECKING:
    from etl_actors.settings import Settings
    from etl_actors.store.replay.choice import Choice
    from etl_actors.store.replay.orders import Version

__all__ = ["replay", "replayed"]


def replay(  # the options of the command line
    ctx: typer.Context,
    more: Annotated[list[str] | None, typer.Argument(metavar="ID", hidden=True)] = None,
    *,
    batch: Annotated[
        list[str] | None,
        typer.Option(metavar="ID...", help="Rows of these batches: 12 13 or 12,13 or 12-13.", show_default=False),
    ] = None,
    rows: Annotated[
        list[str] | None, typer.Option(metavar="ID...", help="These rows, by their row_id, written likewise.", show_default=False)
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="S", help="Rows of this source.", show_default=False)] = None,
    slip: Annotated[str | None, typer.Option(metavar="NAME", help="Rows that this slip settled.", show_default=False)] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar=TIME, help="Received then or later: 2026-01-31, 2026-01-31T12:00Z, 2h.", show_default=False),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar=TIME, help="Received before.", show_default=False)] = None,
    rejected: Annotated[bool, typer.Option("--rejected", help="Rows with an open dead letter.")] = False,
    reason: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="With --rejected: of this reason, such as not_a_number.", show_default=False),
    ] = None,
    version: Annotated[
        Original, typer.Option("--slip-version", help="Parse by the slips in force, or by the version that settled each row.")
    ] = Original.CURRENT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    rate: Annotated[
        float | None, typer.Option(metavar="R", min=0.001, help="Rows a second at most; no limit by default.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, though everything is meant.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Order it, and do not wait for its end.")] = False,
    cancel: Annotated[
        int | None, typer.Option(metavar="ID", help="End a replay early; what is done stays done.", show_default=False)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Follow a replay that was ordered before; give its ID if there are several.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run settled rows again: their effect is then what a first load would have made.

    Rows that are no longer yielded are deleted, others rewritten; what had lost to a deleted row is found again. Live rows go
    first. One replay is worked at a time, by a daemon, or by this command where none runs; it can be interrupted at any moment.
    The filters must all hold. Try --dry-run before.
    """
    require_together(_given(ctx))
    if rate is not None and not math.isfinite(rate):
        raise UsageError(f"--rate: expected rows a second, at least 0.001, got {rate}; for no limit, leave it out.")
    settings = invocation(ctx).settings()
    if cancel is not None:
        from etl_actors.cli.replay.follow import cancelled

        cancelled(settings, cancel, as_json=as_json)
        return
    if resume:
        from etl_actors.cli.replay.follow import resumed

        resumed(settings, resumed_of(more), as_json=as_json)
        return
    chosen = choice_of(
        ids_of(batch, rows, more),
        source=source,
        slip=slip,
        since=since,
        until=until,
        rejected=rejected,
        reason=reason,
    )
    if dry_run:
        from etl_actors.cli.replay.dry_run import previewed

        previewed(settings, chosen, version.version, as_json=as_json)
        return
    replayed(settings, chosen, version=version.version, rate=rate, yes=yes, detach=detach, as_json=as_json)


def _given(ctx: typer.Context) -> dict[str, str]:
    sources = {param: ctx.get_parameter_source(param.name or "") for param in ctx.command.params}
    there = [param for param, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    return {param.name or "": param.opts[-1] if param.opts[-1].startswith("-") else "further ids" for param in there}


def replayed(  # as the command has them
    settings: "Settings",
    choice: "Choice",
    *,
    version: "Version | None" = None,
    rate: float | None = None,
    yes: bool = False,
    detach: bool = False,
    as_json: bool = False,
) -> None:
    """Order a replay, follow it to its end, and tell what it did.

    Args:
        settings: for the database and the slips.
        choice: of the rows.
        version: of their slip; None for that in force.
        rate: rows a second at most; None for no limit.
        yes: do not ask, though there is no filter.
        detach: do not follow.
        as_json: print JSON.

    Raises:
        typer.Exit: the replay stands still (status 1), or was left by Ctrl-C (status 130).
        UsageError: it cannot be ordered so.
    """
    from etl_actors.cli.replay.follow import followed
    from etl_actors.cli.replay.order import ordered
    from etl_actors.store.replay.orders import Version

    replay_id = ordered(settings, choice, version or Version.CURRENT, rate, yes=yes, detach=detach, as_json=as_json)
    if replay_id is not None and not detach:
        followed(settings, replay_id, as_json=as_json)
