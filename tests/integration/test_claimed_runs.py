"""Claims of runs: in order, as many rows as asked, what is left of a run waits on, and nothing is claimed twice."""

import itertools
import threading
from fractions import Fraction
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_actors.store.database import Connection, connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease, release
from etl_actors.store.ledger import ledger
from etl_actors.store.queries import queries
from tests.support.documents import one, stage, until_blocked, waiting
from tests.support.leases import OWNER

MANY = 2**40
_CLAIM = queries("inbox")["claim"]


@pytest.fixture
def inbox(service: Connection) -> Inbox:
    return Inbox(service, OWNER)


def runs(conn: Connection) -> list[tuple[int, int, int]]:
    return [
        (row_id, rows, size) for row_id, rows, size in conn.execute("SELECT row_id, rows, bytes FROM etl.inbox ORDER BY row_id")
    ]


def claim(inbox: Inbox, rows: int, nbytes: int = MANY) -> Lease:
    inbox.sweep()
    (lease,) = inbox.claim(rows, nbytes)
    return lease


@pytest.mark.parametrize("first", range(1, 13))
def test_what_does_not_fit_of_a_run_waits_as_a_run(producer: Connection, service: Connection, inbox: Inbox, first: int) -> None:
    row_ids = stage(producer, "shop", ["x" * 100] * 12)
    ((_, _, size),) = runs(service)
    lease = claim(inbox, first)
    assert list(lease.row_ids) == row_ids[:first]
    assert lease.nbytes == size * first // 12
    left = [(row_ids[first], 12 - first, size - lease.nbytes)] if first < 12 else []
    assert runs(service) == left
    found = one(service, "SELECT row_lo, row_hi, bytes, row_ids FROM etl.batch")
    assert found == (row_ids[0], row_ids[first - 1], lease.nbytes, list(lease.row_ids))
    if left:
        assert list(claim(inbox, 100).row_ids) == row_ids[first:]


def test_rows_are_claimed_one_by_one_where_that_is_asked(producer: Connection, inbox: Inbox) -> None:
    row_ids = stage(producer, "shop", range(20))
    inbox.look()
    assert [inbox.claim(1, MANY)[0].row_ids for _ in row_ids] == [(row_id,) for row_id in row_ids]
    assert inbox.claim(1, MANY) == ()


def test_a_claim_goes_on_from_run_to_run_until_it_is_full(producer: Connection, service: Connection, inbox: Inbox) -> None:
    row_ids = stage(producer, "shop", range(600)) + stage(producer, "shop", range(3)) + stage(producer, "shop", range(50))
    assert list(claim(inbox, 620).row_ids) == row_ids[:620]
    assert [(first, rows) for first, rows, _ in runs(service)] == [(621, 33)]


def test_the_bound_in_bytes_cuts_a_run_by_the_mean_of_its_rows(producer: Connection, service: Connection, inbox: Inbox) -> None:
    row_ids = stage(producer, "shop", ["x" * 1000] * 10)
    assert list(claim(inbox, 100, 2500).row_ids) == row_ids[:3], "two are smaller than the bound"
    assert list(claim(inbox, 100, 1).row_ids) == row_ids[3:4], "the first is taken, whatever it weighs"
    later = stage(producer, "shop", ["y" * 100] * 10)
    lease = claim(inbox, 100, 7000)
    assert list(lease.row_ids) == row_ids[4:] + later[:9], (
        "928 bytes are left after the first six, and each of the others has 112"
    )
    assert waiting(service) == later[9:]


def test_one_batch_is_made_for_each_slip_of_the_runs_and_one_of_them_is_cut(admin: Connection, inbox: Inbox) -> None:
    admin.execute(
        "INSERT INTO etl.staging (source, payload, slip) SELECT 'shop', '{}', (ARRAY['a', NULL, 'a', 'b'])[1 + n / 10] "
        "FROM generate_series(0, 39) n"
    )
    inbox.look()
    made = {lease.slip: lease.row_ids for lease in inbox.claim(34, MANY)}
    assert made == {"a": (*range(1, 11), *range(21, 31)), None: tuple(range(11, 21)), "b": tuple(range(31, 35))}
    assert [(first, rows) for first, rows, _ in runs(admin)] == [(35, 6)]
    assert one(admin, "SELECT slip FROM etl.inbox") == "b"


