"""Claiming: bounds, turns, two claimers at once, and the dead rows that a long transaction keeps from vacuum."""

import time
from itertools import count
from typing import Any

import psycopg
import pytest

from etl_actors.store.database import Connection, connect
from etl_actors.store.gathering import MOMENT_S
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import release
from etl_actors.store.queries import queries
from tests.support.documents import one, stage, waiting
from tests.support.leases import OWNER

MANY = 2**40


@pytest.fixture
def inbox(service: Connection) -> Inbox:
    return Inbox(service, OWNER)


def test_an_empty_inbox_gives_nothing(inbox: Inbox) -> None:
    assert not inbox.look()
    assert inbox.claim(10, MANY) == ()
    assert inbox.waiting_since() is None


def test_a_claim_is_bounded_by_rows_and_takes_the_oldest(producer: Connection, service: Connection, inbox: Inbox) -> None:
    row_ids = stage(producer, "shop", range(5))
    assert inbox.look()
    (lease,) = inbox.claim(3, MANY)
    assert list(lease.row_ids) == row_ids[:3]
    assert (lease.source, lease.slip, lease.attempt) == ("shop", None, 1)
    found = one(service, "SELECT status, owner, row_lo, row_hi, bytes FROM etl.batch WHERE batch_id = %s", lease.batch_id)
    assert found == ("claimed", OWNER, row_ids[0], row_ids[2], lease.nbytes)
    assert waiting(service) == row_ids[3:]


def test_a_claim_is_bounded_by_bytes_but_always_takes_the_first_row(producer: Connection, inbox: Inbox) -> None:
    row_ids = stage(producer, "shop", ["x" * 1000, "y" * 1000, "z" * 1000, "w" * 1000])
    inbox.look()
    (first,) = inbox.claim(100, 1)
    assert list(first.row_ids) == row_ids[:1], "a row larger than the bound would wait for ever otherwise"
    (second,) = inbox.claim(100, 1500)
    assert list(second.row_ids) == row_ids[1:3]
    assert 2000 < second.nbytes < 2100


@pytest.mark.parametrize(
    ("staged", "parsers", "sizes"),
    [
        (4_000, 2, [1_000, 1_000, 1_000, 500, 250, 250]),
        (4_000, 1, [1_000, 1_000, 1_000, 1_000]),
        (800, 2, [800]),
        (0, 2, []),
    ],
)
def test_the_last_rows_of_a_long_row_are_shared_out_among_the_parsers(
    admin: Connection, inbox: Inbox, staged: int, parsers: int, sizes: list[int]
) -> None:
    admin.execute("INSERT INTO etl.staging (source, payload) SELECT 'shop', '1' FROM generate_series(1, %s)", [staged])
    inbox.look()
    found = []
    while made := inbox.claim(1_000, MANY, None, parsers):
        found += [len(lease.row_ids) for lease in made]
    assert found == sizes


