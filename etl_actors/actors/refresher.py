"""The refresher: lets materialized views show what has landed, while loads go on."""

import time
from typing import Protocol, assert_never

import psycopg
import pykka
import structlog

from etl_actors import events
from etl_actors.actors.messages import Open, Refresh, RefresherMessage
from etl_actors.actors.staleness import Staleness
from etl_actors.errors import EtlError
from etl_actors.store.breakout.refreshing import Refreshed

__all__ = ["RefresherActor", "Refreshing"]

log = structlog.get_logger()

_WAIT_S = 0.5  # until somebody looks again, whatever was told


class Refreshing(Protocol):
    """What refreshes the view of a slip; see `etl_actors.store.breakout.refreshing.refresh`."""

    def __call__(self, slip: str, *, wait: bool) -> Refreshed:
        """Refresh it; where another daemon is at it, wait, or let it be."""
        ...


class RefresherActor(pykka.ThreadingActor):
    """Refreshes one view after the other, each over a connection of its own: there is none while nothing is stale.

    Args:
        refresh: refreshes the view of a slip.
        staleness: which views are stale.
    """

    use_daemon_thread = True  # one that waits for the database must not keep the process from ending

    def __init__(self, refresh: Refreshing, staleness: Staleness) -> None:
        super().__init__()
        self._refresh = refresh
        self._staleness = staleness

    def on_receive(self, message: RefresherMessage) -> None:
        """Look for a moment whether a view is stale."""
        match message:
            case Open():
                self.actor_ref.tell(Refresh())
            case Refresh():
                for slip, mark in self._staleness.due(_WAIT_S).items():
                    if not self._staleness.stop.is_set():
                        self._look_after(slip, mark)
                if not self._staleness.stop.is_set():
                    self.actor_ref.tell(Refresh())
            case _:
                assert_never(message)

    def _look_after(self, slip: str, mark: int) -> None:
        """Refresh a view; whatever becomes of that, loads go on."""
        began = time.monotonic()
        hurried = self._staleness.hurried
        error = ""
        found = Refreshed(None, done=False)
        try:
            found = self._refresh(slip, wait=hurried)
            error = found.hindrance
        except EtlError as exc:
            error = str(exc)
        except psycopg.Error as exc:
            error = f"{type(exc).__name__} ({exc.sqlstate})"  # its text may quote data
        # One that fails while the daemon is to end is not tried for ever.
        self._staleness.tried(slip, mark, done=found.done or (hurried and bool(error)))
        if error:
            log.warning(events.VIEW_REFRESH_FAILED, slip=slip, view=found.view, error=error)
        elif found.done and found.view is not None:
            ms = round((time.monotonic() - began) * 1000, 1)
            log.info(events.VIEW_REFRESHED, slip=slip, view=found.view, anew=found.anew, total_ms=ms)
        elif not found.done:
            log.debug(events.VIEW_PUT_OFF, slip=slip)