def test_a_claim_reads_no_more_runs_than_it_takes(producer: Connection, service: Connection) -> None:
    stage(producer, "shop", range(10_000))
    wanted = {"source": "shop", "floor": 0, "rows": 1200, "bytes": MANY, "owner": OWNER}
    with service.transaction(force_rollback=True):
        ((plan,),) = service.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) " + _CLAIM, wanted).fetchall()
    (scan,) = [node for node in nodes(plan[0]["Plan"]) if node["Node Type"] == "LockRows"]
    assert scan["Actual Rows"] == 3


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(below for child in plan.get("Plans", []) for below in nodes(child))]


def test_a_second_claimer_takes_what_follows_the_runs_of_the_first(
    producer: Connection, service: Connection, service_url: str
) -> None:
    row_ids = stage(producer, "shop", range(2000))
    with connect(service_url) as other:
        ours, theirs = Inbox(service, OWNER), Inbox(other, OWNER + 1)
        with service.transaction():
            assert list(claim(ours, 700).row_ids) == row_ids[:700]
            assert list(claim(theirs, 300).row_ids) == row_ids[1000:1300], "of the cut run it takes nothing, and waits for nobody"
        assert list(claim(theirs, 400).row_ids) == row_ids[700:1000] + row_ids[1300:1400], "its sweep finds what was left"
    assert waiting(service) == row_ids[1400:]


def test_what_a_claim_leaves_of_a_run_lies_beyond_its_own_floor(producer: Connection, service: Connection) -> None:
    row_ids = stage(producer, "shop", range(100))
    inbox = Inbox(service, OWNER, clock=lambda: 0.0)
    inbox.look()
    inbox.claim(30, MANY)
    inbox._next_sweep = 1000.0
    assert inbox.look()
    assert list(inbox.claim(100, MANY)[0].row_ids) == row_ids[30:]


def test_a_claim_whose_snapshot_has_the_run_that_another_has_cut_since_takes_none_of_it(
    producer: Connection, service: Connection, service_url: str, admin: Connection
) -> None:
    """It comes to the old version of the run, which is gone, and must neither claim that nor what was left of it unseen."""
    row_ids = stage(producer, "shop", range(700))
    held = b"(SELECT pg_advisory_xact_lock(1)::text) IS NOT NULL AND NOT EXISTS (SELECT FROM etl.pause"
    late_claim = _CLAIM.replace(b"NOT EXISTS (SELECT FROM etl.pause", held)
    assert late_claim != _CLAIM
    wanted = {"source": "shop", "floor": 0, "rows": 1000, "bytes": MANY, "owner": OWNER + 1}
    claimed: list[list[int]] = []
    admin.execute("SELECT pg_advisory_lock(1)")
    with connect(service_url) as late:
        thread = threading.Thread(target=lambda: claimed.extend(row[4] for row in late.execute(late_claim, wanted)))
        thread.start()
        try:
            until_blocked(admin, late.info.backend_pid)
            assert list(claim(Inbox(service, OWNER), 200).row_ids) == row_ids[:200]
        finally:
            admin.execute("SELECT pg_advisory_unlock(1)")
            thread.join(60)
    assert claimed == [row_ids[500:]]
    assert waiting(service) == row_ids[200:500]


