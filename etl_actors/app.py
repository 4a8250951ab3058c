"""The composition root: the one place that knows every part, and puts a daemon together."""

import os
from collections.abc import Callable
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field
from functools import partial

import structlog

from etl_actors import __version__, events
from etl_actors.actors.alarm import Alarm
from etl_actors.actors.book import Book
from etl_actors.actors.dispatch import Dispatch, Signals
from etl_actors.actors.intake import Intake, Limits
from etl_actors.actors.listener import ListenerActor
from etl_actors.actors.loader import LoaderActor
from etl_actors.actors.master import MasterActor
from etl_actors.actors.messages import Ref
from etl_actors.actors.parser import ParserActor
from etl_actors.database_in_use import database_url, revive_embedded
from etl_actors.errors import SlipError
from etl_actors.http.health import HealthState
from etl_actors.http.server import serve
from etl_actors.settings import Settings
from etl_actors.slips.catalogue import Catalogue, load_catalogue
from etl_actors.store.daemons import Node
from etl_actors.store.database import Connection, connect
from etl_actors.store.doorbell import Doorbell
from etl_actors.store.inbox import Inbox, waiting_sources
from etl_actors.store.kin import require_same_identity, stored_slips
from etl_actors.store.migrate import migrate, require_accepted
from etl_actors.store.slips import remember
from etl_actors.store.targets import ensure_tables
from etl_actors.supervisor import Company, Supervisor
from etl_actors.workers.base import Worker
from etl_actors.workers.inline import InlineWorker
from etl_actors.workers.processes import ProcessWorker

__all__ = ["catalogue_in_force", "run"]

log = structlog.get_logger()


def catalogue_in_force(settings: Settings) -> Catalogue:
    """Load the slips.

    Raises:
        SlipError: any of them is wrong: started without it, its source's rows would all be rejected.
    """
    catalogue = load_catalogue(settings.parser_folders, settings.target_schema)
    if catalogue.problems:
        raise SlipError("\n".join(catalogue.problems))
    return catalogue


def run(settings: Settings, *, once: bool = False) -> int:
    """Run the daemon until it is told to stop, or with `once` until nothing is pending; return the exit status.

    Raises:
        EtlError: it cannot start, and the sentence says why.
    """
    with database_url(settings) as url:
        if settings.database_url.get_secret_value():
            require_accepted(url)
        else:
            migrate(url, settings.target_schema, settings.partition_rows)
        catalogue = catalogue_in_force(settings)
        _prepare(url, catalogue, settings.target_schema)
        daemon = _Daemon(settings, url, catalogue, HealthState(settings.freshness_s), once)
        # Several daemons may work here, and one that ends by itself is asked by nobody how it is.
        with nullcontext() if once else serve(settings, daemon.health):
            log.info(events.DAEMON_STARTED, version=__version__, pid=os.getpid(), slips=len(catalogue.slips), once=once)
            try:
                status = daemon.supervisor().run()
            finally:
                daemon.alarm.stop()
            log.info(events.DAEMON_STOPPED, status=status)
    return status


def _prepare(url: str, catalogue: Catalogue, target_schema: str) -> None:
    """Make what the slips need before the first row: their tables, and the record of their text."""
    with connect(url) as conn:
        stored = stored_slips(conn, target_schema)
        for slip in catalogue.slips:
            require_same_identity(conn, slip, stored)
            for name in ensure_tables(conn, slip.targets, slip.name):
                log.info(events.SCHEMA_CHANGED, table=name, slip=slip.name)
            remember(conn, slip)
            log.info(events.SLIP_LOADED, slip=slip.name, digest=slip.digest)
        for source in waiting_sources(conn):
            if not catalogue.for_source(source):
                log.warning(events.SOURCE_UNMATCHED, source=source)


@dataclass(frozen=True, slots=True)
class _Daemon:
    """One daemon's parts, and how each of its actors is made from them."""

    settings: Settings
    url: str = field(repr=False)  # holds the password
    catalogue: Catalogue
    health: HealthState
    once: bool
    alarm: Alarm = field(default_factory=Alarm)
    signals: Signals = field(default_factory=Signals)

    def supervisor(self) -> Supervisor:
        revive = partial(revive_embedded, self.settings)
        return Supervisor(self.company(), self.signals, self.health, self.settings.drain_s, self.once, revive)

    def company(self) -> Company:
        return Company(
            master=lambda: MasterActor.start(self._mind),
            listener=lambda master: ListenerActor.start(self._connector("listener"), master),
            parsers=(lambda: ParserActor.start(self._worker),) * self.settings.workers,
            loaders=(lambda: LoaderActor.start(self._connector("loader", self.settings.lease_s), self.settings.target_schema),)
            * self.settings.loaders,
        )

    def _connector(self, name: str, idle_limit_s: float | None = None) -> Callable[[], Connection]:
        return partial(connect, self.url, application_name=f"etl-actors {name}", idle_limit_s=idle_limit_s)

    def _mind(self, me: Ref) -> Dispatch:
        return Dispatch(
            me=me,
            intake=self._intake(),
            book=Book(self.settings.inflight_batches, self.settings.inflight_bytes),
            catalogue=self.catalogue,
            signals=self.signals,
            alarm=self.alarm,
            tell_waiting=self.health.waits_since,
            once=self.once,
        )

    def _intake(self) -> Intake:
        settings = self.settings
        with ExitStack() as undo:  # a master that cannot be made leaves no connection behind
            conn = undo.enter_context(closing(self._connector("master")()))
            node = undo.enter_context(closing(Node(self.url)))
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
            )
            undo.pop_all()
        return made

    def _worker(self) -> Worker:
        if self.settings.worker_kind == "thread":
            return InlineWorker(self.url, self.settings.target_schema)
        return ProcessWorker(self.url, self.settings.target_schema, self.settings.row_timeout_s)
