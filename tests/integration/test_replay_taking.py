"""Windows of a replay that are claimed as they are chosen."""

from collections.abc import Sequence
from typing import Any

import pytest

from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import Lease, release
from etl_actors.store.replay.current import Replay, Step
from etl_actors.store.replay.queue import ReplayQueue
from tests.support.documents import one
from tests.support.leases import OWNER
from tests.support.replay_orders import finished, order, settled


def _queue(conn: Connection, only: Sequence[str] = (), window_rows: int = 50_000) -> ReplayQueue:
    return ReplayQueue(conn, OWNER, "public", only, window_rows)


def _current(queue: ReplayQueue) -> Replay:
    replay = queue.current()
    assert replay is not None
    return replay


def _take(queue: ReplayQueue, rows: int = 1000, nbytes: int = 2**40) -> tuple[Lease, ...]:
    return queue.take(_current(queue), rows, nbytes)


def _stands(conn: Connection) -> tuple[int, int, int]:
    """Tell how many rows wait, how many batches are claimed, and how far rows are chosen."""
    found: tuple[int, int, int] = one(
        conn,
        "SELECT (SELECT count(*) FROM etl.replay_row), (SELECT count(*) FROM etl.batch WHERE status = 'claimed'), "
        "(SELECT row_cursor FROM etl.replay ORDER BY replay_id DESC LIMIT 1)",
    )
    return found


def test_rows_of_one_source_are_claimed_a_batch_at_a_time_and_none_waits(producer: Connection, service: Connection) -> None:
    there = settled(producer, service, "ldsrl")
    order(service)
    queue = _queue(service)
    before = one(service, "SELECT * FROM etl.ledger")
    taken: list[Lease] = []
    for claimed in (2, 2, 1):
        (lease,) = _take(queue, rows=2)
        taken.append(lease)
        assert len(lease.row_ids) == claimed
        assert _stands(service) == (0, len(taken), lease.row_ids[-1])
    assert _take(queue) == ()
    assert tuple(row for lease in taken for row in lease.row_ids) == there.row_ids
    first = taken[0]
    assert first.repeat is not None
    assert (first.repeat.prior_batches, first.repeat.seeking, first.repeat.digest) == ((there.batch_id,) * 2, False, None)
    weights = "SELECT sum(pg_column_size(payload)) FROM etl.staging WHERE row_id = ANY (%s)"
    assert first.nbytes == one(service, weights, list(first.row_ids))
    assert one(service, "SELECT owner FROM etl.batch WHERE batch_id = %s", first.batch_id) == OWNER
    assert one(service, "SELECT * FROM etl.ledger") == before
    assert queue.advance(_current(queue)) is Step.WAITING
    for lease in taken:
        finished(service, lease)
    assert queue.advance(_current(queue)) is Step.FINISHED


def test_bytes_bound_what_is_taken_and_the_next_window_begins_behind_it(producer: Connection, service: Connection) -> None:
    rows = settled(producer, service, "lll").row_ids
    order(service)
    queue = _queue(service)
    assert [lease.row_ids for lease in _take(queue, nbytes=1)] == [rows[:1]]
    assert [lease.row_ids for lease in _take(queue)] == [rows[1:]]


def test_where_sources_share_a_window_all_of_it_waits_and_what_follows_is_chosen_as_ever(
    producer: Connection, service: Connection
) -> None:
    first, other = settled(producer, service, "l", "a"), settled(producer, service, "ll", "b")
    later = settled(producer, service, "l", "c")
    order(service)
    queue = _queue(service)
    assert _take(queue, rows=3) == ()
    assert _stands(service) == (3, 0, other.row_ids[-1])
    claimed = [lease.row_ids for lease in (*queue.claim(_current(queue), 9, 2**40), *queue.claim(_current(queue), 9, 2**40))]
    assert claimed == [first.row_ids, other.row_ids]
    assert _take(queue, rows=3) == ()
    assert queue.advance(_current(queue)) is Step.CHOSEN
    assert _stands(service) == (1, 2, later.row_ids[-1])


def test_a_source_that_is_paused_or_not_claimed_here_waits(producer: Connection, service: Connection, admin: Connection) -> None:
    settled(producer, service, "ll")
    order(service)
    assert _take(_queue(service, only=["web"])) == ()
    assert _stands(service)[:2] == (2, 0)
    service.execute("DELETE FROM etl.replay_row; UPDATE etl.replay SET row_cursor = 0")
    admin.execute("INSERT INTO etl.pause (source) VALUES ('shop')")
    assert _take(_queue(service, only=["shop"])) == ()
    assert _stands(service)[:2] == (2, 0)
    service.execute("DELETE FROM etl.replay_row; UPDATE etl.replay SET row_cursor = 0")
    admin.execute("DELETE FROM etl.pause")
    assert len(_take(_queue(service, only=["shop"]))) == 1


