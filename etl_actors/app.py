"""The composition root: the one place that knows every part, and puts a daemon together."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field
from functools import partial

import structlog

from etl_actors import __version__, events
from etl_actors.actors.alarm import Alarm
from etl_actors.actors.book import Book
from etl_actors.actors.dispatch import Dispatch
from etl_actors.actors.intake import Intake, Limits
from etl_actors.actors.keeper import KeeperActor
from etl_actors.actors.listener import ListenerActor
from etl_actors.actors.loader import LoaderActor
from etl_actors.actors.master import MasterActor
from etl_actors.actors.messages import Ref
from etl_actors.actors.pace import Pace
from etl_actors.actors.parser import ParserActor
from etl_actors.actors.refresher import RefresherActor
from etl_actors.actors.replays import Replays
from etl_actors.actors.signals import Signals
from etl_actors.actors.staff import Company, Staff
from etl_actors.actors.staleness import Staleness
from etl_actors.database_in_use import database_url, revive_embedded
from etl_actors.http.health import HealthState
from etl_actors.http.server import serve
from etl_actors.settings import Settings
from etl_actors.slips.shelf.unmatched import unmatched_as_set
from etl_actors.store.breakout.giving_way import GivingWay
from etl_actors.store.breakout.permission import Permission
from etl_actors.store.breakout.refreshing import Refreshed, refresh
from etl_actors.store.daemons import Node, declare
from etl_actors.store.database import Connection, connect
from etl_actors.store.doorbell import Doorbell
from etl_actors.store.inbox import Inbox
from etl_actors.store.replay.queue import ReplayQueue
from etl_actors.store.revision import require_accepted
from etl_actors.supervisor import Supervisor
from etl_actors.versions.in_force import Versions
from etl_actors.versions.rereading import Rereading
from etl_actors.workers.base import Worker
from etl_actors.workers.inline import InlineWorker
from etl_actors.workers.processes import ProcessWorker

__all__ = ["run"]

log = structlog.get_logger()


def run(settings: Settings, *, once: bool = False, replays_only: bool = False) -> int:
    """Run the daemon until it is told to stop, or with `once` until nothing is pending; return the exit status.

    Args:
        settings: of the daemon.
        once: end as soon as nothing is pending, and no replay is open that can go on here.
        replays_only: leave new rows to others.

    Raises:
        EtlError: it cannot start, and the sentence says why.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the supervisor hears it, the folders are being read anyway
    with database_url(settings) as url:
        if settings.database_url.get_secret_value():
            require_accepted(url)
        else:
            from etl_actors.store.migrate import migrate  # noqa: PLC0415  # Alembic takes as long as all the rest

            migrate(url, settings.target_schema, settings.partition_rows)
        unmatched = unmatched_as_set(settings.unmatched, settings.target_schema, settings.unmatched_names)
        versions = Versions(url, settings.parser_folders, settings.target_schema, unmatched, may_change=settings.ddl == "auto")
        in_force = versions.start()
        daemon = _Daemon(settings, url, versions, HealthState(settings.freshness_s, broken=in_force.broken()), once, replays_only)
        # Several daemons may work here, and one that ends by itself is asked by nobody how it is.
        with nullcontext() if once else serve(settings, daemon.health):
            log.info(events.DAEMON_STARTED, version=__version__, pid=os.getpid(), slips=len(in_force.catalogue.slips), once=once)
            try:
                status = daemon.supervisor().run()
            finally:
                daemon.alarm.stop()
            log.info(events.DAEMON_STOPPED, status=status)
    return status


