"""The shells around the work: real pykka, fake colleagues. What an actor answers, and what kills it."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import psycopg
import pykka
import pytest

from etl_actors.actors import listener as listener_module
from etl_actors.actors import loader as loader_module
from etl_actors.actors.alarm import Alarm
from etl_actors.actors.answers import BatchLeaseLost, BatchLoaded, BatchParsed, BatchPoisoned, BatchStuck, RowCondemned
from etl_actors.actors.book import Book
from etl_actors.actors.dispatch import Dispatch
from etl_actors.actors.intake import Intake
from etl_actors.actors.listener import ListenerActor
from etl_actors.actors.loader import LoaderActor
from etl_actors.actors.master import MasterActor
from etl_actors.actors.messages import Assign, Beat, Drain, Kind, Load, Open, Parse, Poll, Rang, Ref
from etl_actors.actors.parser import ParserActor
from etl_actors.actors.replays import Replays
from etl_actors.actors.signals import Signals
from etl_actors.actors.stop import Stop
from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable, DataRefused, LeaseLost, SlipError, WorkerLost
from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.breakout.permission import Permission
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease
from etl_actors.store.loading.loaded import Loaded
from etl_actors.store.replay.queue import ReplayQueue
from etl_actors.store.versions import Ring
from etl_actors.workers.base import Job, Role, Worker
from tests.support.fakes import LIMITS, FakeIntake, FakeRef, FakeReplayQueue, RecordingAlarm

_PATIENCE_S = 60.0
_LEASE = Lease(1, 7, "shop", None, (11, 12), 20, 1)
_PARSED = Parsed("some_slip", "digest", (), (), (11, 12))
_LOADED = Loaded(2, 0, 0, 0, 0, 0)


class _Hearer(pykka.ThreadingActor):
    """A master that only listens."""

    def __init__(self, heard: "queue.Queue[Any]") -> None:
        super().__init__()
        self._heard = heard

    def on_receive(self, message: object) -> None:
        self._heard.put(message)


@pytest.fixture
def heard() -> "queue.Queue[Any]":
    return queue.Queue()


@pytest.fixture
def master(heard: "queue.Queue[Any]") -> Iterator[Ref]:
    yield _Hearer.start(heard)
    pykka.ActorRegistry.stop_all(timeout=_PATIENCE_S)


@pytest.fixture
def dead() -> Ref:
    ref: Ref = _Hearer.start(queue.Queue())
    ref.stop()
    return ref


def _answer(heard: "queue.Queue[Any]") -> Any:
    return heard.get(timeout=_PATIENCE_S)


# The parser ---------------------------------------------------------------------------------------------------------------


class _ScriptedWorker:
    """Answers or raises as the script says, one step a batch; the last step is repeated."""

    def __init__(self, *script: Parsed | Exception) -> None:
        self._script = list(script)
        self.jobs: list[Job] = []
        self.threads: set[int] = {threading.get_ident()}
        self.closed = threading.Event()

    def parse(self, job: Job) -> Parsed | Routed:
        self.jobs.append(job)
        self.threads.add(threading.get_ident())
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        self.closed.set()


def _parser(make_worker: Callable[[], Worker]) -> Ref:
    ref: Ref = ParserActor.start(make_worker)
    ref.ask(Open(), timeout=_PATIENCE_S)
    return ref


def test_a_parser_answers_with_what_its_worker_made_of_the_batch(master: Ref, heard: "queue.Queue[Any]") -> None:
    worker = _ScriptedWorker(_PARSED)
    _parser(lambda: worker).tell(Parse(_LEASE, Role(()), master))
    answer = _answer(heard)
    assert isinstance(answer, BatchParsed)
    assert (answer.lease, answer.result) == (_LEASE, _PARSED)
    assert answer.parse_s >= 0
    assert worker.jobs == [Job((11, 12), Role(()))]


def test_a_worker_is_made_in_the_parsers_own_thread_and_ended_with_it(master: Ref, heard: "queue.Queue[Any]") -> None:
    made: list[_ScriptedWorker] = []

    def make() -> Worker:
        made.append(_ScriptedWorker(_PARSED))
        return made[0]

    parser = _parser(make)
    parser.tell(Parse(_LEASE, Role(()), master))
    _answer(heard)
    assert len(made[0].threads) == 1
    assert made[0].threads != {threading.get_ident()}
    assert not made[0].closed.is_set()
    parser.stop()
    assert made[0].closed.is_set()


def test_a_batch_that_no_worker_survives_is_poisoned_and_the_parser_goes_on(master: Ref, heard: "queue.Queue[Any]") -> None:
    lost = WorkerLost("the worker ended with status 9", 0, "worker_killed")
    parser = _parser(lambda: _ScriptedWorker(lost, lost, lost, _PARSED))
    parser.tell(Parse(_LEASE, Role(()), master))
    answer = _answer(heard)
    assert isinstance(answer, BatchPoisoned)
    assert (answer.lease, answer.stage, answer.reason) == (_LEASE, Stage.PARSE, "worker_killed")
    assert answer.message == "expected the batch to be parsed, but the worker ended with status 9"
    parser.tell(Parse(_LEASE, Role(()), master))
    assert isinstance(_answer(heard), BatchParsed)


def test_a_row_that_hangs_is_told_of_before_its_batch_and_one_condemned_before_is_not_touched(
    master: Ref, heard: "queue.Queue[Any]"
) -> None:
    before = Reject(11, Stage.PARSE, "worker_killed", "…")
    worker = _ScriptedWorker(WorkerLost("row 12 hung", 12, "row_timeout"), _PARSED)
    _parser(lambda: worker).tell(Parse(_LEASE, Role(()), master, (before,)))
    found = Reject(12, Stage.PARSE, "row_timeout", "expected the row to be parsed, but row 12 hung")
    assert _answer(heard) == RowCondemned(_LEASE, found)
    assert isinstance(_answer(heard), BatchParsed)
    assert [job.condemned for job in worker.jobs] == [(before,), (before, found)]


def test_a_slip_that_cannot_be_learned_gives_its_batch_back_with_a_sentence_and_the_parser_goes_on(
    master: Ref, heard: "queue.Queue[Any]"
) -> None:
    parser = _parser(lambda: _ScriptedWorker(SlipError("slip shop: its steps.py raised OSError: no disk"), _PARSED))
    parser.tell(Parse(_LEASE, Role(()), master))
    assert _answer(heard) == BatchStuck(_LEASE, "slip shop: its steps.py raised OSError: no disk")
    parser.tell(Parse(_LEASE, Role(()), master))
    assert isinstance(_answer(heard), BatchParsed)


@pytest.mark.parametrize("error", [RuntimeError("a bug of the engine"), DatabaseUnavailable("nobody answers")], ids=repr)
def test_what_is_no_rows_fault_kills_the_parser_and_ends_its_worker(
    error: Exception, master: Ref, heard: "queue.Queue[Any]"
) -> None:
    worker = _ScriptedWorker(error)
    parser = _parser(lambda: worker)
    parser.tell(Parse(_LEASE, Role(()), master))
    assert worker.closed.wait(_PATIENCE_S)
    assert not parser.is_alive()
    assert heard.empty()


def test_a_parser_that_was_not_opened_dies_of_work() -> None:
    parser: Ref = ParserActor.start(lambda: _ScriptedWorker(_PARSED))
    parser.tell(Parse(_LEASE, Role(()), FakeRef()))
    assert parser.actor_stopped.wait(_PATIENCE_S)


def test_a_parsers_reply_to_a_dead_master_is_let_be(dead: Ref) -> None:
    parser = _parser(lambda: _ScriptedWorker(_PARSED))
    parser.ask(Parse(_LEASE, Role(()), dead), timeout=_PATIENCE_S)
    assert parser.is_alive()
    parser.stop()


# The loader ---------------------------------------------------------------------------------------------------------------


class _FakeConnection:
    def __init__(self, rings: Sequence[int] = (), about_slips: Sequence[str] = ()) -> None:
        self.closed = threading.Event()
        self.statements: list[object] = []
        self._rings = [[psycopg.Notify("etl_staged", "", 1)] * several for several in rings]
        self._rings += [[psycopg.Notify("etl_slips", payload, 1)] for payload in about_slips]
        self.heard = Stop()
        self.heard.set()

    def execute(self, statement: object) -> None:
        self.statements.append(statement)

    def fileno(self) -> int:
        """Give a file that can be read, until `heard` is another."""
        return self.heard.fileno()

    def notifies(self, **_bounds: float) -> Iterator[psycopg.Notify]:
        """Ring as often as the next number says, and wait a moment once there is none."""
        if self._rings:
            yield from self._rings.pop(0)
        else:
            self.closed.wait(0.01)

    def close(self) -> None:
        self.closed.set()


class _FakeLoading:
    """Lands or raises as the class is told; knows what had finished before."""

    outcome: Loaded | Exception = _LOADED
    had_finished: Loaded | None = None
    waited_s: float = 7.0  # by loads before
    waits_s: float = 0.0
    calls: list[str]

    def __init__(self, conn: Connection, target_schema: str, permission: Permission | None) -> None:
        assert isinstance(conn, _FakeConnection)
        assert target_schema == "shop_schema"
        assert permission == Permission(alone=False)

    def finished(self, lease: Lease) -> Loaded | None:
        assert lease == _LEASE
        self.calls.append("finished")
        return self.had_finished

    def load(self, lease: Lease, parsed: Parsed) -> Loaded:
        assert (lease, parsed) == (_LEASE, _PARSED)
        self.calls.append("load")
        self.waited_s += self.waits_s
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> type[_FakeLoading]:
    """Give a class of its own to each test, to be told what shall happen."""

    class Told(_FakeLoading):
        calls: list[str] = []  # noqa: RUF012 - one test's

    monkeypatch.setattr(loader_module, "Loading", Told)
    return Told


@pytest.fixture
def connection() -> _FakeConnection:
    return _FakeConnection()


@pytest.fixture
def loader(loading: type[_FakeLoading], connection: _FakeConnection) -> Iterator[Ref]:
    ref: Ref = LoaderActor.start(lambda: cast("Connection", connection), "shop_schema", Permission(alone=False))
    ref.ask(Open(), timeout=_PATIENCE_S)
    yield ref
    if ref.is_alive():
        ref.stop()
    assert connection.closed.is_set()


def test_a_loader_answers_with_what_landed(
    loader: Ref, loading: type[_FakeLoading], master: Ref, heard: "queue.Queue[Any]"
) -> None:
    loader.tell(Load(_LEASE, _PARSED, again=False, reply_to=master))
    answer = _answer(heard)
    assert isinstance(answer, BatchLoaded)
    assert (answer.lease, answer.loaded) == (_LEASE, _LOADED)
    assert answer.load_s >= 0
    assert answer.waited_s == 0
    assert loading.calls == ["load"]


def test_a_loader_tells_how_long_it_has_waited_for_others(
    loader: Ref, loading: type[_FakeLoading], master: Ref, heard: "queue.Queue[Any]"
) -> None:
    loading.waits_s = 0.5
    for _ in range(2):
        loader.tell(Load(_LEASE, _PARSED, again=False, reply_to=master))
        assert _answer(heard).waited_s == 0.5


def test_a_loader_told_again_asks_first_whether_it_had_landed(
    loader: Ref, loading: type[_FakeLoading], master: Ref, heard: "queue.Queue[Any]"
) -> None:
    loading.had_finished = Loaded(0, 2, 0, 0, 0, 0)
    loader.tell(Load(_LEASE, _PARSED, again=True, reply_to=master))
    assert _answer(heard).loaded == Loaded(0, 2, 0, 0, 0, 0)
    assert loading.calls == ["finished"]


def test_a_loader_told_again_of_what_had_not_landed_lands_it(
    loader: Ref, loading: type[_FakeLoading], master: Ref, heard: "queue.Queue[Any]"
) -> None:
    loader.tell(Load(_LEASE, _PARSED, again=True, reply_to=master))
    assert _answer(heard).loaded == _LOADED
    assert loading.calls == ["finished", "load"]


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (LeaseLost("batch 1 is no longer held"), BatchLeaseLost(_LEASE)),
        (
            DataRefused("expected a date that exists", "datetime_field_overflow"),
            BatchPoisoned(_LEASE, Stage.LOAD, "datetime_field_overflow", "expected a date that exists"),
        ),
        (
            psycopg.errors.DependentObjectsStillExist("Failing row contains (secret)"),
            BatchStuck(_LEASE, "DependentObjectsStillExist (2BP01)"),
        ),
        (psycopg.errors.LockNotAvailable("of secret"), BatchStuck(_LEASE, "LockNotAvailable (55P03)")),
        (psycopg.errors.QueryCanceled("at secret"), BatchStuck(_LEASE, "QueryCanceled (57014)")),
        (DatabaseUnsuitable("a column is of another type"), BatchStuck(_LEASE, "a column is of another type")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_land_is_told_and_the_loader_goes_on(
    loader: Ref, loading: type[_FakeLoading], master: Ref, heard: "queue.Queue[Any]", error: Exception, answer: object
) -> None:
    loading.outcome = error
    loader.tell(Load(_LEASE, _PARSED, again=False, reply_to=master))
    told = _answer(heard)
    assert told == answer
    assert "secret" not in repr(told)
    loading.outcome = _LOADED
    loader.tell(Load(_LEASE, _PARSED, again=False, reply_to=master))
    assert isinstance(_answer(heard), BatchLoaded)


def test_a_missing_right_is_a_batch_stuck(
    loader: Ref, loading: type[_FakeLoading], master: Ref, heard: "queue.Queue[Any]"
) -> None:
    loading.outcome = psycopg.errors.InsufficientPrivilege("permission denied for table note\nDETAIL: secret")
    loader.tell(Load(_LEASE, _PARSED, again=False, reply_to=master))
    told = _answer(heard)
    assert isinstance(told, BatchStuck)
    assert "permission denied for table note" in told.reason
    assert "secret" not in told.reason


@pytest.mark.parametrize("error", [psycopg.OperationalError("it went away"), ValueError("a bug of the engine")], ids=repr)
def test_a_lost_connection_or_a_bug_kills_the_loader_and_closes_the_connection(
    loader: Ref,
    loading: type[_FakeLoading],
    connection: _FakeConnection,
    master: Ref,
    heard: "queue.Queue[Any]",
    error: Exception,
) -> None:
    loading.outcome = error
    loader.tell(Load(_LEASE, _PARSED, again=False, reply_to=master))
    assert connection.closed.wait(_PATIENCE_S)
    assert not loader.is_alive()
    assert heard.empty()


@pytest.mark.parametrize("outcome", [_LOADED, LeaseLost("…"), DataRefused("…", "x"), DatabaseUnsuitable("…")], ids=repr)
def test_a_loaders_reply_to_a_dead_master_is_let_be(
    loader: Ref, loading: type[_FakeLoading], dead: Ref, outcome: Loaded | Exception
) -> None:
    loading.outcome = outcome
    loader.ask(Load(_LEASE, _PARSED, again=False, reply_to=dead), timeout=_PATIENCE_S)
    assert loader.is_alive()


# The listener -------------------------------------------------------------------------------------------------------------


def _listener(
    connection: _FakeConnection, master: Ref, slips: Callable[[Ring], None] = lambda _ring: None, stop: Stop | None = None
) -> Ref:
    ref: Ref = ListenerActor.start(lambda: cast("Connection", connection), master, slips, stop or Stop())
    ref.ask(Open(), timeout=_PATIENCE_S)
    return ref


def test_whoever_begins_to_listen_rings_for_what_was_rung_before(master: Ref, heard: "queue.Queue[Any]") -> None:
    connection = _FakeConnection()
    listener = _listener(connection, master)
    assert _answer(heard) == Rang()
    assert len(connection.statements) == 2, "it listens for rows and for slips"
    listener.stop()
    assert heard.empty()
    assert connection.closed.is_set()


def test_the_listener_tells_the_master_of_each_ring(master: Ref, heard: "queue.Queue[Any]") -> None:
    listener = _listener(_FakeConnection(rings=[1, 0, 1]), master)
    assert [_answer(heard) for _ in range(3)] == [Rang()] * 3
    listener.stop()
    assert heard.empty()


def test_a_ring_about_slips_is_none_about_rows(master: Ref, heard: "queue.Queue[Any]") -> None:
    asked: queue.Queue[Ring] = queue.Queue()
    listener = _listener(_FakeConnection(about_slips=["read", "look", ""]), master, asked.put)
    assert [asked.get(timeout=_PATIENCE_S) for _ in range(4)] == [Ring.LOOK, Ring.READ, Ring.LOOK, Ring.READ]
    assert _answer(heard) == Rang(), "the one of its beginning"
    listener.stop()
    assert heard.empty()


def test_a_listener_that_hears_nothing_waits_no_longer_than_the_daemon(master: Ref, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "_WAIT_S", 2 * _PATIENCE_S)
    connection, stop = _FakeConnection(), Stop()
    connection.heard = Stop()
    listener = _listener(connection, master, stop=stop)
    stop.set()
    assert listener.stop(block=True, timeout=_PATIENCE_S)
    assert connection.closed.is_set()


def test_a_listener_whose_master_is_dead_goes_on_until_it_is_stopped(dead: Ref) -> None:
    connection = _FakeConnection(rings=[1, 1])
    listener = _listener(connection, dead)
    listener.ask(Open(), timeout=_PATIENCE_S)
    assert listener.is_alive()
    listener.stop()
    assert connection.closed.is_set()


# The master ---------------------------------------------------------------------------------------------------------------


class _Office:
    """A master with a real dispatch, whose colleagues are fakes."""

    def __init__(self) -> None:
        self.intake = FakeIntake()
        self.signals = Signals()
        self.parser, self.loader = FakeRef("parser"), FakeRef("loader")
        self.ref: Ref = MasterActor.start(self._mind)

    def _mind(self, me: Ref) -> Dispatch:
        return Dispatch(
            me=me,
            intake=cast("Intake", self.intake),
            replays=Replays(cast("ReplayQueue", FakeReplayQueue(self.intake)), LIMITS),
            book=Book(9, 2**40),
            catalogue=Catalogue(()),
            signals=self.signals,
            alarm=cast("Alarm", RecordingAlarm()),
            tell_waiting=lambda _since: None,
        )

    def told(self, message: object) -> None:
        """Tell, and wait until it was answered."""
        self.ref.ask(message, timeout=_PATIENCE_S)

    def order(self, ref: FakeRef) -> Any:
        (order,) = ref.heard()
        return order


@pytest.fixture
def office() -> Iterator[_Office]:
    made = _Office()
    made.told(Open())
    made.told(Assign(Kind.PARSER, 0, made.parser))
    made.told(Assign(Kind.LOADER, 0, made.loader))
    yield made
    if made.ref.is_alive():
        made.ref.stop()


def test_the_master_takes_a_batch_from_its_claim_to_its_end(office: _Office) -> None:
    rows = office.intake.stage("shop", 2)
    office.told(Rang())
    lease = office.order(office.parser).lease
    assert list(lease.row_ids) == rows
    office.told(BatchParsed(lease, _PARSED, 0.1))
    assert office.order(office.loader).lease == lease
    office.told(Drain())
    assert not office.signals.drained.is_set()
    office.told(BatchLoaded(lease, _LOADED, 0.1))
    assert office.signals.drained.is_set()


def test_every_other_message_reaches_its_method_too(office: _Office) -> None:
    office.intake.stage("a", 1)
    office.told(Rang())
    lost = office.order(office.parser).lease
    office.intake.steal(lost)
    office.intake.stage("a", 1)
    office.told(BatchLeaseLost(lost))
    poisoned = office.order(office.parser).lease
    office.told(RowCondemned(poisoned, Reject(poisoned.row_ids[0], Stage.PARSE, "row_timeout", "…")))
    office.told(BatchPoisoned(poisoned, Stage.PARSE, "worker_killed", "…"))
    assert [reject.reason for reject in office.order(office.loader).parsed.rejects] == ["worker_killed"]
    office.told(BatchStuck(poisoned, "no right"))
    assert office.intake.aside == {"a"}
    beats = office.intake.beats
    office.told(Beat())
    assert office.intake.beats == beats + 1
    rests = len(office.intake.rests)
    office.told(Poll())
    assert len(office.intake.rests) == rests + 1


def test_a_master_that_is_stopped_leaves_the_register_and_lets_its_lock_go(office: _Office) -> None:
    office.ref.stop()
    assert office.intake.left
    assert office.intake.closed.is_set()


def test_a_master_that_fails_lets_its_lock_go_but_stays_on_the_register(office: _Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.intake, "beat", _raise)
    office.ref.tell(Beat())
    assert office.intake.closed.wait(_PATIENCE_S)
    assert not office.ref.is_alive()
    assert not office.intake.left, "its batches are found by it, and rescued"


def _raise(_known: object) -> None:
    raise psycopg.OperationalError("it went away")


def test_a_master_lets_its_lock_go_even_where_it_cannot_leave_the_register(
    office: _Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.intake, "leave", lambda: _raise(()))
    office.ref.stop()
    assert office.intake.closed.is_set()


def test_a_master_that_was_not_opened_dies_of_work() -> None:
    master: Ref = MasterActor.start(lambda _me: pytest.fail("nobody opened it"))
    master.tell(Poll())
    assert master.actor_stopped.wait(_PATIENCE_S)
