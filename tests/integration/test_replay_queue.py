"""The queue of replays: windows, claims, rates, what comes back, what is sought, and the end."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from etl_actors.relational.parsed import Group
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import Lease, release, rescue, split
from etl_actors.store.replay.current import Phase, Replay, Step, Unworkable
from etl_actors.store.replay.orders import cancel, resume, vacant
from etl_actors.store.replay.queue import ReplayQueue
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.documents import one
from tests.support.leases import OWNER, leased
from tests.support.replay_orders import finished, order, settled

_SLIP = """
name = "{name}"
source = "shop"
[tables.offer]
key = ["sku"]
columns.sku = "sku | int"
columns.of  = "{name} | text"
"""
_ITEMS = """
[tables.vendor]
each = "$.vendors[*]"
key = ["name"]
on_duplicate = "fill"
columns.name = "name | text"
"""


def _queue(conn: Connection, owner: int = OWNER, only: Sequence[str] = (), window_rows: int = 50_000) -> ReplayQueue:
    return ReplayQueue(conn, owner, "public", only, window_rows)


def _current(queue: ReplayQueue) -> Replay:
    replay = queue.current()
    assert replay is not None
    return replay


def _step(queue: ReplayQueue) -> Step:
    return queue.advance(_current(queue))


def _claim(queue: ReplayQueue, rows: int = 1000, nbytes: int = 2**40) -> tuple[Lease, ...]:
    return queue.claim(_current(queue), rows, nbytes)


def _waiting(conn: Connection) -> list[int]:
    return [row_id for (row_id,) in conn.execute("SELECT row_id FROM etl.replay_row ORDER BY source, row_id")]


def _cursor(conn: Connection) -> int:
    cursor: int = one(conn, "SELECT row_cursor FROM etl.replay ORDER BY replay_id DESC LIMIT 1")
    return cursor


# Windows ------------------------------------------------------------------------------------------------------------------


def test_the_open_replay_of_the_lowest_id_is_the_one_that_is_worked(service: Connection) -> None:
    queue = _queue(service)
    assert queue.current() is None
    first, second = order(service, source="shop"), order(service, rate=2.5)
    assert queue.current() == Replay(first, Phase.REPEATING, cancelled=False, rate=None, problem=None, wait_s=0.0)
    assert _step(queue) is Step.FINISHED
    assert queue.current() == Replay(second, Phase.REPEATING, cancelled=False, rate=2.5, problem=None, wait_s=0.0)


def test_rows_are_chosen_a_window_at_a_time_and_only_when_none_is_left(producer: Connection, service: Connection) -> None:
    rows = settled(producer, service, "lllll").row_ids
    order(service, source="shop")
    queue = _queue(service, window_rows=2)
    assert _claim(queue) == ()
    assert _step(queue) is Step.CHOSEN
    assert _waiting(service) == list(rows[:2])
    assert _step(queue) is Step.WAITING
    taken: list[Lease] = []
    while len(taken) < 3:
        taken += _claim(queue)
        _step(queue)
    assert [row for lease in taken for row in lease.row_ids] == list(rows)
    assert _step(queue) is Step.WAITING, "its last batch is claimed"
    for lease in taken:
        finished(service, lease)
    assert _step(queue) is Step.FINISHED
    assert one(service, "SELECT status, finished_at IS NOT NULL FROM etl.replay") == ("done", True)


@pytest.mark.parametrize("by", ["rows", "batches", "source", "rejected"])
def test_a_window_begins_at_the_next_row_that_the_filter_may_choose(producer: Connection, service: Connection, by: str) -> None:
    early = settled(producer, service, "ll", "early")
    settled(producer, service, "l" * 40)
    late = settled(producer, service, "rl", "late")
    service.execute(
        "INSERT INTO etl.reject (row_id, batch_id, stage, reason, message) SELECT unnest(%s::bigint[]), %s, 'map', 'x', 'x'",
        [[early.row_ids[0], late.row_ids[0]], late.batch_id],
    )
    choices: dict[str, dict[str, Any]] = {
        "rows": {"rows": [early.row_ids[0], late.row_ids[0]]},
        "batches": {"batches": [late.batch_id]},
        "source": {"source": "late"},
        "rejected": {"rejected": True},
    }
    order(service, **choices[by])
    queue = _queue(service, window_rows=2)
    claimed: list[int] = []
    for _ in range(3):
        if _step(queue) is Step.WAITING:
            break
        claimed += [row for lease in _claim(queue) for row in lease.row_ids]
    expected = {"rows": (early.row_ids[0], late.row_ids[0]), "batches": late.row_ids, "source": late.row_ids}
    assert claimed == list(expected.get(by, late.row_ids[:1]))


def test_a_filter_that_chooses_nothing_more_is_over_with_one_step(producer: Connection, service: Connection) -> None:
    lease = settled(producer, service, "l" * 9)
    order(service, rows=[lease.row_ids[0]])
    queue = _queue(service, window_rows=1)
    assert _step(queue) is Step.CHOSEN
    (taken,) = _claim(queue)
    finished(service, taken)
    assert (_step(queue), _cursor(service)) == (Step.CHOSEN, lease.row_ids[-1])
    assert _step(queue) is Step.FINISHED


def test_rows_beyond_the_last_that_was_meant_are_not_chosen(producer: Connection, service: Connection) -> None:
    rows = settled(producer, service, "lll").row_ids
    order(service)
    later = settled(producer, service, "l").row_ids
    assert later[0] > rows[-1]
    queue = _queue(service)
    _step(queue)
    assert _waiting(service) == list(rows)


@pytest.mark.parametrize("version", ["current", "original"])
def test_the_original_version_is_pinned_where_there_was_one_and_the_current_never(
    producer: Connection, service: Connection, version: str
) -> None:
    old = settled(producer, service, "ll", digest="old")
    new = settled(producer, service, "l", digest="new")
    unrouted = settled(producer, service, "r")
    order(service, version)
    queue = _queue(service)
    _step(queue)
    claimed = {lease.row_ids: lease.repeat.digest for lease in _claim(queue) if lease.repeat}
    if version == "original":
        assert claimed == {old.row_ids: "old", new.row_ids: "new", unrouted.row_ids: None}
    else:
        assert claimed == {(*old.row_ids, *new.row_ids, *unrouted.row_ids): None}


# Claims -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def chosen(producer: Connection, service: Connection) -> Callable[..., tuple[ReplayQueue, dict[str, Lease]]]:
    """Settle three rows of each source, and choose them all."""

    def made(*sources: str, **given: Any) -> tuple[ReplayQueue, dict[str, Lease]]:
        there = {source: settled(producer, service, "lds", source) for source in sources}
        order(service, **given)
        queue = _queue(service)
        assert _step(queue) is Step.CHOSEN
        return queue, there

    return made


def test_a_claim_takes_the_next_rows_of_one_source_and_says_which_batch_had_settled_each(
    chosen: Callable[..., Any], service: Connection
) -> None:
    queue, there = chosen("b", "a")
    (first,), (second,), (third,) = _claim(queue, 2), _claim(queue, 2), _claim(queue)
    assert (first.source, first.row_ids, first.attempt) == ("a", there["a"].row_ids[:2], 1)
    assert (second.source, second.row_ids) == ("a", there["a"].row_ids[2:])
    assert (third.source, third.row_ids) == ("b", there["b"].row_ids)
    assert third.repeat is not None
    assert (third.repeat.prior_batches, third.repeat.seeking) == ((there["b"].batch_id,) * 3, False)
    assert third.nbytes == one(
        service, "SELECT sum(pg_column_size(payload)) FROM etl.staging WHERE row_id = ANY (%s)", list(third.row_ids)
    )
    assert one(service, "SELECT owner FROM etl.batch WHERE batch_id = %s", third.batch_id) == OWNER


def test_bytes_bound_a_claim_and_its_first_row_is_always_taken(chosen: Callable[..., Any]) -> None:
    queue, there = chosen("shop")
    assert [lease.row_ids for lease in _claim(queue, nbytes=1)] == [there["shop"].row_ids[:1]]


def test_claimed_rows_count_with_their_old_outcome(chosen: Callable[..., Any], service: Connection) -> None:
    queue, _ = chosen("shop")
    before = one(service, "SELECT * FROM etl.ledger")
    _claim(queue)
    assert one(service, "SELECT * FROM etl.ledger") == before


def test_the_rate_holds_over_all_daemons(chosen: Callable[..., Any], service: Connection, service_url: str) -> None:
    queue, there = chosen("shop", rate=2)
    with connect(service_url) as conn:
        other = _queue(conn, OWNER + 1)
        (lease,) = _claim(queue)
        assert lease.row_ids == there["shop"].row_ids[:2], "a second's worth"
        waits_s = "SELECT extract(epoch FROM next_at - claimed_at)::float8 FROM etl.replay JOIN etl.batch b USING (replay_id) WHERE b.status = 'claimed'"
        assert 0.5 < one(service, waits_s) < 2, "a second from the claim"
        service.execute("UPDATE etl.replay SET next_at = next_at + interval '59 s'")
        assert _claim(other) == ()
        assert 30 < _current(other).wait_s <= 60
        assert _step(other) is Step.WAITING
        service.execute("UPDATE etl.replay SET next_at = clock_timestamp()")
        (lease,) = _claim(other)
        assert lease.row_ids == there["shop"].row_ids[2:]


def test_no_row_is_claimed_by_two_daemons(chosen: Callable[..., Any], service: Connection, service_url: str) -> None:
    """The first one's claim is not committed yet when the second one's comes."""
    queue, there = chosen("shop")
    with connect(service_url) as conn, service.transaction():
        (first,) = _claim(queue, 2)
        (second,) = _claim(_queue(conn, OWNER + 1), 2)
        assert (*first.row_ids, *second.row_ids) == there["shop"].row_ids


def test_what_is_given_back_is_claimed_again_with_all_that_was_known_of_it(
    chosen: Callable[..., Any], service: Connection
) -> None:
    queue, _ = chosen("shop", version="original")
    service.execute("UPDATE etl.replay_row SET digest = 'd'")
    (lease,) = _claim(queue)
    assert release(service, lease.batch_id, lease.token) == 0, "nothing goes to the inbox"
    assert _step(queue) is Step.WAITING
    (again,) = _claim(queue)
    assert (again.row_ids, again.repeat, again.slip) == (lease.row_ids, lease.repeat, lease.slip)


def test_a_batch_keeps_its_replay_when_it_is_split_and_rescued(chosen: Callable[..., Any], service: Connection) -> None:
    queue, _ = chosen("shop")
    service.execute("UPDATE etl.replay_row SET digest = 'd', batch_id = row_id + 100")
    (lease,) = _claim(queue)
    one_, two, three = lease.row_ids
    children = split(service, lease, (Group("a", (one_, three)), Group(None, (two,))))
    assert [child.repeat and child.repeat.prior_batches for child in children] == [(one_ + 100, three + 100), (two + 100,)]
    taken = rescue(service, OWNER + 1, 60.0, 10)
    assert [(found.row_ids, found.repeat) for found in taken] == [(child.row_ids, child.repeat) for child in children]
    assert _step(queue) is Step.WAITING


def test_what_staging_no_longer_holds_is_passed_over(chosen: Callable[..., Any], service: Connection, admin: Connection) -> None:
    queue, there = chosen("shop")
    rows = there["shop"].row_ids
    admin.execute("ALTER TABLE etl.staging DISABLE TRIGGER staging_is_immutable")
    admin.execute("DELETE FROM etl.staging WHERE row_id = %s", [rows[1]])
    (lease,) = _claim(queue)
    assert lease.row_ids == (rows[0], rows[2])
    assert _waiting(service) == []


# Whose turn it is ---------------------------------------------------------------------------------------------------------


def test_rows_of_other_sources_wait_for_other_daemons(chosen: Callable[..., Any], service: Connection) -> None:
    queue, there = chosen("mine", "theirs")
    mine = _queue(service, OWNER + 1, only=["mine"])
    assert [lease.source for lease in _claim(mine)] == ["mine"]
    assert _claim(mine) == ()
    assert _step(mine) is Step.BARRED
    assert _waiting(service) == list(there["theirs"].row_ids)
    assert [lease.source for lease in _claim(queue)] == ["theirs"]


def test_rows_of_a_paused_source_wait(chosen: Callable[..., Any], service: Connection, admin: Connection) -> None:
    queue, _ = chosen("shop")
    admin.execute("INSERT INTO etl.pause (source) VALUES ('shop')")
    assert (_claim(queue), _step(queue)) == ((), Step.BARRED)
    admin.execute("DELETE FROM etl.pause")
    assert len(_claim(queue)) == 1


def test_nobody_waits_for_a_load_that_holds_the_replays_row(
    chosen: Callable[..., Any], service: Connection, service_url: str
) -> None:
    """A daemon that is frozen in a load would freeze all others: they would not beat any more."""
    queue, there = chosen("shop", rate=1000)
    with connect(service_url) as load, load.transaction():
        load.execute("UPDATE etl.replay SET rows_done = 1")
        service.execute("SET lock_timeout = '2s'")
        assert _claim(queue) == ()
        assert _step(queue) is Step.WAITING
        assert not queue.blame(_current(queue).replay_id, "stuck")
    assert [lease.row_ids for lease in _claim(queue)] == [there["shop"].row_ids]
    assert queue.blame(_current(queue).replay_id, "stuck")
    assert _current(queue).problem == "stuck"


def test_a_cancelled_replay_is_over_when_what_was_claimed_has_landed(chosen: Callable[..., Any], service: Connection) -> None:
    queue, _ = chosen("shop")
    first, second = (*_claim(queue, 1), *_claim(queue, 1))
    service.execute("UPDATE etl.replay SET status = 'cancelled'")
    assert _current(queue).cancelled
    assert _claim(queue) == ()
    assert _step(queue) is Step.WAITING
    finished(service, first)
    release(service, second.batch_id, second.token)
    assert _step(queue) is Step.FINISHED
    assert queue.current() is None
    assert _waiting(service) == []
    assert one(service, "SELECT status, finished_at IS NOT NULL FROM etl.replay") == ("cancelled", True)


# What was vacated ---------------------------------------------------------------------------------------------------------


def _slip(service: Connection, name: str, more: str = "") -> Slip:
    slip = read_slip({"slip.toml": _SLIP.format(name=name) + more}, "public")
    ensure_tables(service, slip.targets, slip.name, "public")
    remember(service, slip)
    return slip


def _vacate(service: Connection, replay_id: int, target: str) -> None:
    service.execute("INSERT INTO etl.vacancy VALUES (%s, %s, gen_random_uuid())", [replay_id, target])


def _holds(service: Connection, row_id: int) -> None:
    service.execute("INSERT INTO offer (_id, _row_id, _batch_id, sku, \"of\") VALUES (gen_random_uuid(), %s, 1, 1, '')", [row_id])


@pytest.mark.parametrize("target", ["public.offer", "public.vendor"])
def test_rows_that_may_have_lost_are_sought_by_the_version_that_settled_them(
    producer: Connection, service: Connection, target: str
) -> None:
    plain, rich = _slip(service, "plain"), _slip(service, "rich", _ITEMS)
    there = {slip.name: settled(producer, service, "ldsr", slip=slip.name, digest=slip.digest) for slip in (plain, rich)}
    settled(producer, service, "ld", slip="other", digest="other")
    for lease in there.values():
        _holds(service, lease.row_ids[0])
    replay_id = order(service, rows=[0])
    _vacate(service, replay_id, target)
    queue = _queue(service)
    assert _step(queue) is Step.CHOSEN, "nothing, but the cursor moves"
    assert _step(queue) is Step.TURNED
    assert _current(queue).phase is Phase.SEEKING
    assert _step(queue) is Step.CHOSEN
    leases = _claim(queue)
    found = {lease.repeat.digest: lease.row_ids for lease in leases if lease.repeat and lease.repeat.seeking}
    if target == "public.offer":
        lost = {slip.digest: there[slip.name].row_ids[1:2] for slip in (plain, rich)}
        assert found == lost, "whoever holds a row of the one root has lost none"
    else:
        assert found == {rich.digest: there["rich"].row_ids[:2]}, "of an item, nothing can be said but by parsing"
    for lease in leases:
        release(service, lease.batch_id, lease.token)
    assert len(_claim(queue)) == len(leases), "what is given back is sought again"
    service.execute("UPDATE etl.batch SET status = 'released' WHERE replay_id IS NOT NULL")
    assert _step(queue) is Step.FINISHED
    assert one(service, "SELECT count(*) FROM etl.vacancy") == 0
    assert one(service, "SELECT status FROM etl.replay") == "done"


def test_what_a_cancelled_replay_has_vacated_is_sought_also_when_it_was_cancelled_while_seeking(
    producer: Connection, service: Connection
) -> None:
    slip = _slip(service, "plain")
    rows = settled(producer, service, "ddd", slip="plain", digest=slip.digest).row_ids
    replay_id = order(service, source="shop")
    queue = _queue(service)
    _step(queue)
    _vacate(service, replay_id, "public.offer")
    service.execute("UPDATE etl.replay SET status = 'cancelled'")
    assert _step(queue) is Step.TURNED
    assert _waiting(service) == [], "nothing more of it is repeated"
    assert _step(queue) is Step.CHOSEN
    (lease,) = _claim(queue)
    assert lease.row_ids == rows
    release(service, lease.batch_id, lease.token)
    (again,) = _claim(queue)
    assert again.row_ids == rows
    finished(service, again)
    assert _step(queue) is Step.FINISHED
    assert one(service, "SELECT status, finished_at IS NOT NULL FROM etl.replay") == ("cancelled", True)


def test_nothing_is_sought_before_loads_have_ended_that_may_have_lost_to_what_is_gone(
    producer: Connection, service: Connection
) -> None:
    slip = _slip(service, "plain")
    replay_id = order(service, rows=[0])
    _vacate(service, replay_id, "public.offer")
    live = leased(producer, service, [{"sku": 1}])
    queue = _queue(service)
    service.execute("UPDATE etl.replay SET row_hi = 0")
    assert _step(queue) is Step.WAITING
    later = leased(producer, service, [{"sku": 1}])
    assert _step(queue) is Step.WAITING
    service.execute(
        "UPDATE etl.batch SET status = 'done', finished_at = now(), outcomes = 'd', duplicate = 1, slip = 'plain', slip_digest = %s "
        "WHERE batch_id = %s",
        [slip.digest, live.batch_id],
    )
    assert _step(queue) is Step.TURNED, "those that began since have seen it"
    assert _step(queue) is Step.CHOSEN
    assert _waiting(service) == list(live.row_ids)
    assert later.row_ids[0] not in _waiting(service)


def test_a_vacated_table_that_is_gone_is_sought_no_more(producer: Connection, service: Connection, admin: Connection) -> None:
    slip = _slip(service, "plain")
    settled(producer, service, "ld", slip="plain", digest=slip.digest)
    replay_id = order(service, rows=[0])
    _vacate(service, replay_id, "public.offer")
    service.execute("UPDATE etl.replay SET phase = 'seeking'")
    admin.execute("DROP TABLE offer")
    queue = _queue(service)
    assert _step(queue) is Step.CHOSEN
    assert _step(queue) is Step.FINISHED
    assert one(service, "SELECT count(*) FROM etl.vacancy") == 0


def test_a_table_that_goes_while_it_is_sought_is_told_of_and_then_sought_no_more(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    slip = _slip(service, "plain")
    settled(producer, service, "lddd", slip="plain", digest=slip.digest)
    replay_id = order(service, rows=[0])
    _vacate(service, replay_id, "public.offer")
    service.execute("UPDATE etl.replay SET phase = 'seeking'")
    queue = _queue(service, window_rows=1)
    assert _step(queue) is Step.CHOSEN
    service.execute("DELETE FROM etl.replay_row")
    admin.execute("DROP TABLE offer")
    with pytest.raises(Unworkable, match=r"^Expected an order .*, but it answered UndefinedTable \(42P01\)\.$"):
        _step(queue)
    assert _step(queue) is Step.CHOSEN, "the connection goes on"
    assert one(service, "SELECT count(*) FROM etl.vacancy") == 0


def test_a_stored_slip_that_cannot_be_read_is_told_of(service: Connection) -> None:
    service.execute("INSERT INTO etl.slip (digest, name, files) VALUES ('x', 'odd', '{\"slip.toml\": \"colour = 1\"}')")
    replay_id = order(service, rows=[0])
    _vacate(service, replay_id, "etl.batch")
    service.execute("UPDATE etl.replay SET phase = 'seeking', row_hi = 1")
    queue = _queue(service)
    with pytest.raises(Unworkable, match=r"^The stored slip odd \(x\) cannot be read by this release"):
        _step(queue)
    assert queue.blame(replay_id, "odd"), "the connection goes on"


_READABLE = (
    '{"rows": [1, 2], "batches": [], "source": "shop", "slip": "a", "reason": "b", "rejected": true, '
    '"since": "2026-01-01T00:00:00+00:00", "until": "2026-01-01T00:00:00.5Z"}'
)
_UNREADABLE = (
    '{"since": "yesterdayish"}',
    '{"until": "2026-02-30T00:00:00+00:00"}',
    '{"since": "2026-01-01T00:00"}',
    '{"rows": 5}',
    '{"rows": [1.5]}',
    '{"rows": [null]}',
    '{"batches": ["a"]}',
    '{"rows": [99999999999999999999]}',
    '{"source": 7}',
    '{"rejected": "yes"}',
    '{"colour": "red"}',
    "[]",
    "null",
)


def test_an_order_that_cannot_be_carried_out_is_refused(service: Connection) -> None:
    for filtered in _UNREADABLE:
        with pytest.raises(psycopg.errors.CheckViolation):
            service.execute("INSERT INTO etl.replay (filter) VALUES (%s::jsonb)", [filtered])
    for rate in ("1e-300", "0", "Infinity", "NaN", "-1"):
        with pytest.raises(psycopg.errors.CheckViolation):
            service.execute("INSERT INTO etl.replay (filter, rate) VALUES ('{}', %s::float8)", [rate])
    service.execute("INSERT INTO etl.replay (filter, rate) VALUES (%s::jsonb, 0.001)", [_READABLE])
    assert one(service, "SELECT count(*) FROM etl.replay") == 1


def test_why_all_that_waits_is_barred_is_told(chosen: Callable[..., Any], service: Connection, admin: Connection) -> None:
    queue, _ = chosen("shop", "web")
    assert queue.barring(_current(queue)) is None
    admin.execute("INSERT INTO etl.pause (source) VALUES ('shop')")
    assert queue.barring(_current(queue)) is None
    other = _queue(service, only=["shop"])
    assert _step(other) is Step.BARRED
    assert other.barring(_current(other)) == "It waits: source shop is paused, no daemon claims source web."
    admin.execute("INSERT INTO etl.pause (source) VALUES ('web')")
    assert queue.barring(_current(queue)) == "It waits: source shop is paused, source web is paused."


# What cannot be sought ----------------------------------------------------------------------------------------------------


def test_a_cancelled_replay_that_cannot_seek_ends_and_what_it_has_vacated_stays_on_record(
    producer: Connection, service: Connection
) -> None:
    slip = _slip(service, "plain")
    rows = settled(producer, service, "lddd", slip="plain", digest=slip.digest).row_ids
    replay_id = order(service, rows=[0])
    later = order(service, rows=[0])
    _vacate(service, replay_id, "public.offer")
    service.execute("UPDATE etl.replay SET phase = 'seeking' WHERE replay_id = %s", [replay_id])
    queue = _queue(service)
    _step(queue)
    (lease,) = _claim(queue)
    release(service, lease.batch_id, lease.token)
    assert queue.blame(replay_id, "no code")
    assert cancel(service, replay_id)
    assert vacant(service, replay_id) == 1
    assert _claim(queue) == (), "it would be hindered again"
    assert _step(queue) is Step.FINISHED
    assert _current(queue).replay_id == later
    assert _waiting(service) == []
    assert one(service, "SELECT problem FROM etl.replay WHERE finished_at IS NOT NULL") == "no code"
    assert one(service, "SELECT count(*) FROM etl.vacancy") == 1
    resume(service, replay_id)
    assert _current(queue).replay_id == replay_id
    assert _step(queue) is Step.TURNED
    assert _step(queue) is Step.CHOSEN
    (again,) = _claim(queue)
    assert set(again.row_ids) <= set(rows)
    finished(service, again)
    assert _step(queue) is Step.FINISHED
    assert (one(service, "SELECT count(*) FROM etl.vacancy"), vacant(service, replay_id)) == (0, 0)


def test_a_replay_that_was_cancelled_before_it_met_what_hinders_it_ends_too(service: Connection) -> None:
    replay_id = order(service, rows=[0])
    service.execute("UPDATE etl.replay SET phase = 'seeking', status = 'cancelled'")
    _vacate(service, replay_id, "public.offer")
    queue = _queue(service)
    assert queue.blame(replay_id, "no code")
    assert _step(queue) is Step.FINISHED
    assert one(service, "SELECT count(*) FROM etl.vacancy") == 1


def test_a_stored_version_is_found_by_its_digest(service: Connection) -> None:
    slip = _slip(service, "plain")
    stored = _queue(service).stored(slip.digest)
    assert stored is not None
    assert (stored.name, dict(stored.files)) == ("plain", dict(slip.files))
    assert _queue(service).stored("nobody's") is None
