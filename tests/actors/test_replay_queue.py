"""One contract for the real queue of replays and for the fake that the dispatch is tested with."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import psycopg
import pytest

from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import Lease, release
from etl_actors.store.replay.current import Phase, Step, Stored
from etl_actors.store.replay.queue import ReplayQueue
from tests.support.fakes import FakeIntake, FakeReplayQueue
from tests.support.leases import OWNER
from tests.support.replay_orders import finished, order, settled


class _World(Protocol):
    """What happens around a queue."""

    def order(self, rows: int) -> tuple[int, ...]: ...
    def land(self, lease: Lease) -> None: ...
    def release(self, lease: Lease) -> None: ...
    def bar(self) -> None: ...
    def during_a_load(self, what: Callable[[], object]) -> object: ...
    def store(self, stored: Stored) -> None: ...


class _Fake:
    def __init__(self, queue: FakeReplayQueue) -> None:
        self._queue = queue

    def order(self, rows: int) -> tuple[int, ...]:
        made = tuple(range(1, rows + 1))
        self._queue.order(*made)
        return made

    def land(self, lease: Lease) -> None:
        self._queue.intake.steal(lease)

    def release(self, lease: Lease) -> None:
        self._queue.intake.release(lease)

    def bar(self) -> None:
        self._queue.barred = True

    def during_a_load(self, what: Callable[[], object]) -> object:
        self._queue.locked = True
        said = what()
        self._queue.locked = False
        return said

    def store(self, stored: Stored) -> None:
        self._queue.versions[stored.digest] = stored


class _Real:
    def __init__(self, admin: Connection, service: Connection) -> None:
        self._admin = admin
        self._service = service

    def order(self, rows: int) -> tuple[int, ...]:
        made = settled(self._admin, self._service, "l" * rows).row_ids
        order(self._service, source="shop")
        return made

    def land(self, lease: Lease) -> None:
        finished(self._service, lease)

    def release(self, lease: Lease) -> None:
        release(self._service, lease.batch_id, lease.token)

    def bar(self) -> None:
        self._admin.execute("INSERT INTO etl.pause (source) VALUES ('shop')")

    def during_a_load(self, what: Callable[[], object]) -> object:
        with self._admin.transaction():
            self._admin.execute("UPDATE etl.replay SET rows_done = rows_done + 1")
            return what()

    def store(self, stored: Stored) -> None:
        given = [stored.digest, stored.name]
        self._admin.execute('INSERT INTO etl.slip (digest, name, files) VALUES (%s, %s, \'{"slip.toml": ""}\')', given)


@pytest.fixture(params=["fake", "real"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Any, _World]]:
    if request.param == "fake":
        fake = FakeReplayQueue(FakeIntake())
        yield fake, _Fake(fake)
        return
    service_url = request.getfixturevalue("service_url")
    with ExitStack() as stack:
        admin = stack.enter_context(psycopg.connect(request.getfixturevalue("database"), autocommit=True))
        service, conn = (stack.enter_context(connect(service_url)) for _ in range(2))
        yield ReplayQueue(conn, OWNER, "public"), _Real(admin, service)


@pytest.fixture
def queue(both: tuple[Any, _World]) -> Any:
    return both[0]


@pytest.fixture
def world(both: tuple[Any, _World]) -> _World:
    return both[1]


def _claim(queue: Any, rows: int = 1000) -> tuple[Lease, ...]:
    made: tuple[Lease, ...] = queue.claim(queue.current(), rows, 2**40)
    return made


def test_a_replay_goes_from_its_order_to_its_end(queue: Any, world: _World) -> None:
    assert queue.current() is None
    rows = world.order(3)
    replay = queue.current()
    assert (replay.phase, replay.cancelled, replay.rate, replay.problem, replay.wait_s) == (Phase.REPEATING, False, None, None, 0)
    assert _claim(queue) == ()
    assert queue.advance(replay) is Step.CHOSEN
    assert queue.advance(replay) is Step.WAITING, "its rows are there to be claimed"
    first, second = (*_claim(queue, 2), *_claim(queue))
    assert (first.source, first.row_ids, second.row_ids) == ("shop", rows[:2], rows[2:])
    assert first.repeat is not None
    assert (first.repeat.replay_id, first.repeat.digest, first.repeat.seeking) == (replay.replay_id, None, False)
    assert queue.advance(replay) is Step.WAITING, "its batches are in flight"
    for lease in (first, second):
        world.land(lease)
    assert queue.advance(replay) is Step.FINISHED
    assert queue.current() is None


def test_what_is_given_back_is_claimed_again(queue: Any, world: _World) -> None:
    rows = world.order(3)
    queue.advance(queue.current())
    (lease,) = _claim(queue)
    world.release(lease)
    assert queue.advance(queue.current()) is Step.WAITING
    assert [again.row_ids for again in _claim(queue)] == [rows]


def test_what_may_not_be_claimed_here_is_barred(queue: Any, world: _World) -> None:
    world.order(3)
    queue.advance(queue.current())
    world.bar()
    assert _claim(queue) == ()
    assert queue.advance(queue.current()) is Step.BARRED
    assert queue.barring(queue.current()) == "It waits: source shop is paused."


def test_a_problem_is_told_unless_a_load_holds_the_replay(queue: Any, world: _World) -> None:
    world.order(1)
    replay_id = queue.current().replay_id
    assert world.during_a_load(lambda: queue.blame(replay_id, "stuck")) is False
    assert queue.current().problem is None
    assert queue.blame(replay_id, "stuck") is True
    assert queue.current().problem == "stuck"


def test_a_stored_version_is_found_by_its_digest(queue: Any, world: _World) -> None:
    stored = Stored("0123", "shop", {"slip.toml": ""})
    world.store(stored)
    assert queue.stored("0123") == stored
    assert queue.stored("4567") is None
