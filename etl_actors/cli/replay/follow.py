"""Following a replay to its end, doing the work where no daemon does, and ending it early."""

import time
from typing import TYPE_CHECKING

import typer

from etl_actors.cli.context import accepted_database
from etl_actors.cli.failures import INTERRUPTED, tell
from etl_actors.cli.render import console, say, show_json
from etl_actors.cli.replay.bar import ReplayBar
from etl_actors.cli.replay.told import identities, result_json, result_sentences
from etl_actors.errors import EtlError, UsageError

if TYPE_CHECKING:
    from etl_actors.settings import Settings
    from etl_actors.store.database import Connection
    from etl_actors.store.replay.orders import Progress

__all__ = ["cancelled", "followed", "resumed"]

_LOOK_S = 0.2
_ALONE_EVERY_S = 2.0
_STILL_S = 3.0  # that a problem has to last before it is told: a daemon may be about to go on


def resumed(settings: "Settings", replay_id: int | None, *, as_json: bool) -> None:
    """Follow a replay that was ordered before.

    Args:
        settings: for the database.
        replay_id: which; None for the only open one that is not cancelled.
        as_json: print JSON.

    Raises:
        UsageError: there is none, or several.
    """
    from etl_actors.store.database import connect, translated
    from etl_actors.store.replay.orders import Status, open_replays, resume

    with (
        accepted_database(settings) as url,
        connect(url, role="etl_operator", application_name="etl-actors replay") as conn,
        translated(url),
    ):
        if replay_id is None:
            there = [each.replay_id for each in open_replays(conn) if each.status is not Status.CANCELLED]
            if not there:
                raise UsageError("There is no open replay to be followed.")
            if len(there) > 1:
                raise UsageError(
                    f"There are {len(there)} open replays, {', '.join(map(str, there))}: say which, as --resume {there[0]}."
                )
            replay_id = there[0]
        resume(conn, replay_id)
    followed(settings, replay_id, as_json=as_json)


def cancelled(settings: "Settings", replay_id: int, *, as_json: bool) -> None:
    """End a replay early, and say what that leaves.

    Raises:
        UsageError: there is no such replay.
    """
    from etl_actors.store.database import connect, translated
    from etl_actors.store.replay.orders import cancel, progress, vacant

    with (
        accepted_database(settings) as url,
        connect(url, role="etl_operator", application_name="etl-actors replay") as conn,
        translated(url),
    ):
        ended = cancel(conn, replay_id)
        now, unsought = progress(conn, replay_id), vacant(conn, replay_id)
    if as_json:
        counts = {"rows_done": now.rows_done, "rows_total": now.rows_total, "vacant": unsought}
        show_json({"replay_id": replay_id, "cancelled": ended, **counts})
    elif ended:
        say(f"Replay {replay_id} is cancelled: {now.rows_done:,} of {now.rows_total:,} rows are replayed, and stay so.")
    else:
        say(f"Replay {replay_id} is {now.status.value} already.")
    if unsought and not as_json:
        say(
            f"{identities(unsought)} that it took a row from {'stays' if unsought == 1 else 'stay'} without one, since it could not seek "
            f"who wins: {now.problem} Once that is mended: etl-actors replay --resume {replay_id}"
        )


def followed(settings: "Settings", replay_id: int, *, as_json: bool) -> None:
    """Follow a replay to its end and tell what it did; work it off here where no daemon runs.

    Raises:
        typer.Exit: it stands still (status 1), or Ctrl-C was pressed (status 130).
        DatabaseUnsuitable: no daemon runs, and the login may not do a daemon's work.
    """
    from etl_actors.store.daemons import living
    from etl_actors.store.database import connect, translated
    from etl_actors.store.replay.orders import progress, result

    with (
        accepted_database(settings) as url,
        connect(url, role="etl_operator", application_name="etl-actors replay") as conn,
        translated(url),
    ):
        if not progress(conn, replay_id).ended and not living(conn):
            from etl_actors.cli.replay.work import worked

            worked(settings, url, conn, replay_id)
        try:
            last = _until_ended(conn, replay_id)
        except KeyboardInterrupt:
            goes = "goes on without you" if living(conn) else "goes on as soon as a daemon runs"
            tell(
                f"Replay {replay_id} {goes}; to follow it again: etl-actors replay --resume {replay_id}, "
                f"to end it: etl-actors replay --cancel {replay_id}"
            )
            raise typer.Exit(INTERRUPTED) from None
        done = result(conn, replay_id)
    if as_json:
        show_json(result_json(last, done))
    else:
        for sentence in result_sentences(last, done):
            say(sentence)
    if not last.ended:
        raise typer.Exit(EtlError.exit_status)


def _until_ended(conn: "Connection", replay_id: int) -> "Progress":
    """Show the progress until nothing is left to do, or it stands still with a problem."""
    from etl_actors.store.daemons import living
    from etl_actors.store.replay.orders import progress

    now = progress(conn, replay_id)
    moved = looked = time.monotonic()
    alone = False
    with ReplayBar(console(error=True), now) as bar:
        while not now.ended:
            time.sleep(_LOOK_S)
            before, now = now, progress(conn, replay_id)
            bar.show(now)
            at = time.monotonic()
            if now.problem is None or (before.rows_done, before.sought) != (now.rows_done, now.sought):
                moved = at
            elif at - moved >= _STILL_S:
                break
            if at - looked >= _ALONE_EVERY_S:
                looked = at
                was, alone = alone, not living(conn)
                if alone and not was:
                    tell(f"No daemon runs at the moment; replay {replay_id} goes on as soon as one does: etl-actors run")
    return now