def test_of_many_runs_as_much_is_claimed_as_may_be(producer: Connection, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_actors.store.sharing._LEAST", 1)
    for _ in range(120):
        stage(producer, "shop", [1])
    inbox.look()
    assert [len(inbox.claim(15, MANY, None, 2)[0].row_ids) for _ in range(4)] == [15, 15, 15, 15]


def test_rows_that_name_slips_make_one_batch_a_slip(admin: Connection, inbox: Inbox) -> None:
    admin.execute(
        "INSERT INTO etl.staging (source, payload, slip) SELECT 'shop', '1', s FROM unnest(ARRAY['a', 'b', NULL, 'a']) s"
    )
    inbox.look()
    made = inbox.claim(10, MANY)
    assert sorted((lease.slip or "", len(lease.row_ids)) for lease in made) == [("", 1), ("a", 2), ("b", 1)]
    assert len({lease.token for lease in made}) == 3


def test_sources_take_turns_and_a_batch_has_one_source(producer: Connection, inbox: Inbox) -> None:
    for source, rows in (("a", 6), ("b", 2), ("c", 4)):
        stage(producer, source, range(rows))
    inbox.look()
    turns = []
    while made := inbox.claim(2, MANY):
        turns += [lease.source for lease in made]
    assert sorted(turns[:3]) == ["a", "b", "c"], "each once before any twice"
    assert sorted(turns[3:5]) == ["a", "c"]
    assert turns[5:] == ["a"]


def test_a_source_that_appears_later_takes_its_turn(producer: Connection, inbox: Inbox) -> None:
    stage(producer, "busy", range(6))
    inbox.look()
    inbox.claim(2, MANY)
    stage(producer, "late", [1])
    inbox.sweep()
    assert [inbox.claim(2, MANY)[0].source for _ in range(3)] == ["busy", "late", "busy"]


def test_two_claimers_at_once_never_share_a_row(producer: Connection, service: Connection, service_url: str) -> None:
    row_ids = stage(producer, "shop", range(5)) + stage(producer, "shop", range(5))  # too few to be runs
    naive = "SELECT row_id FROM etl.inbox ORDER BY row_id LIMIT 4"
    with connect(service_url) as other:
        assert service.execute(naive).fetchall() == other.execute(naive).fetchall(), "both would take the same rows"
        ours, theirs = Inbox(service, OWNER), Inbox(other, OWNER + 1)
        assert ours.look()
        assert theirs.look()
        with service.transaction():
            (first,) = ours.claim(4, MANY)
            (second,) = theirs.claim(4, MANY)  # neither waits for the first, nor takes what it took
        assert (list(first.row_ids), list(second.row_ids)) == (row_ids[:4], row_ids[4:8])


def test_a_paused_source_waits(producer: Connection, admin: Connection, inbox: Inbox) -> None:
    stage(producer, "shop", [1, 2])
    stage(producer, "web", [1])
    admin.execute("INSERT INTO etl.pause (source) VALUES ('shop')")
    inbox.look()
    assert [lease.source for lease in inbox.claim(10, MANY)] == ["web"]
    assert inbox.claim(10, MANY) == ()
    admin.execute("DELETE FROM etl.pause")
    inbox.sweep()
    assert [lease.source for lease in inbox.claim(10, MANY)] == ["shop"]


def test_a_source_paused_after_it_was_known_waits_too(producer: Connection, admin: Connection, service: Connection) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    stage(producer, "shop", [1, 2])
    inbox.look()
    inbox.claim(1, MANY)
    admin.execute("INSERT INTO etl.pause (source) VALUES ('shop')")
    clock.next_sweep_in(inbox, 1000)
    assert not inbox.look()
    assert inbox.claim(10, MANY) == ()


def test_the_oldest_waiting_row_tells_since_when(producer: Connection, service: Connection, inbox: Inbox) -> None:
    row_ids = stage(producer, "shop", [1])
    stage(producer, "web", [1])
    inbox.look()
    assert inbox.waiting_since() == one(service, "SELECT received_at FROM etl.staging WHERE row_id = %s", row_ids[0])


# The floor -----------------------------------------------------------------------------------------------------------------


class Clock:
    """A clock that stands still unless it is moved; each statement may be made to cost time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.cost = 0.0

    def __call__(self) -> float:
        self.now += self.cost
        return self.now

    def next_sweep_in(self, inbox: Inbox, seconds: float) -> None:
        inbox._next_sweep = self.now + seconds


def buffers(conn: Connection, floor: int) -> int:
    """Return how many pages one claim reads and pins; what it did is rolled back."""
    wanted = {"source": "shop", "floor": floor, "rows": 10, "bytes": MANY, "owner": OWNER}
    with conn.transaction(force_rollback=True):
        ((plan,),) = conn.execute(b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + queries("inbox")["claim"], wanted)
    scan = next(
        node for node in nodes(plan[0]["Plan"]) if node["Node Type"].startswith("Index") and node["Relation Name"] == "inbox"
    )
    return int(scan["Shared Hit Blocks"] + scan["Shared Read Blocks"])


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(below for child in plan.get("Plans", []) for below in nodes(child))]


def test_the_floor_steps_over_the_dead_rows_that_a_long_transaction_keeps(
    admin: Connection, service: Connection, database: str
) -> None:
    inbox = Inbox(service, OWNER)
    with psycopg.connect(database) as long:
        long.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        long.execute("SELECT count(*) FROM etl.staging")
        admin.execute(  # between two of a source lies one of the other: no runs
            "INSERT INTO etl.staging (source, payload) "
            "SELECT CASE n % 2 WHEN 0 THEN 'shop' ELSE 'web' END, '1' FROM generate_series(1, 60000) n"
        )
        admin.execute("DELETE FROM etl.inbox WHERE source = 'web'")
        inbox.look()
        claimed = [inbox.claim(4990, MANY)[0] for _ in range(6)]
        admin.execute("VACUUM ANALYZE etl.inbox")
        naive, floored = buffers(service, 0), buffers(service, claimed[-1].row_ids[-1])
    assert naive >= 5 * floored, (naive, floored)


def test_a_row_that_commits_below_the_floor_is_found_by_the_sweep_only(
    producer: Connection, producer_url: str, service: Connection
) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    with psycopg.connect(producer_url) as late:
        (early,) = stage(late, "shop", ["early"])
        stage(producer, "shop", range(3))
        assert inbox.look()
        assert early not in inbox.claim(10, MANY)[0].row_ids
        late.commit()
    clock.next_sweep_in(inbox, 1)
    assert not inbox.look(), "the floor hides it"
    clock.now += 2
    assert inbox.look(), "the sweep was due"
    (lease,) = inbox.claim(10, MANY)
    assert lease.row_ids == (early,)


def test_released_rows_are_found_again_although_they_lie_below_the_floor(producer: Connection, service: Connection) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    stage(producer, "shop", range(3))
    inbox.look()
    (lease,) = inbox.claim(10, MANY)
    release(service, lease.batch_id, lease.token)
    clock.now += 1
    assert inbox.look()
    assert inbox.claim(10, MANY)[0].row_ids == lease.row_ids


@pytest.mark.parametrize("cost", [0.001, 0.4])
def test_sweeps_take_no_more_than_a_twentieth_of_the_time(service: Connection, producer: Connection, cost: float) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    swept = timed(inbox, clock)
    began = clock.now
    while clock.now < began + 100 * cost:
        stage(producer, "shop", [1])
        clock.cost = cost  # between two looks at the clock: of a sweep, and of a claim that begins at 0
        if inbox.look():
            inbox.claim(10, MANY)
        clock.cost = 0.0
        clock.now += cost
    assert len(swept) >= 2
    assert sum(swept) <= 0.05 * (clock.now - began) + 2 * cost, "one sweep and its claim may just have been made"


def timed(inbox: Inbox, clock: Clock) -> list[float]:
    """Note how long each sweep, and each claim of one, takes from now on."""
    noted: list[float] = []
    charge = inbox._charge

    def noting(began: float) -> None:
        charge(began)
        noted.append(clock.now - began)

    inbox._charge = noting  # type: ignore[method-assign]
    return noted


def test_a_claimer_whose_plans_were_made_while_little_waited_does_not_read_the_inbox_whole(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    """From its fifth time on a statement is prepared, and planned once for whatever waits later."""
    inbox = Inbox(service, OWNER, clock=count(100.0, 10.0).__next__)
    for _ in range(20):
        stage(producer, "shop", range(3))
        assert inbox.look(thorough=True)
        assert inbox.claim(10, MANY)
    service.execute("SELECT pg_stat_force_next_flush()")
    service.execute("SELECT 1")
    assert one(admin, "SELECT idx_scan > 20, seq_scan FROM pg_stat_user_tables WHERE relid = 'etl.inbox'::regclass") == (True, 0)


# Turns that change meanwhile ------------------------------------------------------------------------------------------------


def test_a_backlog_keeps_neither_other_sources_nor_its_own_pause_out_of_sight(
    producer: Connection, admin: Connection, service: Connection
) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    stage(producer, "late", [0])
    stage(producer, "busy", range(9))
    inbox.look()
    turns = [inbox.claim(2, MANY)[0].source for _ in range(3)]
    assert set(turns) == {"busy", "late"}
    clock.next_sweep_in(inbox, 1000)
    stage(producer, "late", [1])
    admin.execute("INSERT INTO etl.pause (source) VALUES ('busy')")
    # Whose turn it is next depends on the server's order of names; a paused source is not claimed, looked or not.
    found = [lease.source for _ in range(3) for lease in inbox.claim(2, MANY)]
    inbox.look()
    found += [lease.source for _ in range(3) for lease in inbox.claim(2, MANY)]
    assert found == ["late"]


def test_sources_keep_their_turns_when_one_looks_before_each_claim(producer: Connection, service: Connection) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    for source in ("a", "b", "c"):
        stage(producer, source, range(4))
    turns: list[str] = []
    while inbox.look(thorough=len(turns) == 2):
        clock.next_sweep_in(inbox, 1000)
        turns += [lease.source for lease in inbox.claim(2, MANY)]
    assert sorted(turns[:3]) == ["a", "b", "c"]
    assert turns[3:] == turns[:3]


def test_rows_that_a_sweep_found_below_the_floor_are_not_lost_by_the_next_look(producer: Connection, service: Connection) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    stage(producer, "shop", range(3))
    inbox.look()
    (lease,) = inbox.claim(10, MANY)
    release(service, lease.batch_id, lease.token)
    assert inbox.look(thorough=True)
    clock.next_sweep_in(inbox, 1000)
    assert inbox.look()
    assert inbox.claim(10, MANY)[0].row_ids == lease.row_ids


def test_a_thorough_look_finds_what_only_a_sweep_can(producer: Connection, service: Connection) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    clock.next_sweep_in(inbox, 1000)
    stage(producer, "new", [1])
    assert not inbox.look(), "nobody knows the source yet"
    assert inbox.look(thorough=True)
    assert [lease.source for lease in inbox.claim(1, MANY)] == ["new"]


def test_a_sweep_is_put_off_a_minute_at_most_however_many_were_thorough(service: Connection, producer: Connection) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    clock.cost = 1.0
    for _ in range(20):
        inbox.look(thorough=True)
    clock.cost = 0.0
    stage(producer, "new", [1])
    assert not inbox.look()
    clock.now += 60
    assert inbox.look()


@pytest.mark.parametrize("thorough", [False, True])
def test_a_source_set_aside_is_not_offered_until_its_time_has_passed(
    producer: Connection, service: Connection, *, thorough: bool
) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    stage(producer, "bad", range(2))
    stage(producer, "good", range(2))
    inbox.look()
    (lease,) = inbox.claim(2, MANY)
    assert lease.source == "bad"
    release(service, lease.batch_id, lease.token)
    inbox.set_aside("bad", 30)
    inbox.set_aside("bad", 10)  # the longer time holds
    assert [made.source for made in inbox.claim(1, MANY)] == ["good"]
    assert inbox.look(thorough=thorough)
    assert [made.source for made in inbox.claim(1, MANY)] == ["good"]
    clock.next_sweep_in(inbox, 1000)
    clock.now += 29
    assert not inbox.look(thorough=thorough)
    assert not inbox.sweep()
    assert inbox.claim(1, MANY) == ()
    clock.next_sweep_in(inbox, 1000)
    clock.now += 2
    assert inbox.look(thorough=thorough), "its rows were given back below its floor"
    assert inbox.claim(2, MANY)[0].row_ids == lease.row_ids


@pytest.mark.parametrize("thorough", [False, True])
def test_rows_put_by_are_claimed_again_when_their_time_has_passed_and_later_ones_at_once(
    producer: Connection, service: Connection, *, thorough: bool
) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    stage(producer, "pets", range(2))
    inbox.look()
    (lease,) = inbox.claim(2, MANY)
    release(service, lease.batch_id, lease.token)
    inbox.put_by("pets", lease.row_ids[-1], 30)
    assert not inbox.sweep()
    stage(producer, "pets", range(2))
    assert inbox.look(thorough=thorough)
    (later,) = inbox.claim(2, MANY)
    assert later.row_ids[0] > lease.row_ids[-1]
    release(service, later.batch_id, later.token)
    clock.now += 20
    inbox.put_by("pets", later.row_ids[-1], 30)
    assert not inbox.look(thorough=True)
    clock.now += 11
    assert inbox.look(thorough=True), "counted from the first time"
    assert inbox.claim(9, MANY)[0].row_ids == lease.row_ids + later.row_ids


def test_a_source_set_aside_before_its_turn_is_passed_by(producer: Connection, inbox: Inbox) -> None:
    stage(producer, "a", [1])
    stage(producer, "b", [1])
    inbox.look()
    inbox.set_aside("a", 30)
    assert [made.source for made in inbox.claim(1, MANY)] == ["b"]
    assert inbox.claim(1, MANY) == ()


def test_a_look_that_takes_long_is_not_repeated_at_once_while_a_source_has_its_turn(
    producer: Connection, service: Connection
) -> None:
    clock = Clock()
    inbox = Inbox(service, OWNER, clock)
    stage(producer, "a", range(3))
    stage(producer, "b", [1])
    inbox.look()
    clock.next_sweep_in(inbox, 1000)
    assert {inbox.claim(1, MANY)[0].source for _ in range(2)} == {"a", "b"}
    clock.cost = 0.5
    assert inbox.look()
    clock.cost = 0.0
    stage(producer, "b", [2])
    clock.now += 1
    assert inbox.look()
    assert list(inbox._turn) == ["a"]
    clock.now += 4
    assert inbox.look()
    assert list(inbox._turn) == ["a", "b"]


def test_of_some_sources_nothing_is_claimed_and_they_keep_their_turn(producer: Connection, inbox: Inbox) -> None:
    for source in ("a", "b"):
        stage(producer, source, [1])
    assert inbox.look(thorough=True)
    assert [lease.source for lease in inbox.claim(10, 2**20, besides={"a", None})] == ["b"]
    assert inbox.claim(10, 2**20, besides={"a"}) == ()
    assert [lease.source for lease in inbox.claim(10, 2**20)] == ["a"]


def test_ten_thousand_sources_are_queued_in_no_time(inbox: Inbox) -> None:
    sources = [str(n) for n in range(10_000)]
    began = time.process_time()
    inbox._queue(sources)
    inbox._queue(sources[::-1])
    assert time.process_time() - began < 0.5, "a set made anew for each source takes seconds"
    assert list(inbox._turn) == sources


def test_a_source_whose_rows_come_quickly_is_left_alone_for_a_moment_and_the_others_are_not(
    producer: Connection, service: Connection
) -> None:
    now = 100.0
    inbox = Inbox(service, OWNER, clock=lambda: now)
    stage(producer, "quick", range(20))
    inbox.look()
    assert len(inbox.claim(100, MANY)) == 1
    now += 0.01
    stage(producer, "quick", range(20))
    assert inbox.look()
    assert len(inbox.claim(100, MANY)) == 1, "nothing was known of how quickly its rows come"
    assert inbox.gathers
    later = stage(producer, "quick", range(20))
    stage(producer, "slow", [1])
    now += 0.6 * MOMENT_S
    assert inbox.look(thorough=True)
    assert [lease.source for lease in inbox.claim(100, MANY)] == ["slow"]
    assert inbox.claim(100, MANY) == ()
    assert inbox.sweep(), "what waits for its moment waits all the same"
    assert inbox.claim(100, MANY) == ()
    now += 0.6 * MOMENT_S
    assert not inbox.gathers
    assert inbox.look()
    assert [list(lease.row_ids) for lease in inbox.claim(100, MANY)] == [later]
