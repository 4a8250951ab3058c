"""One contract for the real intake and for the fake that the dispatch is tested with."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any, Protocol

import psycopg
import pytest

from etl_actors.actors.book import Book
from etl_actors.actors.intake import Intake
from etl_actors.actors.pace import LEAST_ROWS, Pace
from etl_actors.errors import LeaseLost
from etl_actors.relational.parsed import Group
from etl_actors.store.daemons import Node
from etl_actors.store.database import Connection, connect
from etl_actors.store.doorbell import Doorbell
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease, rescue
from tests.support import documents
from tests.support.fakes import LIMITS, NO_SLIPS, FakeIntake
from tests.support.leases import OWNER, leased

_PLENTY = 2**40


class _World(Protocol):
    """What a test does to the world around an intake."""

    def stage(self, source: str, rows: int) -> list[int]: ...
    def die_with(self, source: str, rows: int) -> Lease: ...
    def steal(self, lease: Lease) -> None: ...
    def pending(self) -> list[int]: ...


class _RealWorld:
    def __init__(self, admin: Connection, service: Connection) -> None:
        self._admin = admin
        self._service = service

    def stage(self, source: str, rows: int) -> list[int]:
        return documents.stage(self._admin, source, [{}] * rows)

    def die_with(self, source: str, rows: int) -> Lease:
        return leased(self._admin, self._service, rows, source)  # of an owner that never was

    def steal(self, lease: Lease) -> None:
        self._admin.execute("UPDATE etl.batch SET owner = %s WHERE batch_id = %s", [OWNER, lease.batch_id])
        (taken,) = rescue(self._service, OWNER + 1, 60.0, 1)
        assert taken.batch_id == lease.batch_id

    def pending(self) -> list[int]:
        return documents.waiting(self._admin)


@pytest.fixture(params=["fake", "real"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Any, _World]]:
    if request.param == "fake":
        fake = FakeIntake()
        yield fake, fake
        return
    service_url = request.getfixturevalue("service_url")
    with ExitStack() as stack:
        admin = stack.enter_context(psycopg.connect(request.getfixturevalue("database"), autocommit=True))
        other = stack.enter_context(connect(service_url))
        conn = stack.enter_context(closing(connect(service_url)))
        node = stack.enter_context(closing(Node(service_url)))
        doorbell = Doorbell(conn, node.number, poll_s=0.25, asleep_s=20.0, safety_poll_s=5.0)
        yield Intake(conn, node, Inbox(conn, node.number), doorbell, LIMITS), _RealWorld(admin, other)


@pytest.fixture
def intake(both: tuple[Any, _World]) -> Any:
    return both[0]


@pytest.fixture
def world(both: tuple[Any, _World]) -> _World:
    return both[1]


def _book(batches: int = 9, nbytes: int = _PLENTY) -> Book:
    return Book(batches, nbytes)


def _claim(intake: Any, book: Book, *, rang: bool = False) -> list[Lease]:
    made = []
    for lease in intake.claimed(book, rang=rang):
        book.add(lease, NO_SLIPS)
        made.append(lease)
    return made


def _rescue(intake: Any, book: Book) -> list[Lease]:
    made = []
    for lease in intake.rescued(book):
        book.add(lease, NO_SLIPS)
        made.append(lease)
    return made


def test_no_more_batches_are_claimed_than_there_is_credit_for(intake: Any, world: _World) -> None:
    rows = world.stage("shop", 10)
    made = _claim(intake, _book(batches=2))
    assert [list(lease.row_ids) for lease in made] == [rows[:3], rows[3:6]]
    assert [(lease.source, lease.slip, lease.attempt) for lease in made] == [("shop", None, 1)] * 2
    assert len({lease.token for lease in made}) == 2
    assert world.pending() == rows[6:]


def test_bytes_are_credit_too_and_the_first_row_is_always_taken(intake: Any, world: _World) -> None:
    rows = world.stage("shop", 4)
    assert [list(lease.row_ids) for lease in _claim(intake, _book(nbytes=1))] == [rows[:1]]
    assert world.pending() == rows[1:]


def test_nothing_is_claimed_without_credit(intake: Any, world: _World) -> None:
    rows = world.stage("shop", 1)
    assert _claim(intake, _book(batches=0)) == []
    assert world.pending() == rows


def test_sources_take_turns_from_one_call_to_the_next(intake: Any, world: _World) -> None:
    for source in ("a", "b", "c"):
        world.stage(source, 9)
    turns = [_claim(intake, _book(batches=1))[0].source for _ in range(6)]
    assert sorted(turns[:3]) == ["a", "b", "c"]
    assert turns[3:] == turns[:3]


def test_a_ring_finds_a_source_that_nobody_knew(intake: Any, world: _World) -> None:
    assert _claim(intake, _book()) == []
    rows = world.stage("new", 2)
    assert [list(lease.row_ids) for lease in _claim(intake, _book(), rang=True)] == [rows]


def test_what_the_dead_held_is_taken_over_under_a_new_token_and_counted(intake: Any, world: _World) -> None:
    dead = world.die_with("shop", 2)
    (taken,) = _rescue(intake, _book())
    assert (taken.batch_id, taken.source, taken.row_ids) == (dead.batch_id, "shop", dead.row_ids)
    assert taken.attempt == 2
    assert taken.token != dead.token


def test_no_more_is_rescued_than_there_is_room_for_and_the_rest_comes_later(intake: Any, world: _World) -> None:
    dead = [world.die_with("shop", 1) for _ in range(3)]
    book = _book(batches=2)
    assert [lease.batch_id for lease in _rescue(intake, book)] == [lease.batch_id for lease in dead[:2]]
    assert _rescue(intake, book) == [], "there is no room"
    assert not intake.exhausted()
    book.entries.clear()
    assert [lease.batch_id for lease in _rescue(intake, book)] == [dead[2].batch_id]


def test_no_more_is_rescued_than_there_are_bytes_for(intake: Any, world: _World) -> None:
    dead = [world.die_with("shop", 2) for _ in range(3)]
    book = _book(nbytes=dead[0].nbytes + 1)
    assert [lease.batch_id for lease in _rescue(intake, book)] == [lease.batch_id for lease in dead[:2]]


def test_a_batch_has_as_many_rows_as_the_pace_of_its_source_says(intake: Any, world: _World) -> None:
    intake.limits = replace(LIMITS, batch_rows=1000)
    for source in ("shop", "web"):
        world.stage(source, 700)
    book = Book(2, _PLENTY, Pace(1000, careful=lambda source: source == "web"))
    assert sorted((lease.source, len(lease.row_ids)) for lease in _claim(intake, book)) == [("shop", 700), ("web", LEAST_ROWS)]


def test_the_dead_are_looked_after_again_at_the_next_beat_only(intake: Any, world: _World) -> None:
    book = _book()
    assert _rescue(intake, book) == []
    dead = world.die_with("shop", 1)
    assert _rescue(intake, book) == []
    intake.beat(book.entries)
    assert [lease.batch_id for lease in _rescue(intake, book)] == [dead.batch_id]


def test_without_credit_it_is_awake_and_no_producer_rings(service_url: str) -> None:
    with ExitStack() as stack:
        conn = stack.enter_context(closing(connect(service_url)))
        node = stack.enter_context(closing(Node(service_url)))
        doorbell = Doorbell(conn, node.number, poll_s=0.0, asleep_s=20.0, safety_poll_s=5.0)
        intake = Intake(conn, node, Inbox(conn, node.number), doorbell, LIMITS)
        sleeping = "SELECT count(*) FROM etl.daemon WHERE asleep_until > clock_timestamp()"
        for _ in range(2):
            intake.rest(found=False)
        assert documents.one(conn, sleeping) == 1
        intake.busy()
        assert documents.one(conn, sleeping) == 0


def test_what_is_given_back_waits_and_is_found_again(intake: Any, world: _World) -> None:
    rows = world.stage("shop", 2)
    (lease,) = _claim(intake, _book())
    intake.release(lease)
    assert world.pending() == rows
    assert [list(again.row_ids) for again in _claim(intake, _book(), rang=True)] == [rows]


def test_what_is_somebody_elses_cannot_be_given_back_nor_split(intake: Any, world: _World) -> None:
    world.stage("shop", 2)
    (lease,) = _claim(intake, _book())
    world.steal(lease)
    intake.release(lease)
    assert world.pending() == []
    with pytest.raises(LeaseLost):
        intake.split(lease, (Group("a", lease.row_ids),), 1)


def test_a_split_makes_one_batch_a_group_and_ends_the_parent(intake: Any, world: _World) -> None:
    world.stage("shop", 3)
    (lease,) = _claim(intake, _book())
    first, second, third = lease.row_ids
    groups = (Group("a", (first, third)), Group(None, (second,)))
    made = intake.split(lease, groups, 2)
    assert [(child.slip, child.row_ids, child.source, child.attempt) for child in made] == [
        ("a", (first, third), "shop", 2),
        (None, (second,), "shop", 2),
    ]
    assert len({lease.batch_id, *(child.batch_id for child in made)}) == 3
    with pytest.raises(LeaseLost):
        intake.split(lease, groups, 2)


def test_a_split_that_forgets_a_row_is_refused(intake: Any, world: _World) -> None:
    world.stage("shop", 3)
    (lease,) = _claim(intake, _book())
    with pytest.raises(ValueError, match="the groups"):
        intake.split(lease, (Group("a", lease.row_ids[1:]),), 1)
    assert len(intake.split(lease, (Group("a", lease.row_ids),), 1)) == 1, "it is still ours"


def test_a_source_set_aside_waits_while_others_are_claimed_and_counts_as_exhausted(intake: Any, world: _World) -> None:
    rows = world.stage("bad", 2)
    (lease,) = _claim(intake, _book())
    intake.set_aside(lease)
    world.stage("good", 1)
    assert [other.source for other in _claim(intake, _book(), rang=True)] == ["good"]
    assert world.pending() == rows
    assert _rescue(intake, _book()) == []
    assert intake.exhausted()


def test_rows_put_by_wait_while_those_beyond_them_are_claimed_and_count_as_exhausted(intake: Any, world: _World) -> None:
    rows = world.stage("pets", 2)
    (lease,) = _claim(intake, _book())
    intake.put_by(lease)
    assert _rescue(intake, _book()) == []
    assert intake.exhausted()
    later = world.stage("pets", 2)
    assert not intake.exhausted()
    assert [row for other in _claim(intake, _book(), rang=True) for row in other.row_ids] == later
    assert world.pending() == rows
    intake.keep_to(None)
    assert [row for other in _claim(intake, _book(), rang=True) for row in other.row_ids] == rows


def test_a_beat_gives_back_claims_that_the_book_does_not_know_and_says_since_when_rows_wait(intake: Any, world: _World) -> None:
    world.stage("shop", 6)
    book = _book()
    known, stray = _claim(intake, book)
    assert intake.beat(book.entries) is None
    book.remove(stray)
    intake.beat(book.entries)
    assert world.pending() == list(stray.row_ids)
    assert intake.beat(book.entries) is not None
    assert len(intake.split(known, (Group("a", known.row_ids),), 1)) == 1, "what the book knows is kept"


def test_nothing_is_exhausted_while_rows_wait_or_the_dead_may_hold_some(intake: Any, world: _World) -> None:
    world.stage("shop", 1)
    assert not intake.exhausted(), "nobody has looked after the dead yet"
    assert _rescue(intake, _book()) == []
    assert not intake.exhausted()
    assert len(_claim(intake, _book())) == 1
    assert intake.exhausted()
    intake.beat(())
    assert not intake.exhausted()


@pytest.mark.parametrize("both", ["real"], indirect=True)
def test_nothing_is_exhausted_while_a_dead_daemons_claim_lies_below_the_floor_of_rescues(intake: Intake, database: str) -> None:
    """It drew its id before others whose batches are settled, and its commit was seen after they were."""
    claim = (
        "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status) "
        "VALUES ('shop', '{1}', 1, 1, 1, 999, %s) RETURNING batch_id"
    )
    with psycopg.connect(database) as late, psycopg.connect(database, autocommit=True) as other:
        ((drawn,),) = late.execute(claim, ["claimed"]).fetchall()
        other.execute(claim, ["released"])
        assert _rescue(intake, _book()) == []
        late.commit()
        assert not intake.exhausted()
        assert [lease.batch_id for lease in _rescue(intake, _book())] == [drawn]
        assert intake.exhausted()


@pytest.mark.parametrize("both", ["real"], indirect=True)
def test_a_beat_carries_the_books_forward_now_and_then(intake: Intake, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, outcomes, loaded) "
            "SELECT 'shop', ARRAY[n], n, n, 1, 1, 'done', 'l', 1 FROM generate_series(1, 2000) n"
        )
        intake.beat(())
        assert conn.execute("SELECT loaded FROM etl.carried").fetchall() == [(1500,)]
        conn.execute("TRUNCATE etl.carried")
        for _ in range(9):
            intake.beat(())
        assert conn.execute("SELECT count(*) FROM etl.carried").fetchall() == [(0,)]


def test_after_a_find_the_next_look_comes_soon_and_after_none_not_earlier(intake: Any) -> None:
    assert 0 < intake.rest(found=True) <= intake.rest(found=False)
    assert 0 < intake.rest(found=False, rang=True) <= intake.rest(found=False)


def test_it_leaves_and_closes(intake: Any) -> None:
    intake.leave()
    intake.close()
    if isinstance(intake, FakeIntake):
        assert intake.left
        assert intake.closed.is_set()
    else:
        assert intake.conn.closed
