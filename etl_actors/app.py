"""The composition root: the one place that knows every part, and puts a daemon together."""

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import structlog
from platformdirs import user_data_path

from etl_actors import __version__, events
from etl_actors.actors.alarm import Alarm
from etl_actors.actors.book import Book
from etl_actors.actors.dispatch import Dispatch, Limits, Signals
from etl_actors.actors.listener import ListenerActor
from etl_actors.actors.loader import LoaderActor
from etl_actors.actors.master import MasterActor
from etl_actors.actors.messages import Ref
from etl_actors.actors.parser import ParserActor
from etl_actors.embedded import acquire
from etl_actors.errors import SlipError
from etl_actors.http.health import HealthState
from etl_actors.http.server import serve
from etl_actors.settings import Settings
from etl_actors.slips.catalogue import Catalogue, load_catalogue
from etl_actors.store.daemons import Node
from etl_actors.store.database import Connection, connect
from etl_actors.store.doorbell import Doorbell
from etl_actors.store.inbox import Inbox
from etl_actors.store.migrate import migrate, require_accepted
from etl_actors.store.slips import remember
from etl_actors.store.targets import ensure_tables
from etl_actors.supervisor import Company, Supervisor
from etl_actors.workers.base import Worker
from etl_actors.workers.inline import InlineWorker
from etl_actors.workers.processes import ProcessWorker

__all__ = ["catalogue_in_force", "database_url", "run"]

log = structlog.get_logger()


@contextlib.contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database in use: the one named, or the embedded server's, which runs as long as it is held.

    Raises:
        EtlError: no database is named and the embedded one is not installed, or cannot be started.
    """
    named = settings.database_url.get_secret_value()
    if named:
        yield named
        return
    data_dir = Path(settings.data_dir) if settings.data_dir else user_data_path("etl-actors")
    with acquire(data_dir) as lease:
        yield lease.url


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
        _prepare(url, catalogue)
        health = HealthState(settings.freshness_s)
        supervisor, alarm = _assemble(settings, url, catalogue, health, once=once)
        with serve(settings, health):
            log.info(events.DAEMON_STARTED, version=__version__, pid=os.getpid(), slips=len(catalogue.slips), once=once)
            try:
                status = supervisor.run()
            finally:
                alarm.stop()
            log.info(events.DAEMON_STOPPED, status=status)
    return status


def _prepare(url: str, catalogue: Catalogue) -> None:
    """Make what the slips need before the first row: their tables, and the record of their text."""
    with connect(url) as conn:
        for slip in catalogue.slips:
            for name in ensure_tables(conn, slip.targets, slip.name):
                log.info(events.SCHEMA_CHANGED, table=name, slip=slip.name)
            remember(conn, slip)
            log.info(events.SLIP_LOADED, slip=slip.name, digest=slip.digest)


def _assemble(settings: Settings, url: str, catalogue: Catalogue, health: HealthState, *, once: bool) -> tuple[Supervisor, Alarm]:
    alarm = Alarm()
    signals = Signals()
    mind = partial(_make_dispatch, settings, url, catalogue, signals, alarm, health, once)
    open_loader = partial(connect, url, application_name="etl-actors loader")
    company = Company(
        master=lambda: MasterActor.start(mind),
        listener=lambda master: ListenerActor.start(partial(connect, url, application_name="etl-actors listener"), master),
        parsers=(lambda: ParserActor.start(partial(_make_worker, settings, url)),) * settings.workers,
        loaders=(lambda: LoaderActor.start(open_loader),) * settings.loaders,
    )
    return Supervisor(company, signals, health, settings.drain_s, once), alarm


def _make_dispatch(
    settings: Settings, url: str, catalogue: Catalogue, signals: Signals, alarm: Alarm, health: HealthState, once: bool, me: Ref
) -> Dispatch:
    conn: Connection = connect(url, application_name="etl-actors master")
    node = Node(url)
    return Dispatch(
        me=me,
        conn=conn,
        node=node,
        inbox=Inbox(conn, node.number),
        doorbell=Doorbell(conn, node.number, settings.poll_s, settings.asleep_s, settings.safety_poll_s),
        book=Book(settings.inflight_batches or 2 * settings.workers + 2 * settings.loaders, settings.inflight_bytes),
        catalogue=catalogue,
        limits=Limits(
            settings.batch_rows, settings.batch_bytes, settings.lease_s, settings.max_attempts, settings.partition_rows
        ),
        signals=signals,
        alarm=alarm,
        health=health,
        once=once,
    )


def _make_worker(settings: Settings, url: str) -> Worker:
    if settings.worker_kind == "thread":
        return InlineWorker(url, settings.target_schema)
    return ProcessWorker(url, settings.target_schema, settings.row_timeout_s)