@pytest.mark.parametrize(
    "but",
    [
        "UPDATE etl.replay SET rate = 5",
        "UPDATE etl.replay SET status = 'cancelled'",
        "UPDATE etl.replay SET phase = 'seeking'",
        "UPDATE etl.replay SET row_cursor = row_hi",
        "INSERT INTO etl.replay_row SELECT replay_id, 'shop', 1, NULL, NULL, 1 FROM etl.replay",
    ],
)
def test_nothing_is_taken_where_rows_are_to_wait_or_none_is_to_be_repeated(
    producer: Connection, service: Connection, but: str
) -> None:
    settled(producer, service, "ll")
    order(service)
    queue = _queue(service)
    known = _current(queue)  # what has changed since, it does not know
    service.execute(but.encode())
    assert queue.take(known, 9, 2**40) == ()
    assert queue.take(_current(queue), 9, 2**40) == ()
    assert one(service, "SELECT count(*) FROM etl.batch WHERE status = 'claimed'") == 0


def test_nothing_is_taken_while_somebody_holds_the_replay(producer: Connection, service: Connection, service_url: str) -> None:
    settled(producer, service, "ll")
    order(service)
    queue = _queue(service)
    with connect(service_url) as load, load.transaction():
        load.execute("UPDATE etl.replay SET rows_done = 1")
        assert _take(queue) == ()
    assert len(_take(queue)) == 1


def test_what_is_given_back_is_claimed_before_more_is_taken(producer: Connection, service: Connection) -> None:
    rows = settled(producer, service, "lll").row_ids
    order(service)
    queue = _queue(service)
    (lease,) = _take(queue, rows=2)
    release(service, lease.batch_id, lease.token)
    assert _take(queue) == (), "two rows wait"
    (again,) = queue.claim(_current(queue), 9, 2**40)
    assert (again.row_ids, again.repeat) == (rows[:2], lease.repeat)
    assert [lease.row_ids for lease in _take(queue)] == [rows[2:]]


def test_rows_that_name_a_slip_and_versions_that_rows_had_make_batches_of_their_own(
    producer: Connection, service: Connection
) -> None:
    a = settled(producer, service, "ll", slip="x", digest="one")
    b = settled(producer, service, "l", slip="x", digest="two")
    order(service, version="original")
    found = {lease.repeat.digest: lease.row_ids for lease in _take(_queue(service)) if lease.repeat is not None}
    assert found == {"one": a.row_ids, "two": b.row_ids}


def test_a_window_reaches_farther_where_few_of_its_rows_are_chosen(producer: Connection, service: Connection) -> None:
    rows = settled(producer, service, "l" * 40).row_ids
    chosen = rows[::4]
    order(service, rows=[*chosen])
    queue = _queue(service, window_rows=20)
    taken: list[Any] = []
    while made := _take(queue, rows=4):
        taken += [lease.row_ids for lease in made]
    assert tuple(row for ids in taken for row in ids) == chosen
    assert [len(ids) for ids in taken] == [1, 4, 4, 1], "first as far as a batch, then as many ids as four of these rows have"


@pytest.mark.parametrize("chosen", [{"source": "b"}, {"slip": "y"}, {"rejected": True}], ids=str)
def test_a_listed_row_is_found_far_behind_one_that_the_rest_of_the_filter_leaves_out(
    producer: Connection, service: Connection, chosen: dict[str, Any]
) -> None:
    first = settled(producer, service, "l" * 8, "a", slip="x").row_ids
    later = settled(producer, service, "lr", "b", slip="y")
    service.execute(
        "INSERT INTO etl.reject (row_id, batch_id, stage, reason, message) VALUES (%s, %s, 'map', 'some', 'some')",
        [later.row_ids[-1], later.batch_id],
    )
    order(service, rows=[first[0], later.row_ids[-1]], **chosen)
    queue = _queue(service, window_rows=2)
    assert [lease.row_ids for lease in _take(queue)] == [later.row_ids[-1:]]
    service.execute("UPDATE etl.batch SET status = 'released' WHERE replay_id IS NOT NULL; UPDATE etl.replay SET row_cursor = 0")
    assert queue.advance(_current(queue)) is Step.CHOSEN
    assert _stands(service)[0] == 1
