"""Messages for later arrive once, in their time, and the last one of a kind counts."""

import queue
from collections.abc import Iterator

import pykka
import pytest

from etl_actors.actors.alarm import Alarm
from etl_actors.actors.messages import Beat, Poll


class _Hearer(pykka.ThreadingActor):
    def __init__(self, heard: "queue.Queue[object]") -> None:
        super().__init__()
        self._heard = heard

    def on_receive(self, message: object) -> None:
        self._heard.put(message)


@pytest.fixture
def heard() -> "queue.Queue[object]":
    return queue.Queue()


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    made = Alarm()
    yield made
    made.stop()


@pytest.fixture
def ref(heard: "queue.Queue[object]") -> Iterator[pykka.ActorRef[_Hearer]]:
    actor = _Hearer.start(heard)
    yield actor
    actor.stop()


def test_a_message_arrives_after_its_delay(alarm: Alarm, ref: pykka.ActorRef[_Hearer], heard: "queue.Queue[object]") -> None:
    alarm.set(0.01, ref, Poll())
    assert heard.get(timeout=60) == Poll()


def test_of_one_kind_only_the_last_one_counts(alarm: Alarm, ref: pykka.ActorRef[_Hearer], heard: "queue.Queue[object]") -> None:
    with alarm._changed:  # it tells none before all are set, however long that takes
        alarm.set(0.02, ref, Poll())
        alarm.set(0.05, ref, Poll())
        alarm.set(0.1, ref, Beat())
    assert heard.get(timeout=60) == Poll()
    assert heard.get(timeout=60) == Beat()
    assert heard.empty()


def test_a_dead_actor_does_not_stop_the_alarm(alarm: Alarm, ref: pykka.ActorRef[_Hearer], heard: "queue.Queue[object]") -> None:
    dead = _Hearer.start(heard)
    dead.stop()
    alarm.set(0.0, dead, Poll())
    alarm.set(0.02, ref, Beat())
    assert heard.get(timeout=60) == Beat()
