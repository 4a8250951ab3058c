"""``etl-actors status``: how it stands."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.render import Column, ago, number, plural, say, short_digest, show_json, show_table
from etl_actors.scrub import one_line

if TYPE_CHECKING:
    from etl_actors.store.daemons import Difference, Living
    from etl_actors.store.ledger import LedgerRow
    from etl_actors.store.replay.orders import Progress
    from etl_actors.store.waiting import Pause, Waiting

__all__ = ["status"]

_COUNTS = ("staged", "pending", "claimed", "loaded", "duplicate", "skipped", "rejected", "pruned")
_SELDOM = ("claimed", "skipped", "pruned")
_NOBODY = "No daemon runs that would work on them: etl-actors run"
_AT_WORK = "A daemon works on them, unless their source is set aside after a failure: see source.set_aside in its log."


def status(ctx: typer.Context, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the books: for each source what was staged and what became of it, and why rows wait.

    Below them stand what is paused, which replays are under way, and which daemons run, by which slips. Where very much waits, it is not
    counted: pending is what was staged and is neither claimed nor settled. The exit status is 1 if the books of a source do not balance.
    """
    from etl_actors.store.daemons import differences, living
    from etl_actors.store.database import connect
    from etl_actors.store.ledger import glance
    from etl_actors.store.replay.orders import open_replays
    from etl_actors.store.waiting import kept_slips, paused_sources, pauses, waiting

    with (
        accepted_database(invocation(ctx).settings()) as url,
        connect(url, role=None, application_name="etl-actors status") as conn,
    ):
        rows = glance(conn)
        daemons = living(conn)
        kept, paused = kept_slips(conn, daemons), paused_sources(conn)
        pausing, replays = pauses(conn), open_replays(conn)
    waits = waiting([row.source for row in rows if row.pending], daemons, kept, paused)
    differing = differences(daemons)
    states = {row.balanced for row in rows}
    balanced = next((state for state in (False, None) if state in states), True)
    if as_json:
        show_json(
            {
                "balanced": balanced,
                "sources": [asdict(row) for row in rows],
                "waiting": [asdict(source) for source in waits],
                "pauses": [asdict(pause) for pause in pausing],
                "replays": [asdict(replay) for replay in replays],
                "daemons": [asdict(daemon) for daemon in daemons],
                "differing": [asdict(difference) for difference in differing],
            }
        )
    else:
        now = datetime.now(UTC)
        _show(rows, now, waits, daemons)
        _show_pauses(pausing, now)
        _show_replays(replays, alive=bool(daemons))
        _show_daemons(daemons, differing, now)
    if balanced is False:
        raise typer.Exit(1)


def _show(rows: Sequence["LedgerRow"], now: datetime, waits: Sequence["Waiting"] = (), daemons: Sequence["Living"] = ()) -> None:
    if not rows:
        say("Nothing is staged yet. Insert documents into etl.staging (source, payload), or: etl-actors feed SOURCE FILE")
        return
    columns = [Column("source"), *(Column(name, right=True, optional=name in _SELDOM) for name in _COUNTS)]
    lines = [[row.source, *(number(getattr(row, name), zero="" if name in _SELDOM else "0") for name in _COUNTS)] for row in rows]
    if len(rows) > 1:
        totals = [sum(getattr(row, name) for row in rows) for name in _COUNTS]
        lines.append(
            ["all", *(number(total, zero="" if name in _SELDOM else "0") for name, total in zip(_COUNTS, totals, strict=True))]
        )
    show_table(columns, lines)
    say("")
    say(_pending(rows, now, alive=bool(daemons)))
    for source in waits:
        if source.why:
            say(f"Rows of source {one_line(source.source)} may wait: {'; '.join(source.why)}.")
    say(_balance(rows))


def _balance(rows: Sequence["LedgerRow"]) -> str:
    off = [one_line(row.source) for row in rows if row.balanced is False]
    if off:
        return f"The books of {', '.join(off)} do not balance; what is wrong: etl-actors audit"
    if any(row.balanced is None for row in rows):
        return "Too much waits to be counted at a glance: pending is what is neither claimed nor settled. To prove the books: etl-actors audit"
    return "The books balance."


def _pending(rows: Sequence["LedgerRow"], now: datetime, *, alive: bool) -> str:
    pending = sum(row.pending for row in rows)
    in_flight = sum(row.claimed for row in rows)
    oldest = min((row.oldest_pending_at for row in rows if row.oldest_pending_at is not None), default=None)
    if pending:
        age = "" if oldest is None else f", the oldest for {ago(oldest, now)}"
        return f"Pending: {plural(pending, 'row')}{age}. {_AT_WORK if alive else _NOBODY}"
    return f"Nothing is pending; {plural(in_flight, 'row')} in work." if in_flight else "Nothing is pending."


def _show_pauses(pauses: Sequence["Pause"], now: datetime) -> None:
    for pause in pauses:
        what = f"Slip {pause.slip}" if pause.source is None else f"Source {one_line(pause.source)}"
        why = f": {pause.reason}" if pause.reason else "."
        say(f"{what} is paused, by {pause.actor} for {ago(pause.since, now)}{why}")


def _show_replays(replays: Sequence["Progress"], *, alive: bool) -> None:
    from etl_actors.store.replay.orders import Status

    for replay in replays:
        done = f"{replay.rows_done:,} of {plural(replay.rows_total, 'row')} done"
        if replay.problem is not None:
            say(f"Replay {replay.replay_id} does not go on, {done}: {replay.problem}")
        elif replay.status is Status.CANCELLED and not alive:
            say(f"Replay {replay.replay_id} is cancelled, {done}; a daemon ends it: etl-actors run")
        elif replay.behind is not None:
            say(f"Replay {replay.replay_id} waits for replay {replay.behind} to end, {done}.")
        elif not alive:
            say(f"Replay {replay.replay_id} waits for a daemon, {done}: etl-actors run")
        else:
            say(f"Replay {replay.replay_id} is {_phase(replay)}, {done}.")


def _phase(replay: "Progress") -> str:
    from etl_actors.store.replay.orders import Status

    if replay.status is Status.CANCELLED:
        return "cancelled, and the rows that may win what it has vacated are looked for"
    return "under way"


def _show_daemons(daemons: Sequence["Living"], differing: Sequence["Difference"], now: datetime) -> None:
    """Say who works, and of slips only what is not as it should be."""
    for daemon in daemons:
        inforce = sum(1 for slip in daemon.slips if slip.digest is not None)
        say(f"The daemon {daemon.name} has run for {ago(daemon.started_at, now)} and works by {plural(inforce, 'slip')}.")
        for slip in daemon.slips:
            if slip.problem:
                stays = f"version {short_digest(slip.digest)} stays in force" if slip.digest else "no version of it is in force"
                say(f"Slip {slip.name} is broken there, {stays}: {slip.problem}")
    for difference in differing:
        versions = ", ".join(f"{short_digest(digest)} on {name}" for digest, name in difference.versions)
        say(f"The daemons have different versions of slip {difference.slip}: {versions}.")
