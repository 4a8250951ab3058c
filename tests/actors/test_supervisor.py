"""The supervisor starts, asks, introduces, replaces and stops; with real pykka and actors that do nothing else."""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pykka
import pytest

from etl_actors.actors.messages import Assign, Drain, Kind, Open, Ref, Reload
from etl_actors.actors.signals import Signals
from etl_actors.actors.staff import Company, Staff
from etl_actors.actors.staleness import Staleness
from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable, WorkerLost
from etl_actors.http.health import HealthState
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.slips.shelf.in_force import Standing
from etl_actors.supervisor import Supervisor
from etl_actors.versions.in_force import InForce
from etl_actors.versions.rereading import Rereading
from tests.support.daemon import wait_until


class _Actor(pykka.ThreadingActor):
    def __init__(self, kind: str, stage: "_Stage") -> None:
        super().__init__()
        self._kind = kind
        self._stage = stage

    def on_receive(self, message: object) -> None:
        match message:
            case Open() if self._stage.refusals and (refusal := self._stage.refusals.pop(self._kind, None)):
                raise refusal
            case Open():
                self._stage.told.put((self._kind, "open", self.actor_ref))
            case Assign(kind=kind, ref=ref):
                self._stage.told.put((self._kind, f"assign {kind}", ref))
            case Reload(slips=slips):
                self._stage.told.put((self._kind, f"reload {len(slips)}", self.actor_ref))
            case Drain():
                self._stage.signals.drained.set()
            case "fail":
                raise RuntimeError("told to")

    def on_stop(self) -> None:
        self._stage.told.put((self._kind, "stop", self.actor_ref))


@dataclass
class _Stage:
    told: "queue.Queue[tuple[str, str, Ref]]" = field(default_factory=queue.Queue)
    signals: Signals = field(default_factory=Signals)
    refusals: dict[str, Exception] = field(default_factory=dict)
    health: HealthState = field(default_factory=HealthState)
    slips: Rereading | None = None

    def supervisor(self) -> Supervisor:
        company = Company(
            master=lambda: _Actor.start("master", self),
            listener=lambda _master: _Actor.start("listener", self),
            parsers=(lambda: _Actor.start("parser", self),),
            loaders=(lambda: _Actor.start("loader", self),),
        )
        return Supervisor(Staff(company), self.signals, self.health, drain_s=5.0, once=True, slips=self.slips)

    def expect(self, *wanted: tuple[str, str]) -> list[Ref]:
        refs = []
        for kind, what in wanted:
            found = self.told.get(timeout=60)
            assert found[:2] == (kind, what)
            refs.append(found[2])
        return refs

    def run(self, script: Callable[[], None], supervisor: Supervisor | None = None) -> int:
        """Run a supervisor in this thread while a script plays in another; then nothing is pending any more."""
        failed: list[BaseException] = []

        def play() -> None:
            try:
                script()
            except BaseException as exc:  # noqa: BLE001 - carried over to the test's own thread
                failed.append(exc)
            finally:
                self.signals.idle.set()

        player = threading.Thread(target=play)
        player.start()
        try:
            return (supervisor or self.supervisor()).run()
        finally:
            player.join()
            if failed:
                raise failed[0]


@pytest.fixture
def stage() -> Iterator[_Stage]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield _Stage()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert pykka.ActorRegistry.get_all() == [], "every actor is stopped in the end"


_STARTED = [
    ("master", "open"),
    ("loader", "open"),
    ("master", "assign loader"),
    ("parser", "open"),
    ("master", "assign parser"),
    ("listener", "open"),
]


def _sorted_start(stage: _Stage) -> dict[str, Ref]:
    """Await a whole start; the master hears of others while the next ones are opened, so only each sequence is fixed."""
    found = [stage.told.get(timeout=60) for _ in _STARTED]
    assert sorted(f[:2] for f in found) == sorted(_STARTED)
    assert [f[0] for f in found if f[1] == "open"] == ["master", "loader", "parser", "listener"]
    return {f[0]: f[2] for f in found if f[1] == "open"}


