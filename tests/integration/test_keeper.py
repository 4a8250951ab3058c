"""The keeper drops what is old while the daemon runs, says once why it keeps a partition, and outlives what goes wrong."""

import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from etl_actors import events
from etl_actors.actors.keeper import KeeperActor
from etl_actors.actors.messages import Open
from etl_actors.errors import DatabaseUnavailable
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection, connect
from etl_actors.store.ledger import ledger
from etl_actors.store.slips import remember
from tests.support.daemon import wait_until
from tests.support.documents import stage
from tests.support.partitions import seal, tiny_partitions
from tests.support.settle import settle

SLIP = read_slip(
    {"slip.toml": 'name = "book"\nsource = "library"\n[tables.book]\ncolumns.year = "year | int"\n'},
    "public",
)
AT_ONCE = timedelta(0)


@pytest.fixture
def settled(service: Connection, producer: Connection, admin: Connection) -> Connection:
    """Settle 25 rows, the seventeenth of which is rejected, in partitions of ten."""
    tiny_partitions(admin, service, 10)
    remember(service, SLIP)
    stage(producer, "library", [{"year": "MCM" if n == 17 else n} for n in range(1, 26)])
    settle(service, {"library": SLIP}, 100)
    seal(service, 10)
    return service


@contextmanager
def keeping(
    connector: Callable[[], Connection], keep_for: timedelta = AT_ONCE, every_s: float = 0.01
) -> Iterator[list[MutableMapping[str, Any]]]:
    """Run a keeper; yield what it logs."""
    stop = threading.Event()
    with capture_logs() as logged:
        ref = KeeperActor.start(connector, keep_for, stop, every_s)
        ref.ask(Open(), timeout=60)
        try:
            yield logged
        finally:
            stop.set()
            assert ref.stop(block=True, timeout=60)


def of(logged: Sequence[Mapping[str, Any]], event: str) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in each.items() if key not in ("event", "log_level")}
        for each in logged
        if each["event"] == event
    ]


def test_what_is_due_goes_and_what_is_needed_stays_until_it_is_not(settled: Connection, service_url: str) -> None:
    looks: list[int] = []

    def connecting() -> Connection:
        looks.append(1)
        return connect(service_url)

    with keeping(connecting) as logged:
        wait_until(lambda: len(looks) > 3, "the keeper has looked several times")
        (dropped,) = of(logged, events.PARTITION_DROPPED)
        assert (dropped["partition"], dropped["rows"]) == (f"staging_{1:019}", 10)
        assert of(logged, events.PARTITION_KEPT) == [{"partition": f"staging_{11:019}", "why": "1 row openly rejected"}], "once"
        settled.execute("UPDATE etl.reject SET status = 'discarded'")
        wait_until(lambda: len(of(logged, events.PARTITION_DROPPED)) == 2, "the other one is dropped")
    (row,) = ledger(settled)
    assert (row.staged, row.pruned, row.loaded, row.rejected, row.balanced) == (5, 20, 24, 1, True)
    assert {each["event"] for each in logged} == {events.PARTITION_DROPPED, events.PARTITION_KEPT}


def test_while_others_have_staging_for_long_one_partition_a_look_is_tried(
    settled: Connection, service_url: str, database: str
) -> None:
    settled.execute("UPDATE etl.reject SET status = 'discarded'")
    with psycopg.connect(database) as reader:
        reader.execute("SELECT count(*) FROM etl.staging")
        why = f"other sessions use etl.staging all the time (just now {reader.info.backend_pid})"
        with keeping(partial(connect, service_url), every_s=3600) as logged:
            wait_until(lambda: bool(of(logged, events.PARTITION_KEPT)), "the first one is kept")
    assert of(logged, events.PARTITION_KEPT) == [{"partition": f"staging_{1:019}", "why": why}]
    assert ledger(settled)[0].pruned == 0


def test_what_is_younger_stays(settled: Connection, service_url: str) -> None:
    looks: list[int] = []

    def connecting() -> Connection:
        looks.append(1)
        return connect(service_url)

    with keeping(connecting, timedelta(days=1)) as logged:
        wait_until(lambda: len(looks) > 2, "the keeper has looked several times")
    assert logged == []
    assert ledger(settled)[0].pruned == 0


def test_a_database_that_is_away_is_told_and_asked_again(settled: Connection, service_url: str) -> None:
    answers: list[Callable[[], Connection]] = [partial(connect, service_url)]

    def connecting() -> Connection:
        if len(answers) == 1:
            answers.append(partial(connect, service_url))
            msg = "No answer from database etl."
            raise DatabaseUnavailable(msg)
        return answers[0]()

    with keeping(connecting) as logged:
        wait_until(lambda: bool(of(logged, events.PARTITION_DROPPED)), "the first one is dropped")
    assert logged[0] == {"event": events.RETENTION_FAILED, "log_level": "warning", "error": "No answer from database etl."}


def test_between_two_looks_it_has_no_connection_and_stops_at_once(settled: Connection, service_url: str) -> None:
    opened: list[Connection] = []

    def connecting() -> Connection:
        opened.append(connect(service_url))
        return opened[-1]

    with keeping(connecting, every_s=3600) as logged:
        wait_until(lambda: bool(of(logged, events.PARTITION_KEPT)) and opened[0].closed, "the first look is over")
    assert len(opened) == 1
