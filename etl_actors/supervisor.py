"""The supervisor: a loop in the main thread that starts actors, replaces dead ones, and stops them in order.

Pykka has no supervision. An actor that fails on a message is gone, and so are the messages in its inbox, silently; a failing
start calls no hook. So every start is followed by a question (`Open`), and the master's book says what to tell again.
"""

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
from etl_actors.actors.messages import Assign, Drain, Kind, Open, Ref, Reload, tell
from etl_actors.actors.signals import Signals
from etl_actors.actors.staleness import Staleness
from etl_actors.errors import DatabaseUnavailable, WorkerLost
from etl_actors.http.health import HealthState
from etl_actors.restarts import Restarts
from etl_actors.store.versions import Ring
from etl_actors.versions.rereading import Rereading

__all__ = ["Company", "Supervisor"]

log = structlog.get_logger()

_TICK_S = 0.05
_OPEN_S = 60.0
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Company:
    """How each kind of actor is started.

    Args:
        master: starts the master.
        listener: starts the listener; given the master.
        parsers: starts the parser of each place.
        loaders: starts the loader of each place.
        refresher: starts the refresher; None where nobody refreshes views.
        keeper: starts the keeper; None where documents are kept for ever.
    """

    master: Callable[[], Ref]
    listener: Callable[[Ref], Ref]
    parsers: tuple[Callable[[], Ref], ...]
    loaders: tuple[Callable[[], Ref], ...]
    refresher: Callable[[], Ref] | None = None
    keeper: Callable[[], Ref] | None = None


@dataclass(slots=True)
class Supervisor:
    """Runs one daemon until it is told to stop, or with `once` until nothing is pending.

    Args:
        company: who is to be started.
        signals: what the master says of itself.
        health: told of every tick, for ``/health/live``.
        drain_s: seconds that batches in flight have to land after the first signal.
        once: stop as soon as nothing is pending.
        revive: called when the database is away; starts it again, if it is ours to start.
        slips: reads them again on SIGHUP and when somebody rings; None where nobody does.
        staleness: which views the refresher has to refresh, with `once` before the end; None where nobody refreshes views.
    """

    company: Company
    signals: Signals
    health: HealthState
    drain_s: float
    once: bool = False
    revive: Callable[[], None] = lambda: None
    slips: Rereading | None = None
    staleness: Staleness | None = None
    _refs: dict[tuple[Kind, int], Ref] = field(default_factory=dict, init=False)
    _restarts: Restarts = field(default_factory=Restarts, init=False)
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
                if self.once and self.signals.idle.is_set():
                    break
                time.sleep(_TICK_S)
            status = self._drain()
            if self.once and self.staleness is not None:
                self._freshen(self.staleness)
            return 1 if self.once and self.signals.failed.is_set() else status
        finally:
            self._dismiss()

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
        master = self._refs.get((Kind.MASTER, 0))
        if fresh is not None:
            self.health.broken = fresh.broken()
            if master is not None:  # one that is started later begins with what is in force then
                tell(master, Reload(fresh.catalogue, fresh.told()))

    def _staff(self) -> None:
        """Start whoever is missing and due."""
        filled, lost = False, ""
        try:
            filled = self._fill_places()
            for kind, start in ((Kind.REFRESHER, self.company.refresher), (Kind.KEEPER, self.company.keeper)):
                if start is not None and self._gone(kind, 0) and self._due(kind, 0):
                    self._start(kind, 0, start)
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

    def _fill_places(self) -> bool:
        """Start whoever is missing and due; return whether every place is filled.

        A new master is told of everybody, a new parser or loader to the master.
        """
        if self._gone(Kind.MASTER, 0):
            self._dismiss_one(Kind.LISTENER, 0)
            if not self._due(Kind.MASTER, 0):
                return False
            self._start(Kind.MASTER, 0, self.company.master)
            for (kind, place), ref in list(self._refs.items()):
                self._introduce(kind, place, ref)
        filled = True
        for kind, starters in ((Kind.LOADER, self.company.loaders), (Kind.PARSER, self.company.parsers)):
            for place, start in enumerate(starters):
                if self._gone(kind, place):
                    if self._due(kind, place):
                        self._introduce(kind, place, self._start(kind, place, start))
                    else:
                        filled = False
        if self._gone(Kind.LISTENER, 0):
            if not self._due(Kind.LISTENER, 0):
                return False
            self._start(Kind.LISTENER, 0, lambda: self.company.listener(self._refs[Kind.MASTER, 0]))
        return filled

    def _start(self, kind: Kind, place: int, start: Callable[[], Ref]) -> Ref:
        ref = self._refs[kind, place] = start()
        try:
            ref.ask(Open(), timeout=_OPEN_S)
        except BaseException:
            self._restarts.failed((kind, place), time.monotonic())
            self._dismiss_one(kind, place)
            raise
        if self._restarts.started((kind, place), time.monotonic()):
            log.warning(events.ACTOR_RESTARTED, actor=kind, place=place)
        else:
            log.debug(events.ACTOR_STARTED, actor=kind, place=place)
        return ref

    def _introduce(self, kind: Kind, place: int, ref: Ref) -> None:
        if kind in (Kind.PARSER, Kind.LOADER) and ref.is_alive():
            self._refs[Kind.MASTER, 0].tell(Assign(kind, place, ref))

    def _gone(self, kind: Kind, place: int) -> bool:
        ref = self._refs.get((kind, place))
        return ref is None or not ref.is_alive()

    def _due(self, kind: Kind, place: int) -> bool:
        return self._restarts.due((kind, place), time.monotonic())

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
            master = self._refs.get((Kind.MASTER, 0))
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
        """Stop in the reverse of the order of start; the master last: it holds the lock that proves us alive."""
        if self.staleness is not None:
            self.staleness.stop.set()
        for kind in (Kind.KEEPER, Kind.REFRESHER, Kind.LISTENER, Kind.PARSER, Kind.LOADER, Kind.MASTER):
            for key in [key for key in self._refs if key[0] == kind]:
                self._dismiss_one(*key)

    def _dismiss_one(self, kind: Kind, place: int) -> None:
        ref = self._refs.pop((kind, place), None)
        if ref is not None and ref.is_alive():
            try:
                ref.stop(block=True, timeout=_STOP_S)
            except (pykka.Timeout, pykka.ActorDeadError) as exc:
                log.warning(events.ACTOR_STUCK, actor=kind, place=place, error=str(exc))