def test_everybody_is_opened_introduced_and_stopped_in_reverse(stage: _Stage) -> None:
    def script() -> None:
        _sorted_start(stage)

    assert stage.run(script) == 0
    stage.expect(("listener", "stop"), ("parser", "stop"), ("loader", "stop"), ("master", "stop"))
    assert stage.health.database_up


def test_a_dead_parser_is_replaced_and_introduced_to_the_master(stage: _Stage) -> None:
    def script() -> None:
        started = _sorted_start(stage)
        started["parser"].tell("fail")
        opened, introduced = stage.expect(("parser", "open"), ("master", "assign parser"))
        assert opened is introduced or opened.actor_urn == introduced.actor_urn
        assert opened.actor_urn != started["parser"].actor_urn

    assert stage.run(script) == 0


def test_a_dead_master_is_replaced_hears_of_everybody_and_gets_a_new_listener(stage: _Stage) -> None:
    def script() -> None:
        started = _sorted_start(stage)
        started["master"].tell("fail")
        found = [stage.told.get(timeout=60)[:2] for _ in range(5)]
        assert sorted(found) == sorted(
            [
                ("listener", "stop"),
                ("master", "open"),
                ("master", "assign loader"),
                ("master", "assign parser"),
                ("listener", "open"),
            ]
        )
        assert found.index(("listener", "stop")) < found.index(("master", "open")) < found.index(("listener", "open"))

    assert stage.run(script) == 0


def test_parsers_get_ready_beside_each_other_and_one_that_fails_keeps_no_other_from_starting(stage: _Stage) -> None:
    supervisor = stage.supervisor()
    together, first_time = threading.Barrier(3, timeout=60), {"first", "second", "third"}

    class _Slow(_Actor):
        def on_receive(self, message: object) -> None:
            if isinstance(message, Open) and self._kind in first_time:
                first_time.remove(self._kind)
                together.wait()
            super().on_receive(message)

    stage.refusals["first"] = WorkerLost("parser process 1 was killed", 0, "worker_killed")
    starters = tuple(partial(_Slow.start, name, stage) for name in ("first", "second", "third"))
    supervisor.staff.company = replace(supervisor.staff.company, parsers=starters)
    assigned: list[str] = []

    def script() -> None:
        while len(assigned) < 2:
            kind, what, _ = stage.told.get(timeout=60)
            assigned.extend([what] * (kind == "master" and what == "assign parser"))

    assert stage.run(script, supervisor) == 0
    assert assigned == ["assign parser"] * 2


def test_a_database_that_is_away_is_waited_for(stage: _Stage) -> None:
    stage.refusals["loader"] = DatabaseUnavailable("nobody answers")

    def script() -> None:
        stage.expect(("master", "open"), ("loader", "stop"))
        found = sorted(stage.told.get(timeout=60)[:2] for _ in range(5))
        assert found == sorted(_STARTED[1:])

    assert stage.run(script) == 0
    assert stage.health.database_up


def test_what_waiting_does_not_mend_ends_the_daemon(stage: _Stage) -> None:
    stage.refusals["master"] = DatabaseUnsuitable("a pooler stands between")
    with pytest.raises(DatabaseUnsuitable, match="a pooler stands between"):
        stage.run(lambda: None)


class _Slips:
    """Finds a broken slip whenever it reads."""

    def read(self) -> InForce:
        return InForce((Standing("shop", Path("shop"), None, "slip.toml:1:1: it is wrong"),))

    def look(self) -> InForce:
        raise AssertionError("nobody rang")


def test_on_sighup_the_slips_are_read_again_the_master_hears_of_it_and_health_warns(stage: _Stage) -> None:
    stage.slips = Rereading(_Slips(), InForce())

    def script() -> None:
        _sorted_start(stage)
        os.kill(os.getpid(), signal.SIGHUP)
        stage.expect(("master", "reload 1"))

    assert stage.run(script) == 0
    assert stage.health.warnings == ("Slip shop is broken, no version of it is in force: slip.toml:1:1: it is wrong",)