def test_claimers_that_cut_one_anothers_runs_claim_each_row_once(
    producer: Connection, service: Connection, service_url: str
) -> None:
    row_ids = [row_id for n in range(40) for row_id in stage(producer, "shop", range(n * 5))]
    taken: list[list[int]] = []

    def work(seed: int) -> None:
        dice = Random(seed)
        with connect(service_url) as conn:
            inbox = Inbox(conn, OWNER + seed)
            while sum(map(len, taken)) < len(row_ids):
                inbox.sweep()
                for lease in inbox.claim(dice.randrange(1, 90), dice.choice([200, MANY])):
                    if dice.random() < 0.2:
                        release(conn, lease.batch_id, lease.token)
                    else:
                        taken.append(list(lease.row_ids))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(row_id for rows in taken for row_id in rows) == row_ids
    assert waiting(service) == []
    assert one(service, "SELECT balanced FROM etl.ledger")


# What holds for any statements and any claims ------------------------------------------------------------------------------

_SOURCES = ("a", "b")
_stretches = st.tuples(st.sampled_from(_SOURCES), st.sampled_from([None, "x"]), st.integers(1, 40), st.integers(0, 400))
_statements = st.lists(_stretches, min_size=1, max_size=4)
_claims = st.tuples(st.integers(1, 60), st.one_of(st.integers(1, 8000), st.just(MANY)))
_steps = st.lists(st.one_of(_statements, _claims), max_size=8)


def expected(conn: Connection, source: str, rows: int, nbytes: int) -> list[int]:
    """Return what a claim takes, row by row: each weighs the mean of its run, and is taken while those before it are smaller."""
    taken: list[int] = []
    before = Fraction(0)
    found = conn.execute("SELECT row_id, rows, bytes FROM etl.inbox WHERE source = %s ORDER BY row_id", [source])
    for first, count, size in found:
        for row_id in range(first, first + count):
            if len(taken) == rows or before >= nbytes:
                return taken
            taken.append(row_id)
            before += Fraction(size, count)
    return taken


def weighs(conn: Connection) -> int:
    return int(one(conn, "SELECT coalesce(sum(bytes), 0) FROM etl.inbox"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=_steps)
def test_whatever_is_staged_and_claimed_each_row_is_claimed_once_and_in_its_order(
    admin: Connection, service: Connection, steps: list[Any]
) -> None:
    mark = one(admin, "SELECT nextval('etl.lease_token')")  # sources of this example only: one that failed leaves rows
    claimed: dict[str, list[int]] = {f"{source} {mark}": [] for source in _SOURCES}
    inbox = Inbox(service, OWNER, clock=itertools.count(100.0, 10.0).__next__, only=[*claimed])
    for step in [*steps, *[(2000, MANY)] * 4]:
        if isinstance(step, list):
            _stage(admin, [(f"{source} {mark}", *rest) for source, *rest in step])
            continue
        inbox.sweep()
        turn = inbox._turn[0] if inbox._turn else None
        wanted = [] if turn is None else expected(service, turn, *step)
        weight = weighs(service)
        made = inbox.claim(*step)
        assert sorted(row_id for lease in made for row_id in lease.row_ids) == wanted
        assert {lease.source for lease in made} <= {turn}
        assert all(list(lease.row_ids) == sorted(lease.row_ids) for lease in made)
        assert weight == weighs(service) + sum(lease.nbytes for lease in made)
        if turn is not None:
            assert wanted, "a source whose turn it is has rows"
            claimed[turn] += wanted
        assert all(books.balanced for books in ledger(service) if books.source in claimed)
    staged = service.execute("SELECT source, row_id FROM etl.staging ORDER BY row_id").fetchall()
    assert claimed == {source: [row_id for of, row_id in staged if of == source] for source in claimed}


def _stage(admin: psycopg.Connection, stretches: list[tuple[Any, ...]]) -> None:
    rows = [(source, slip, "x" * size) for source, slip, count, size in stretches for _ in range(count)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    admin.execute(
        "INSERT INTO etl.staging (source, slip, payload) "
        "SELECT s, p, to_jsonb(d) FROM unnest(%s::text[], %s::text[], %s::text[]) AS u (s, p, d)",
        columns,
    )
