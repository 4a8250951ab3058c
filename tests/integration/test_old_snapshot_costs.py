"""Under a transaction that is an hour old vacuum removes nothing: claims, polls, beats and producers cost what they did before."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from etl_actors.store.claimed import Claimed
from etl_actors.store.daemons import write_own
from etl_actors.store.database import Connection, connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import release_strays, rescue
from etl_actors.store.ledger import carry, glance
from etl_actors.store.replay.queue import ReplayQueue
from tests.support.documents import one
from tests.support.explaining import Explaining, Way
from tests.support.leases import OWNER

_BATCHES = 100
_ROWS = 100
_UPDATES = 3_600  # one a second, for an hour


@pytest.fixture(autouse=True)
def old(database: str) -> Iterator[None]:
    """Hold a snapshot that sees everything, for the whole test."""
    with psycopg.connect(database) as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SELECT count(*) FROM etl.inbox")
        yield


@pytest.fixture
def asked(service_url: str) -> Iterator[tuple[Connection, Explaining]]:
    explaining = Explaining(service_url, (Way.CUSTOM,))
    with explaining.connect() as conn:
        yield conn, explaining


def _pages(explaining: Explaining, do: Callable[[], object]) -> int:
    explaining.heard.clear()
    do()
    return sum(one.pages for one in explaining.heard)


class _Clock:
    """Stands still, so that no sweep comes due but when a test lets time pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _stage(admin: Connection, rows: int) -> None:
    """Stage rows with gaps between their ids, so that each waits by itself."""
    admin.execute(
        "INSERT INTO etl.staging (source, payload) SELECT 'shop', '1' FROM generate_series(1, %s) "
        "WHERE nextval('etl.staging_row_id_seq') > 0",
        [rows],
    )


def test_the_hundredth_claim_and_poll_touch_no_more_pages_than_the_first(
    admin: Connection, service_url: str, asked: tuple[Connection, Explaining]
) -> None:
    conn, explaining = asked
    _stage(admin, (_BATCHES + 20) * _ROWS)
    clock = _Clock()
    inbox = Inbox(conn, OWNER, clock)
    inbox.look()
    inbox._next_sweep = 1e9

    def turn() -> None:
        inbox.look()
        inbox.claim(_ROWS, 2**40)
        inbox.waiting_since()

    first = [_pages(explaining, turn) for _ in range(10)]
    with connect(service_url) as other:
        beside = Inbox(other, OWNER)
        for _ in range(_BATCHES - 10):
            beside.look()
            beside.claim(_ROWS, 2**40)
        inbox._floors["shop"] = one(admin, "SELECT max(row_hi) FROM etl.batch")  # as if all had been this one's
        last = [_pages(explaining, turn) for _ in range(10)]
        assert sum(last) <= 1.1 * sum(first) + 100
        while beside.look() and beside.claim(10 * _ROWS, 2**40):
            pass
    inbox._floors["shop"] = one(admin, "SELECT max(row_id) FROM etl.staging")

    def poll() -> None:
        assert not inbox.look()
        assert inbox.waiting_since() is None

    assert _pages(explaining, poll) <= 10
    assert _pages(explaining, inbox.sweep) > 50, "the naive poll steps over all that was claimed"


def test_a_ring_costs_no_sweep_where_a_look_finds_what_was_staged(
    admin: Connection, asked: tuple[Connection, Explaining]
) -> None:
    conn, explaining = asked
    inbox = Inbox(conn, OWNER, _Clock())
    _stage(admin, 5000)
    inbox.look()
    inbox.claim(5000, 2**40)
    inbox._next_sweep = 1e9
    _stage(admin, 1)
    assert _pages(explaining, lambda: inbox.look(thorough=True)) <= 10


def test_who_looks_among_the_claimed_batches_steps_over_none_that_is_done(
    admin: Connection, asked: tuple[Connection, Explaining]
) -> None:
    conn, explaining = asked
    clock = _Clock()
    held = Claimed(conn, clock)
    Inbox(conn, OWNER)

    def beat() -> None:
        release_strays(conn, OWNER, [], held.floor())
        rescue(conn, OWNER, 60, 10, (), held.floor())

    held.floor()
    first = _pages(explaining, beat)
    admin.execute(
        "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner) SELECT 'a', ARRAY[n], n, n, 1, 7 FROM generate_series(1, %s) n",
        [_UPDATES],
    )
    admin.execute("UPDATE etl.batch SET status = 'done', outcomes = 'l', loaded = 1, finished_at = now()")
    assert _pages(explaining, beat) > first + 50, "the naive look steps over all of them"
    clock.now += 61
    held.floor()
    held._next_sweep = 1e9
    assert _pages(explaining, beat) <= first + 10


def test_a_claimed_batch_is_never_below_the_floor(admin: Connection, service: Connection) -> None:
    clock = _Clock()
    held = Claimed(service, clock)
    assert held.floor() == 0
    insert = (
        "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner) VALUES ('a', '{1}', 1, 1, 1, 7) RETURNING batch_id"
    )
    first, second = one(admin, insert), one(admin, insert)
    clock.now += 61
    assert held.floor() == first - 1
    admin.execute("UPDATE etl.batch SET status = 'released' WHERE batch_id = %s", [first])
    assert held.floor() in {first - 1, second - 1}
    clock.now += 61
    assert held.floor() == second - 1
    assert [lease.batch_id for lease in rescue(service, OWNER, 60, 10, (), held.floor())] == [second]
    admin.execute("UPDATE etl.batch SET status = 'released'")
    clock.now += 61
    assert held.floor() == second


