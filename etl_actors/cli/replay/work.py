"""A replay worked off by the command itself, where no daemon runs."""

import threading
from typing import TYPE_CHECKING, NoReturn

import typer

from etl_actors.cli.failures import INTERRUPTED, tell
from etl_actors.cli.render import console
from etl_actors.cli.replay.bar import ReplayBar
from etl_actors.errors import DatabaseUnsuitable, EtlError

if TYPE_CHECKING:
    from etl_actors.settings import Settings
    from etl_actors.store.database import Connection

__all__ = ["worked"]

_LOOK_S = 0.2


def worked(settings: "Settings", url: str, conn: "Connection", replay_id: int) -> None:
    """Be the daemon until the replay has ended.

    Args:
        settings: of the daemon.
        url: of the database.
        conn: as an operator.
        replay_id: of the replay.

    Raises:
        DatabaseUnsuitable: the login may not; the order stands.
        typer.Exit: it was told to stop before the end.
    """
    from etl_actors import app
    from etl_actors.store.daemons import living
    from etl_actors.store.replay.orders import may_serve, progress

    if not may_serve(conn):
        msg = f"No daemon runs, and this login may not do its work; replay {replay_id} stands, and begins with: etl-actors run"
        raise DatabaseUnsuitable(msg)
    tell("No daemon runs: this command does the work.")
    ended = threading.Event()
    watch = threading.Thread(target=_watched, args=(url, replay_id, ended), name="progress", daemon=True)
    watch.start()
    try:
        app.run(settings, once=True, replays_only=True)
    except EtlError:
        tell(f"Replay {replay_id} stands: etl-actors replay --resume {replay_id}, or --cancel {replay_id}")
        raise
    except KeyboardInterrupt:  # before the daemon's own handlers were there: nothing was claimed yet
        _stopped(replay_id)
    finally:
        ended.set()
        watch.join()
    now = progress(conn, replay_id)
    if not now.ended and now.problem is None and not living(conn):
        _stopped(replay_id)


def _stopped(replay_id: int) -> NoReturn:
    tell(f"Stopped; replay {replay_id} stands: etl-actors replay --resume {replay_id}, or --cancel {replay_id}")
    raise typer.Exit(INTERRUPTED)


def _watched(url: str, replay_id: int, ended: threading.Event) -> None:
    """Show the progress over a connection of its own; a connection that fails here fails the work as well, which tells of it."""
    import psycopg

    from etl_actors.store.database import connect
    from etl_actors.store.replay.orders import progress

    try:
        with (
            connect(url, role="etl_operator", application_name="etl-actors replay") as conn,
            ReplayBar(console(error=True), progress(conn, replay_id)) as bar,
        ):
            while not ended.wait(_LOOK_S):
                bar.show(progress(conn, replay_id))
    except (EtlError, psycopg.Error):
        return