def test_with_once_what_is_stale_is_refreshed_before_the_end_and_the_refresher_stops_first(stage: _Stage) -> None:
    staleness = Staleness(every_s=3600)
    slip = read_slip({"slip.toml": 'name = "kept"\n[breakout]\nmaterialize = true\n'}, "public")
    staleness.work_by(Catalogue((slip,)))
    supervisor = stage.supervisor()
    supervisor.staleness = staleness
    supervisor.staff.company = replace(supervisor.staff.company, refresher=lambda: _Actor.start("refresher", stage))
    left: list[bool] = []

    def refresh() -> None:
        while not staleness.hurried:
            threading.Event().wait(0.01)
        left.append(stage.signals.drained.is_set())
        ((name, mark),) = staleness.due(0).items()
        staleness.tried(name, mark, done=True)

    refresher = threading.Thread(target=refresh)
    refresher.start()
    stage.signals.idle.set()
    assert supervisor.run() == 0
    refresher.join()
    assert left == [True], "only when nothing is in flight any more"
    told = [stage.told.get(timeout=1)[:2] for _ in range(stage.told.qsize())]
    assert next(kind for kind, what in told if what == "stop") == "refresher"
    assert staleness.stop.is_set()


def test_a_keeper_is_replaced_when_it_dies_and_stops_before_those_who_work(stage: _Stage) -> None:
    supervisor = stage.supervisor()
    supervisor.staff.company = replace(supervisor.staff.company, keeper=lambda: _Actor.start("keeper", stage))
    told: list[tuple[str, str]] = []

    def script() -> None:
        while told.count(("keeper", "open")) < 2:
            kind, what, ref = stage.told.get(timeout=60)
            told.append((kind, what))
            if told.count(("keeper", "open")) == 1 and (kind, what) == ("keeper", "open"):
                ref.tell("fail")

    assert stage.run(script, supervisor) == 0
    assert told.count(("keeper", "open")) == 2
    stops: list[str] = []
    while not stage.told.empty():
        kind, what, _ = stage.told.get_nowait()
        stops += [kind] * (what == "stop")
    assert stops == ["keeper", "listener", "parser", "loader", "master"]


def test_a_parser_that_fails_while_the_master_is_found_dead_is_not_taken_for_ready(stage: _Stage) -> None:
    """The database goes: the master dies, the first parser had just been ready, the second was connecting."""
    staff = stage.supervisor().staff

    class _Fails(_Actor):
        def on_receive(self, message: object) -> None:
            if isinstance(message, Open) and self._kind == "parser 0":
                master = staff.master
                assert master is not None
                master.stop()
            super().on_receive(message)

    stage.refusals["parser 1"] = DatabaseUnavailable("nobody answers")
    starters = tuple(partial(_Fails.start, f"parser {place}", stage) for place in (0, 1))
    staff.company = replace(staff.company, parsers=starters)
    try:
        with pytest.raises((pykka.ActorDeadError, DatabaseUnavailable)):
            staff.fill()
        left = staff._refs.get((Kind.PARSER, 1))
        wait_until(
            lambda: left is None or not left.is_alive(), "it has no worker, and the next master would be told of it: it goes"
        )
    finally:
        staff.dismiss()


def test_parsers_that_hang_while_they_get_ready_hang_beside_each_other(stage: _Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_actors.actors.staff._OPEN_S", 1.0)
    monkeypatch.setattr("etl_actors.actors.staff._STOP_S", 0.1)
    let_go = threading.Event()

    class _Hangs(_Actor):
        def on_receive(self, message: object) -> None:
            if isinstance(message, Open):
                let_go.wait(60)
            super().on_receive(message)

    staff = stage.supervisor().staff
    staff.company = replace(staff.company, parsers=(partial(_Hangs.start, "parser", stage),) * 8)
    try:
        began = time.monotonic()
        with pytest.raises(pykka.Timeout):
            staff.fill()
        took = time.monotonic() - began
    finally:
        let_go.set()
        staff.dismiss()
        wait_until(lambda: pykka.ActorRegistry.get_all() == [], "they have ended")
    assert took < 5, "one start's time, and the stops; one after the other they take 8 s at least"
