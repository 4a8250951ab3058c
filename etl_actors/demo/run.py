"""The demonstration: real input through the running daemon, until the books balance."""

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

import orjson
from rich.console import Console

from etl_actors.database_in_use import database_url
from etl_actors.demo import report
from etl_actors.demo.books import settled
from etl_actors.demo.daemon import Daemon
from etl_actors.demo.distributions import installed
from etl_actors.demo.generated import Generated
from etl_actors.demo.latency import Latency, measure
from etl_actors.demo.shop import product, scrape
from etl_actors.feeding.feeder import Feeder
from etl_actors.feeding.stop import Stop
from etl_actors.settings import Settings
from etl_actors.slips.shelf.catalogue import Catalogue, usable_catalogue
from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection, connect, describe
from etl_actors.store.feed import FeedConnection
from etl_actors.store.ledger import LedgerRow
from etl_actors.store.migrate import migrate
from etl_actors.store.queries import queries

__all__ = ["demonstrate"]

_SQL = queries("demo")
_SLIPS = {"python": "python_distribution", "shop": "shop_product"}
_SOURCES = tuple(_SLIPS)
_COMMITS = 150
_COMMITS_PER_SECOND = 50.0


@dataclass(frozen=True, slots=True)
class _Measured:
    """What one pass brought.

    Args:
        rows: fed in bulk.
        seconds: from the first commit until the books balanced.
        books: of the sources, at the end.
        latency: of the rows that came one by one afterwards.
    """

    rows: int
    seconds: float
    books: list[LedgerRow]
    latency: Latency


def demonstrate(settings: Settings, console: Console, documents: int) -> int:
    """Migrate, start the daemon, feed it, wait until the books balance, show what came of it, stop the daemon.

    Args:
        settings: in force; of the slips the bundled ones are used.
        console: to show it on.
        documents: of the shop.

    Returns:
        The exit status: 0, or 1 where the audit found something.

    Raises:
        EtlError: any step failed; the daemon is stopped all the same.
    """
    catalogue = usable_catalogue(settings.model_copy(update={"parsers": ""}).parser_folders, settings.target_schema)
    with database_url(settings) as url:
        console.print(f"[bold]etl-actors demo[/bold]: {describe(url)}")
        migrate(url, settings.target_schema, settings.partition_rows)
        with connect(url, application_name="etl-actors demo") as conn:
            show = _Demonstration(settings, console, conn, url)
            sources = {source for slip in catalogue.slips for source in slip.sources or ()}
            with Daemon(settings, url, sorted(sources)) as daemon:
                console.print(f"The daemon is running (process {daemon.pid}, {settings.workers} workers).")
                measured = show.measure(daemon, documents)
                took = daemon.stop()
            console.print(f"The daemon drained and ended {took:.1f} seconds after SIGTERM.\n")
            show.results(catalogue, measured)
            return show.verdict()


class _Demonstration:
    """One pass over one database."""

    def __init__(self, settings: Settings, console: Console, conn: Connection, url: str) -> None:
        self._settings = settings
        self._console = console
        self._conn = conn
        self._url = url
        marks = conn.execute(_SQL["marks"]).fetchone()
        self._row_before = marks[0] if marks else 0

    def measure(self, daemon: Daemon, documents: int) -> _Measured:
        """Feed both sources, then single rows, and wait for the books each time."""
        begun = time.perf_counter()
        rows = self._feed("python", "the metadata of the Python distributions found on this machine", installed())
        rows += self._feed("shop", "a shop, scraped", scrape(documents))
        settled(self._conn, _SOURCES, daemon)
        seconds = time.perf_counter() - begun
        pages = (orjson.dumps(product(number, documents + number, 1.0)) for number in range(_COMMITS))
        latency = measure(self._url, "shop", pages, _COMMITS_PER_SECOND)
        return _Measured(rows, seconds, settled(self._conn, _SOURCES, daemon), latency)

    def results(self, catalogue: Catalogue, measured: _Measured) -> None:
        """Show books, tables, rejects, rate and latency."""
        report.show_books(self._console, measured.books)
        for slip in filter(None, map(catalogue.named, _SLIPS.values())):
            for table in slip.targets:
                report.show_table(self._console, self._conn, table)
        report.show_rejects(self._console, self._conn, _SOURCES, self._row_before)
        self._console.print(
            f"Throughput: {measured.rows:,} documents in {measured.seconds:.1f} seconds, "
            f"{measured.rows / measured.seconds:,.0f} a second, from the first one made until the books balanced. "
            "Making and feeding them, the server and the daemon share this machine."
        )
        report.show_latency(self._console, measured.latency)
        if sum(row.staged for row in measured.books) > measured.rows + _COMMITS:
            self._console.print(
                "These sources had been fed before. What is the same again counts as duplicate, or replaces itself where the "
                "slip says update: staging grows, the tables do not."
            )

    def verdict(self) -> int:
        """Show the audit; return the exit status."""
        with connect(self._url, role="etl_operator", application_name="etl-actors audit") as conn:
            audited = audit(conn, self._settings.target_schema)
        report.show_audit(self._console, audited)
        return 1 if audited.findings else 0

    def _feed(self, source: str, what: str, lines: Iterable[bytes]) -> int:
        with closing(FeedConnection(self._url, source, partition_rows=self._settings.partition_rows)) as connection:
            fed = Feeder(connection.put, Stop()).feed([Generated(f"the {source} feed", lines)])
        self._console.print(
            f"Fed source {source}: {what}: {fed.staged:,} {'row' if fed.staged == 1 else 'rows'}, {fed.raw:,} of them not JSON and kept raw."
        )
        return fed.staged