def test_the_books_cost_no_more_after_an_hour_of_batches(
    admin: Connection, service: Connection, asked: tuple[Connection, Explaining]
) -> None:
    """What was carried forward, or away from, stays as dead rows: a few a time, and not one a batch."""
    conn, explaining = asked
    settle = (
        "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, outcomes, loaded) "
        "SELECT 'source ' || n %% 5, ARRAY[n], n, n, 1, 7, 'done', 'l', 1 FROM generate_series(1, %s) n"
    )

    def minutes(times: int) -> int:
        for _ in range(times):
            admin.execute(settle, [550])
            carry(service)
        return _pages(explaining, lambda: glance(conn))

    first = minutes(3)
    assert minutes(100) <= 1.5 * first + 25
    assert one(admin, "SELECT sum(loaded) FROM etl.ledger") == 103 * 550


def _aged(admin: Connection, node: int, updates: int) -> None:
    """Let a daemon have beaten and slept, second by second, until now."""
    admin.execute("SET synchronous_commit = off")
    for n in range(updates, 0, -1):
        admin.execute(
            "UPDATE etl.daemon SET beat_at = clock_timestamp() - %s * interval '1 s', asleep_until = clock_timestamp() - %s * interval '1 s' "
            "WHERE node = %s",
            [n, n, node],
        )
    admin.execute("UPDATE etl.daemon SET beat_at = clock_timestamp(), asleep_until = '-infinity' WHERE node = %s", [node])


@pytest.fixture
def node(admin: Connection) -> int:
    slips = '{"shop": {"digest": "00000000000000000000000000000000"}, "mail": {"digest": "00000000000000000000000000000000"}}'
    found: int = one(admin, "INSERT INTO etl.daemon (name, version, slips) VALUES ('a:1', '1', %s) RETURNING node", slips)
    return found


def test_a_beat_and_a_nap_after_an_hour_of_them_cost_what_the_first_did(
    admin: Connection, node: int, asked: tuple[Connection, Explaining]
) -> None:
    conn, explaining = asked
    Inbox(conn, OWNER)

    def live() -> None:
        assert write_own(conn, "beat", node)
        assert write_own(conn, "sleep", node, asleep_s=20.0)
        assert write_own(conn, "wake", node)

    first = _pages(explaining, live)
    _aged(admin, node, _UPDATES)
    last = _pages(explaining, live)
    assert last <= first + 3 * 150, "one page a version of the last minute at most"
    admin.execute("UPDATE etl.daemon SET beat_at = now() - interval '1 day'")
    live()  # one that was stopped for long finds its row all the same


def _read(admin: Connection, table: str, by: Connection, do: Callable[[], Any]) -> int:
    """Return how many pages of a table and its indexes were touched meanwhile: EXPLAIN does not tell of triggers."""
    touched = (
        "SELECT pg_stat_get_blocks_fetched(%(table)s::regclass) + (SELECT sum(pg_stat_get_blocks_fetched(i.indexrelid)) "
        "FROM pg_index i WHERE i.indrelid = %(table)s::regclass)"
    )
    for conn in (admin, by):
        conn.execute("SELECT pg_stat_force_next_flush()")
    before = admin.execute(touched, {"table": table}).fetchone()
    do()
    by.execute("SELECT pg_stat_force_next_flush()")
    after = admin.execute(touched, {"table": table}).fetchone()
    assert before is not None
    assert after is not None
    return int(after[0] - before[0])


def test_a_producer_reads_nothing_of_the_daemons_after_an_hour_of_beats_and_naps(
    admin: Connection, producer_url: str, node: int
) -> None:
    with psycopg.connect(producer_url, autocommit=True) as producer:
        insert: Callable[[], Any] = lambda: [  # noqa: E731
            producer.execute("INSERT INTO etl.staging (source, payload) VALUES ('shop', '1')") for _ in range(20)
        ]
        assert _read(admin, "etl.inbox", producer, insert) > 20, "what is read is counted"
        _aged(admin, node, _UPDATES)
        assert _read(admin, "etl.daemon", producer, insert) == 0
        assert _read(admin, "etl.producer_source", producer, insert) == 0, "nor who is held to sources, as long as nobody is"


def test_a_daemon_that_wakes_after_an_hour_of_naps_finds_who_else_sleeps_by_few_pages(
    admin: Connection, service: Connection, node: int
) -> None:
    Inbox(service, OWNER)

    def nap() -> None:
        assert write_own(service, "sleep", node, asleep_s=20.0)
        assert write_own(service, "wake", node)

    nap()
    first = _read(admin, "etl.daemon", service, nap)
    _aged(admin, node, _UPDATES)
    assert _read(admin, "etl.daemon", service, nap) <= 2 * first + 50, "and not the 90 of the table, at each step"


def test_the_replay_that_is_worked_is_found_at_once_after_an_hour_of_progress(
    admin: Connection, asked: tuple[Connection, Explaining]
) -> None:
    conn, explaining = asked
    admin.execute("INSERT INTO etl.replay (filter) VALUES ('{}')")
    Inbox(conn, OWNER)
    queue = ReplayQueue(conn, OWNER, "public")
    for _ in range(_UPDATES):
        admin.execute("UPDATE etl.replay SET rows_done = rows_done + 1")
    assert queue.current() is not None
    assert _pages(explaining, queue.current) <= 150, "0.2 ms"
