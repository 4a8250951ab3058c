"""Replays as operators order, follow and cancel them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from etl_actors.errors import UsageError
from etl_actors.relational.outcome import Outcome
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection, connect
from etl_actors.store.replay.choice import Choice, count, require_settled, settling_digests
from etl_actors.store.replay.orders import Status, Version, cancel, open_replays, order, progress, result, resume
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.documents import one, stage
from tests.support.replays import repeat
from tests.support.settle import settle
from tests.support.slips import read

_SLIP = 'name = "shop"\nsource = "shop"\n[tables.offer]\nkey = ["id"]\ncolumns.id = "id | int"\n'


@pytest.fixture
def operator(database: str) -> Iterator[Connection]:
    """Connect as an operator does."""
    with connect(database, role="etl_operator") as conn:
        yield conn


@pytest.fixture
def rows(producer: Connection, service: Connection) -> list[int]:
    """Settle three rows, of which the second is rejected, and leave a fourth pending."""
    slip = read(_SLIP)
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
    settled = stage(producer, "shop", [{"id": 1}, {"id": "x"}, {"id": 3}])
    settle(service, {"shop": slip}, 2)
    return settled + stage(producer, "shop", [{"id": 4}])


def shop(text: str = _SLIP) -> Slip:
    return read(text)


def test_where_nothing_can_be_chosen_nothing_is(operator: Connection, producer: Connection) -> None:
    assert count(operator, Choice()) == {}
    stage(producer, "shop", [{}, {}])
    assert count(operator, Choice(rows=(2,))) == {}
    assert count(operator, Choice(rows=(7, 8))) == {}, "the greatest id of staging lies before them"


def test_what_is_settled_is_counted_by_source_and_filter(operator: Connection, rows: list[int]) -> None:
    now = datetime.now(UTC)
    assert count(operator, Choice()) == {"shop": 3}
    assert count(operator, Choice(rows=(rows[0], rows[2]))) == {"shop": 2}
    assert count(operator, Choice(batches=(1,))) == {"shop": 2}
    assert count(operator, Choice(source="web")) == {}
    assert count(operator, Choice(slip="shop", rejected=True, reason="not_an_integer")) == {"shop": 1}
    assert count(operator, Choice(rejected=True, reason="null_key")) == {}
    assert count(operator, Choice(since=now - timedelta(hours=1), until=now + timedelta(hours=1))) == {"shop": 3}
    assert count(operator, Choice(until=now - timedelta(hours=1))) == {}
    assert settling_digests(operator, Choice()) == {shop().digest: 3}


_NOT_MEANT = {
    r"^Expected rows that are settled; of 3 there are 1 not in staging \(99\), 1 still pending \(4\)\.$": Choice(rows=(1, 4, 99)),
    r"^Expected batches that are done, got 98 \(there is none\), 99 \(there is none\)\.$": Choice(batches=(1, 98, 99)),
    r"^No slip shops was ever in force; there are shop\.$": Choice(slip="shops"),
    r"^Expected --since before --until, got 2026-01-02 00:00:00Z and 2026-01-01 00:00:00Z\.$": Choice(
        since=datetime(2026, 1, 2, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC)
    ),
}


def test_a_row_that_no_version_took_has_none_to_be_parsed_by_again(service: Connection, rows: list[int]) -> None:
    """In a batch whose other rows were taken, it has their digest only because the batch has it."""
    chosen = "SELECT row_id, settled_digest IS NOT NULL FROM etl.chosen('{}', 1, 1000) ORDER BY row_id"
    assert service.execute(chosen).fetchall() == [(row_id, True) for row_id in rows[:3]], "the second failed in mapping"
    service.execute("UPDATE etl.reject SET stage = 'route', reason = 'no_slip'")
    assert service.execute(chosen).fetchall() == [(rows[0], True), (rows[1], False), (rows[2], True)]


@pytest.mark.usefixtures("rows")
def test_what_cannot_be_meant_is_refused(operator: Connection) -> None:
    for said, choice in _NOT_MEANT.items():
        with pytest.raises(UsageError, match=said):
            require_settled(operator, choice)


def test_an_order_is_on_record_and_wakes_a_daemon(operator: Connection, service: Connection, rows: list[int]) -> None:
    service.execute("LISTEN etl_staged")
    first = order(operator, Choice(source="shop"), 3, Version.ORIGINAL, 12.5)
    second = order(operator, Choice(rejected=True), 1)
    assert len(list(service.notifies(timeout=60, stop_after=2))) == 2
    found = progress(operator, first)
    assert (found.status, found.version, found.rate, found.rows_total) == (Status.OPEN, Version.ORIGINAL, 12.5, 3)
    assert (found.filter, found.behind, found.ended) == ({"source": "shop"}, None, False)
    assert progress(operator, second).behind == first
    assert [each.replay_id for each in open_replays(operator)] == [first, second]
    assert one(operator, "SELECT row_hi FROM etl.replay WHERE replay_id = %s", first) == rows[-1]
    told = one(operator, "SELECT detail FROM etl.action WHERE action = 'replay' ORDER BY action_id LIMIT 1")
    assert told == {"replay_id": first, "filter": {"source": "shop"}, "version": "original", "rate": 12.5, "rows": 3}
    with pytest.raises(UsageError, match=r"^There is no replay 99\.$"):
        progress(operator, 99)


def test_a_cancelled_replay_gives_up_what_is_not_claimed_and_is_open_until_a_daemon_has_ended_it(
    operator: Connection, service: Connection, rows: list[int]
) -> None:
    replay_id = order(operator, Choice(), 3)
    service.execute(
        "INSERT INTO etl.replay_row (replay_id, source, row_id, batch_id) VALUES (%s, 'shop', %s, 1)", [replay_id, rows[0]]
    )
    service.execute("UPDATE etl.replay SET rows_done = 1")
    assert cancel(operator, replay_id)
    assert not cancel(operator, replay_id)
    assert one(service, "SELECT count(*) FROM etl.replay_row") == 0
    assert progress(operator, replay_id).status is Status.CANCELLED
    assert [each.replay_id for each in open_replays(operator)] == [replay_id], "identities that it has vacated are sought"
    assert one(operator, "SELECT count(*) FROM etl.action WHERE action = 'replay cancel'") == 1
    with pytest.raises(UsageError, match=r"^There is no replay 99\.$"):
        cancel(operator, 99)


def test_a_cancelled_replay_that_has_done_nothing_ends_at_once_unless_some_of_it_is_claimed(
    operator: Connection, service: Connection, rows: list[int]
) -> None:
    idle, claimed = order(operator, Choice(), 3), order(operator, Choice(), 3)
    service.execute(
        "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, replay_id, prior_batches) "
        "VALUES ('shop', %s, %s, %s, 1, 1, %s, '{1}')",
        [rows[:1], rows[0], rows[0], claimed],
    )
    assert cancel(operator, idle)
    assert cancel(operator, claimed)
    assert progress(operator, idle).ended
    assert not progress(operator, claimed).ended, "what is claimed may vacate something"
    assert [each.replay_id for each in open_replays(operator)] == [claimed]


def test_a_resumed_replay_has_no_problem_until_a_daemon_meets_it_again(
    operator: Connection, service: Connection, rows: list[int]
) -> None:
    replay_id = order(operator, Choice(), len(rows))
    service.execute("UPDATE etl.replay SET problem = 'a slip is broken'")
    assert progress(operator, replay_id).problem == "a slip is broken"
    resume(operator, replay_id)
    assert progress(operator, replay_id).problem is None


def test_the_result_tells_which_outcomes_changed_and_which_dead_letters_are_closed(
    operator: Connection, service: Connection, rows: list[int]
) -> None:
    mended = shop(_SLIP.replace("id | int", "if(id == 'x', 1, id) | int"))
    remember(service, mended)
    slips = {each.digest: each for each in (shop(), mended)}
    replay_id = repeat(service, rows[:3], slips, mended.digest, 2)
    found = result(operator, replay_id)
    assert found.letters == {("l", "l"): 2, ("r", "d"): 1}
    assert (found.were(Outcome.REJECTED), found.became(Outcome.REJECTED), found.letters_closed) == (1, 0, 1)
    again = repeat(service, rows[:3], slips, shop().digest, 2)
    assert result(operator, again).letters == {("l", "l"): 2, ("d", "r"): 1}
    assert result(operator, repeat(service, rows[:3], slips, shop().digest, 2)).letters_closed == 0, "it is refused again"
