"""The slips are read again in a thread, once for all who ask meanwhile, and once more where the database was away."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from etl_actors import events
from etl_actors.errors import DatabaseUnavailable
from etl_actors.store.versions import Ring
from etl_actors.versions import rereading
from etl_actors.versions.in_force import InForce
from etl_actors.versions.rereading import Rereading

_PATIENCE_S = 60.0


@dataclass
class _Slips:
    """Reads what the test gives, when it lets go."""

    results: list[InForce | Exception]
    calls: list[str] = field(default_factory=list)
    free: threading.Event = field(default_factory=threading.Event)

    def read(self) -> InForce:
        return self._next("read")

    def look(self) -> InForce:
        return self._next("look")

    def _next(self, call: str) -> InForce:
        self.calls.append(call)
        assert self.free.wait(_PATIENCE_S)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _fresh(reading: Rereading) -> InForce:
    deadline = time.monotonic() + _PATIENCE_S
    while (fresh := reading.fresh()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return fresh


def test_nothing_is_read_that_nobody_asked_for() -> None:
    slips = _Slips([])
    assert Rereading(slips, InForce()).fresh() is None
    assert slips.calls == []


def test_what_has_come_into_force_is_returned_once() -> None:
    first = InForce()
    slips = _Slips([first])
    slips.free.set()
    reading = Rereading(slips, InForce())
    reading.ask(Ring.READ)
    assert _fresh(reading) is first
    assert reading.fresh() is None
    assert slips.calls == ["read"]


def test_whoever_asks_during_a_reading_is_answered_by_another_and_several_by_one() -> None:
    slips = _Slips([InForce(), InForce()])
    reading = Rereading(slips, InForce())
    reading.ask(Ring.LOOK)
    assert reading.fresh() is None
    for what in (Ring.LOOK, Ring.READ, Ring.LOOK):
        reading.ask(what)
        assert reading.fresh() is None, "one is under way"
    slips.free.set()
    _fresh(reading)
    _fresh(reading)
    assert slips.calls == ["look", "read"]
    assert reading.fresh() is None


def test_a_look_that_finds_nothing_new_is_not_told() -> None:
    before = InForce()
    slips = _Slips([before])
    slips.free.set()
    reading = Rereading(slips, before)
    reading.ask(Ring.LOOK)
    reading.fresh()
    _until(lambda: reading._thread is not None and not reading._thread.is_alive())
    assert reading.fresh() is None


def test_what_the_database_could_not_answer_is_tried_again_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "_AGAIN_S", 0.01)
    last = InForce()
    slips = _Slips([DatabaseUnavailable("nobody answers"), DatabaseUnavailable("nobody answers"), last])
    slips.free.set()
    reading = Rereading(slips, InForce())
    reading.ask(Ring.READ)
    with capture_logs() as told:
        assert _fresh(reading) is last
    assert [(entry["event"], entry["error"]) for entry in told] == [(events.SLIPS_UNREAD, "nobody answers")]
    assert slips.calls == ["read"] * 3


def test_a_bug_in_reading_ends_neither_the_daemon_nor_the_readings() -> None:
    last = InForce()
    slips = _Slips([ZeroDivisionError("of ours"), last])
    slips.free.set()
    reading = Rereading(slips, InForce())
    with capture_logs() as told:
        reading.ask(Ring.READ)
        reading.fresh()
        _until(lambda: bool(told))
    assert told[0]["event"] == events.SLIPS_UNREAD
    reading.ask(Ring.READ)
    assert _fresh(reading) is last