@dataclass(frozen=True, slots=True)
class _Daemon:
    """One daemon's parts, and how each of its actors is made from them."""

    settings: Settings
    url: str = field(repr=False)  # holds the password
    versions: Versions
    health: HealthState
    once: bool
    replays_only: bool
    alarm: Alarm = field(default_factory=Alarm)
    signals: Signals = field(default_factory=Signals)
    staleness: Staleness = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "staleness", Staleness(self.settings.materialize_every_s))

    def supervisor(self) -> Supervisor:
        revive = partial(revive_embedded, self.settings)
        slips = Rereading(self.versions, self.versions.in_force)
        settings = self.settings
        return Supervisor(
            Staff(self.company(slips)), self.signals, self.health, settings.drain_s, self.once, revive, slips, self.staleness
        )

    def company(self, slips: Rereading) -> Company:
        return Company(
            master=lambda: MasterActor.start(self._mind),
            listener=lambda master: ListenerActor.start(self._connector("listener"), master, slips.ask, self.staleness.stop),
            parsers=(lambda: ParserActor.start(self._worker),) * self.settings.workers,
            loaders=(
                lambda: LoaderActor.start(
                    self._connector("loader", self.settings.lease_s), self.settings.target_schema, self.permission
                ),
            )
            * self.settings.loaders,
            refresher=lambda: RefresherActor.start(self._refresh, self.staleness),
            keeper=self._keeper(),
        )

    def _keeper(self) -> Callable[[], Ref] | None:
        """Start nobody for documents that are kept for ever, nor by a daemon that ends by itself."""
        keep_for = None if self.once else self.settings.retention
        if keep_for is None:
            return None
        return lambda: KeeperActor.start(self._connector("keeper"), keep_for, self.staleness.stop)

    def _refresh(self, slip: str, *, wait: bool) -> Refreshed:
        way = GivingWay(self._connector("watcher"), self.staleness.stop)
        with self._connector("refresher")() as conn:
            return refresh(conn, slip, self.settings.target_schema, way, wait=wait)

    def _connector(self, name: str, idle_limit_s: float | None = None) -> Callable[[], Connection]:
        return partial(connect, self.url, application_name=f"etl-actors {name}", idle_limit_s=idle_limit_s)

    def _mind(self, me: Ref) -> Dispatch:
        intake = self._intake()
        queue = ReplayQueue(intake.conn, intake.node.number, self.settings.target_schema, self.settings.source_names)
        return Dispatch(
            me=me,
            intake=intake,
            replays=Replays(queue, intake.limits, any_steps=self.settings.stored_steps == "any"),
            book=self._book(),
            catalogue=self.versions.in_force.catalogue,
            signals=self.signals,
            alarm=self.alarm,
            tell_waiting=self.health.waits_since,
            tell_slips=self.health.remark,
            staleness=self.staleness,
            once=self.once,
        )

    def _book(self) -> Book:
        settings = self.settings
        pace = Pace(settings.batch_rows, settings.batch_bytes, settings.workers, settings.loaders)
        return Book(settings.inflight_batches, settings.inflight_bytes, pace)

    def _intake(self) -> Intake:
        settings = self.settings
        with ExitStack() as undo:  # a master that cannot be made leaves no connection behind
            conn = undo.enter_context(closing(self._connector("master")()))
            node = undo.enter_context(closing(Node(self.url)))
            self.versions.node = node.number
            declare(conn, node.number, self.versions.in_force.told())
            made = Intake(
                conn=conn,
                node=node,
                inbox=Inbox(conn, node.number, only=settings.source_names),
                doorbell=Doorbell(conn, node.number, settings.poll_s, settings.asleep_s, settings.safety_poll_s),
                limits=Limits(
                    batch_rows=settings.batch_rows,
                    batch_bytes=settings.batch_bytes,
                    lease_s=settings.lease_s,
                    max_attempts=settings.max_attempts,
                    partition_rows=settings.partition_rows,
                    sources=settings.source_names,
                ),
                claiming=not self.replays_only,
            )
            undo.pop_all()
        return made

    def _worker(self) -> Worker:
        if self.settings.worker_kind == "thread":
            return InlineWorker(self.url, self.settings.target_schema, self.permission)
        return ProcessWorker(self.url, self.settings.target_schema, self.settings.row_timeout_s, self.permission)

    @property
    def permission(self) -> Permission:
        return Permission(self.settings.ddl == "auto", self.settings.ddl_max_rewrite_mb)
