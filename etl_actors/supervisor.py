"""The supervisor: a loop in the main thread that sees to it that every place is filled, and ends the daemon in order."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

import pykka
import structlog

from etl_actors import events
from etl_actors.actors.messages import Drain, Ref, Reload, tell
from etl_actors.actors.signals import Signals
from etl_actors.actors.staff import Staff
from etl_actors.actors.staleness import Staleness
from etl_actors.errors import DatabaseUnavailable, WorkerLost
from etl_actors.http.health import HealthState
from etl_actors.store.versions import Ring
from etl_actors.versions.rereading import Rereading

__all__ = ["Supervisor"]

log = structlog.get_logger()

_TICK_S = 0.05


@dataclass(slots=True)
class Supervisor:
    """Runs one daemon until it is told to stop, or with `once` until nothing is pending.

    Args:
        staff: who is to be there.
        signals: what the master says of itself.
        health: told of every tick, for ``/health/live``.
        drain_s: seconds that batches in flight have to land after the first signal.
        once: stop as soon as nothing is pending.
        revive: called when the database is away; starts it again, if it is ours to start.
        slips: reads them again on SIGHUP and when somebody rings; None where nobody does.
        staleness: which views the refresher has to refresh, with `once` before the end; None where nobody refreshes views.
    """

    staff: Staff
    signals: Signals
    health: HealthState
    drain_s: float
    once: bool = False
    revive: Callable[[], None] = lambda: None
    slips: Rereading | None = None
    staleness: Staleness | None = None
    # What handlers do must need no lock: they run between any two steps of this very thread, which may hold it.
    _stops: int = field(default=0, init=False)
    _hangups: int = field(default=0, init=False)
    _on_terminal: bool = field(default=False, init=False)
    _away: bool = field(default=False, init=False)

    def run(self) -> int:
        """Supervise; return the exit status.

        Returns:
            0 when everything in flight had landed; 1 when the drain took too long, or with `once` when rows are left that
            could not be landed.

        Raises:
            EtlError: an actor cannot start for a reason that waiting does not mend.
        """
        self._on_terminal = sys.stderr.isatty()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_hangup)
        try:
            while not self._stops:
                self.health.beat()
                self._staff()
                self._reread()
                if self._rested():
                    break
            status = self._drain()
            if self.once and self.staleness is not None:
                self._freshen(self.staleness)
            return 1 if self.once and self.signals.failed.is_set() else status
        finally:
            self._dismiss()

    def _rested(self) -> bool:
        """Wait for a moment; tell whether nothing is pending, where that is the end."""
        if self.once:
            return self.signals.idle.wait(_TICK_S)
        time.sleep(_TICK_S)
        return False

    def _on_stop(self, number: int, _frame: FrameType | None) -> None:
        self._stops += 1
        if self._stops > 1:
            # Leases stay claimed; the server frees our lock as the connection closes, and others rescue them.
            os._exit(128 + number)

    def _on_hangup(self, _number: int, _frame: FrameType | None) -> None:
        self._hangups += 1
        if self._on_terminal and not sys.stderr.isatty():
            self._stops = max(self._stops, 1)  # the signal says that the terminal is gone, and with it whoever started us

    def _reread(self) -> None:
        """Have the slips read again where somebody asked for it, and the master told of what has come into force."""
        if self.slips is None:
            return
        if self._hangups:
            self._hangups = 0
            self.slips.ask(Ring.READ)
        fresh = self.slips.fresh()
        master = self.staff.master
        if fresh is not None:
            self.health.broken = fresh.broken()
            if master is not None:  # one that is started later begins with what is in force then
                tell(master, Reload(fresh.catalogue, fresh.told()))

    def _staff(self) -> None:
        """Start whoever is missing and due."""
        filled, lost = False, ""
        try:
            filled = self.staff.fill()
            self.staff.fill_beside()
        except DatabaseUnavailable as exc:
            lost = str(exc)
        except (WorkerLost, pykka.ActorDeadError, pykka.Timeout) as exc:
            log.warning(events.ACTOR_FAILED, error=str(exc))
        if lost:
            if not self._away:
                log.error(events.DATABASE_LOST, error=lost)
            self.revive()
        if filled and self._away:
            log.info(events.DATABASE_FOUND)
        self._away = bool(lost) or (self._away and not filled)
        self.health.database_up = filled

    def _drain(self) -> int:
        """Let what is in flight land, while the dead are still replaced."""
        self.health.reason = "The daemon is draining: it claims nothing more."
        began = time.monotonic()
        told: Ref | None = None
        while not self.signals.drained.is_set():
            if self._away or time.monotonic() - began > self.drain_s:
                # Without a database nothing can land; whatever is claimed there is rescued by whoever comes first.
                log.warning(events.DAEMON_DRAINED, complete=False, after_s=round(time.monotonic() - began, 3))
                return 1
            self.health.beat()
            self._staff()
            master = self.staff.master
            if master is not None and master is not told and master.is_alive():
                master.tell(Drain())
                told = master
            self.signals.drained.wait(_TICK_S)
        log.info(events.DAEMON_DRAINED, complete=True, after_s=round(time.monotonic() - began, 3))
        return 0

    def _freshen(self, staleness: Staleness) -> None:
        """Let the refresher refresh what is stale still, unless somebody does not want to wait for that."""
        staleness.hurry()
        while not (staleness.settled or self._stops or self._away):
            self.health.beat()
            self._staff()
            time.sleep(_TICK_S)

    def _dismiss(self) -> None:
        if self.staleness is not None:
            self.staleness.end()
        self.staff.dismiss()
