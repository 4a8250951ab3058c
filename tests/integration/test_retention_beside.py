"""Retention beside others: producers, loads, readers and audits are not disturbed, and a kill at any moment does nothing by half."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection, connect
from etl_actors.store.ledger import ledger
from etl_actors.store.retention import Hindrance, Why, drop, due_partitions
from tests.support.documents import one, stage, until_blocked
from tests.support.partitions import seal
from tests.support.retained import ROWS, SLIP, at_once, balance, books, findings, first_of
from tests.support.settle import settle


@pytest.fixture
def reader(database: str) -> Iterator[psycopg.Connection]:
    """Read staging in a transaction that does not end."""
    with psycopg.connect(database) as conn:
        conn.execute("SELECT count(*) FROM etl.staging")
        yield conn


def test_whoever_reads_staging_for_long_is_not_disturbed_nor_are_producers_held_behind(
    settled: Connection, producer: Connection, reader: psycopg.Connection
) -> None:
    partition, rests = first_of(settled), []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        stage(producer, "library", books(100 + len(rests), 1))

    pid = reader.info.backend_pid
    (busy,) = drop(settled, partition, rest)
    assert busy.text == f"other sessions use etl.staging all the time (just now {pid})"
    assert rests == [0.2, 0.4, 0.8, 1.6, 0.0]
    assert balance(settled) == {"staged": 30, "pending": 5, "loaded": 23, "rejected": 2}
    reader.rollback()
    assert drop(settled, partition) == []
    assert balance(settled) == {"staged": 20, "pruned": 10, "pending": 5, "loaded": 23, "rejected": 2}


def _calling(url: str, name: str, told: list[Any], wait_ms: int = 1000) -> tuple[psycopg.Connection, threading.Thread]:
    conn = psycopg.connect(url, autocommit=True)

    def call() -> None:
        try:
            told.append(conn.execute("SELECT * FROM etl.drop_staging_partition(%s, %s)", [name, wait_ms]).fetchall())
        except psycopg.Error as exc:
            told.append(type(exc))

    thread = threading.Thread(target=call)
    thread.start()
    return conn, thread


def test_a_dead_letter_that_is_reopened_while_it_waits_for_staging_keeps_the_partition(
    settled: Connection, admin: Connection, database: str, reader: psycopg.Connection
) -> None:
    told: list[Any] = []
    conn, thread = _calling(database, first_of(settled).name, told)
    until_blocked(admin, conn.info.backend_pid)
    admin.execute("UPDATE etl.reject SET status = 'open' WHERE row_id = 7")
    reader.rollback()
    thread.join()
    conn.close()
    assert told == [[("rejected", 1)]]
    assert balance(settled) == {"staged": 25, "loaded": 23, "rejected": 2}


def test_killed_while_it_waits_it_has_done_nothing_and_is_done_by_the_next(
    settled: Connection, admin: Connection, database: str, reader: psycopg.Connection
) -> None:
    told: list[Any] = []
    conn, thread = _calling(database, first_of(settled).name, told)
    until_blocked(admin, conn.info.backend_pid)
    admin.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
    thread.join()
    assert told == [psycopg.errors.AdminShutdown]
    assert balance(settled) == {"staged": 25, "loaded": 23, "rejected": 2}
    reader.rollback()
    assert drop(settled, first_of(settled)) == []
    assert balance(settled) == {"staged": 15, "pruned": 10, "loaded": 23, "rejected": 2}
    assert findings(database) == []


def test_killed_between_the_drop_and_its_commit_it_has_done_nothing(
    settled: Connection, admin: Connection, database: str
) -> None:
    partition = first_of(settled)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT * FROM etl.drop_staging_partition(%s)", [partition.name]).fetchall() == []
        assert conn.execute("SELECT staged, pruned, balanced FROM etl.ledger").fetchall() == [(15, 10, True)], "as it will see it"
        admin.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
    assert balance(settled) == {"staged": 25, "loaded": 23, "rejected": 2}
    assert findings(database) == []
    assert one(settled, "SELECT count(*) FROM etl.action WHERE action = 'prune'") == 0
    assert drop(settled, partition) == []
    assert balance(settled) == {"staged": 15, "pruned": 10, "loaded": 23, "rejected": 2}


def test_two_at_once_drop_it_once(settled: Connection, database: str, reader: psycopg.Connection, admin: Connection) -> None:
    told: list[Any] = []
    name = first_of(settled).name
    first, one_thread = _calling(database, name, told)
    until_blocked(admin, first.info.backend_pid)
    second, other_thread = _calling(database, name, told)
    until_blocked(admin, second.info.backend_pid)
    reader.rollback()
    one_thread.join()
    other_thread.join()
    first.close()
    second.close()
    assert sorted(told) == [[], [("gone", None)]]
    assert balance(settled) == {"staged": 15, "pruned": 10, "loaded": 23, "rejected": 2}


def test_an_audit_sees_a_partition_whole_or_not_at_all(settled: Connection, service_url: str, database: str) -> None:
    """Its snapshot is older than what it reads of the catalogue: a partition that is dropped in between would have had no rows."""
    partition = first_of(settled)
    tried: list[list[Hindrance]] = []

    def prune(what: str) -> None:
        if what == "the books":
            with psycopg.connect(service_url, autocommit=True) as other:
                tried.append(at_once(other, partition))

    with connect(database, role="etl_operator") as operator:
        assert audit(operator, "public", tell=prune).findings == ()
    assert [each.why for (each,) in tried] == [Why.BUSY]
    assert drop(settled, partition) == []


@dataclass
class _Works:
    """What goes on while partitions are dropped, each over a connection of its own.

    Args:
        service_url: of the daemon's work.
        producer_url: of the producer.
        rows: that are staged in all.
    """

    service_url: str
    producer_url: str
    rows: int
    staged: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)

    def thread(self, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as exc:  # noqa: BLE001  # it is to fail the test, in whose thread it is not
                self.failures.append(exc)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def produce(self) -> None:
        """Stage five rows a commit, with room for the next."""
        try:
            with closing(connect(self.service_url)) as keeper, psycopg.connect(self.producer_url, autocommit=True) as conn:
                for first in range(1, self.rows + 1, 5):
                    stage(conn, "library", [{"isbn": str(n), "year": n} for n in range(first, first + 5)])
                    seal(keeper, ROWS, 1)
        finally:
            self.staged.set()

    def load(self) -> None:
        """Work off what waits, until nothing more comes."""
        last = False
        with closing(connect(self.service_url)) as conn:
            while not last:
                last = self.staged.is_set()
                settle(conn, {"library": SLIP}, 7)

    def watch(self) -> None:
        """Look at the books again and again."""
        with closing(connect(self.service_url)) as conn:
            while not self.ended.is_set():
                if ledger(conn):
                    balance(conn)


def test_a_load_goes_on_meanwhile_and_loses_nothing(
    small: Connection, service_url: str, producer_url: str, database: str
) -> None:
    """Partitions vanish behind producers, loads and readers of the books, and all balances at every look."""
    works = _Works(service_url, producer_url, 600)
    working, watching = [works.thread(works.produce), works.thread(works.load)], works.thread(works.watch)
    dropped = 0
    while any(thread.is_alive() for thread in working):
        dropped += sum(at_once(small, partition) == [] for partition in due_partitions(small, None)[0])
    works.ended.set()
    watching.join()
    assert works.failures == []
    assert dropped > 3, "some were dropped while the load went on"
    seal(small, ROWS, 80)
    for partition in due_partitions(small, None)[0]:
        assert drop(small, partition) == []
    found = balance(small)
    assert (found["loaded"], found["staged"] + found["pruned"]) == (works.rows, works.rows)
    assert found["pruned"] >= works.rows - 3 * ROWS
    assert one(small, "SELECT count(*), count(DISTINCT isbn) FROM public.book") == (works.rows, works.rows)
    assert findings(database) == []
