"""The refresher refreshes what is stale, not too often, and whatever becomes of it; the supervisor lets it finish with `once`."""

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest
from structlog.testing import capture_logs

from etl_actors import events
from etl_actors.actors import refresher as refresher_module
from etl_actors.actors.messages import Open
from etl_actors.actors.refresher import RefresherActor
from etl_actors.actors.staleness import Staleness
from etl_actors.errors import SlipError
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.breakout.refreshing import Refreshed
from tests.support.daemon import wait_until

CATALOGUE = Catalogue(
    tuple(
        read_slip({"slip.toml": f'name = "{name}"\n[breakout]\n{more}'}, "public")
        for name, more in (("kept", "materialize = true\n"), ("other", "materialize = true\n"), ("plain", ""))
    )
)


@dataclass
class _Views:
    """Stands in for the database: tells each try, and does what it is told for the next."""

    tried: "queue.Queue[tuple[str, bool]]" = field(default_factory=queue.Queue)
    next: list[Refreshed | Exception] = field(default_factory=list)

    def __call__(self, slip: str, *, wait: bool) -> Refreshed:
        try:
            found = self.next.pop(0) if self.next else Refreshed(f"public.{slip}_view")
            if isinstance(found, Exception):
                raise found
            return found
        finally:
            self.tried.put((slip, wait))


@pytest.fixture
def views() -> _Views:
    return _Views()


@pytest.fixture
def staleness() -> Staleness:
    return Staleness(every_s=3600)


@pytest.fixture
def actor(views: _Views, staleness: Staleness) -> Iterator[None]:
    """Run a refresher, and see to it that it ends."""
    ref = RefresherActor.start(views, staleness)
    ref.ask(Open(), timeout=60)
    yield
    staleness.stop.set()
    assert ref.stop(block=True, timeout=60)


def _await_settled(staleness: Staleness) -> None:
    done = threading.Event()
    while not staleness.settled:
        assert not done.wait(0.01)


def test_what_a_slip_in_force_keeps_is_stale_at_first_and_when_rows_of_it_have_landed(staleness: Staleness) -> None:
    assert staleness.settled
    staleness.work_by(CATALOGUE)
    marks = staleness.due(0)
    assert set(marks) == {"kept", "other"}
    for slip, mark in marks.items():
        staleness.tried(slip, mark, done=True)
    assert staleness.settled
    for name in ("plain", "unmatched:x", None):
        staleness.mark(name)
    assert staleness.settled
    staleness.mark("kept")
    assert not staleness.settled
    assert staleness.due(0) == {}, "it was refreshed a moment ago"
    staleness.hurry()
    assert set(staleness.due(0)) == {"kept"}


def test_what_lands_while_a_view_is_refreshed_is_not_forgotten() -> None:
    staleness = Staleness(every_s=0.001)
    staleness.work_by(CATALOGUE)
    before = staleness.due(0)["kept"]
    staleness.mark("kept")
    staleness.tried("kept", before, done=True)
    threading.Event().wait(0.002)
    assert staleness.due(0)["kept"] != before


def test_what_is_tried_in_vain_stays_stale_and_what_no_slip_keeps_any_more_does_not() -> None:
    staleness = Staleness(every_s=3600)
    staleness.work_by(CATALOGUE)
    staleness.tried("kept", staleness.due(0)["kept"], done=False)
    assert set(staleness.due(0)) == {"other"}
    staleness.work_by(Catalogue(()))
    assert staleness.settled


def test_views_are_refreshed_now_and_then_whoever_was_to_do_it() -> None:
    staleness = Staleness(0.01)
    staleness.work_by(CATALOGUE)
    for slip, mark in staleness.due(0).items():
        staleness.tried(slip, mark, done=True)
    assert staleness.settled
    time.sleep(0.01 * 20)
    assert set(staleness.due(0)) == {"kept", "other"}


def test_a_refresher_with_nothing_to_do_waits_no_longer_than_the_daemon(
    views: _Views, staleness: Staleness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "_WAIT_S", 600)
    ref = RefresherActor.start(views, staleness)
    ref.ask(Open(), timeout=60)
    staleness.end()
    assert ref.stop(block=True, timeout=60)


@pytest.mark.usefixtures("actor")
def test_views_are_refreshed_one_after_the_other(views: _Views, staleness: Staleness) -> None:
    with capture_logs() as logs:
        staleness.work_by(CATALOGUE)
        assert {views.tried.get(timeout=60), views.tried.get(timeout=60)} == {("kept", False), ("other", False)}
        _await_settled(staleness)
        wait_until(lambda: len(logs) == 2, "both are told of, which is after they are settled")
    told = sorted((line["event"], line["slip"], line["view"]) for line in logs)
    assert told == [(events.VIEW_REFRESHED, name, f"public.{name}_view") for name in ("kept", "other")]
    staleness.mark("kept")
    with pytest.raises(queue.Empty):
        views.tried.get(timeout=0.7)  # not so soon
    staleness.hurry()
    assert views.tried.get(timeout=60) == ("kept", True)


@pytest.mark.usefixtures("actor")
@pytest.mark.parametrize(
    ("found", "event", "error"),
    [
        (SlipError("the name is taken"), events.VIEW_REFRESH_FAILED, "the name is taken"),
        (psycopg.errors.DiskFull("Failing row contains (secret)"), events.VIEW_REFRESH_FAILED, "DiskFull (53100)"),
        (
            Refreshed("public.kept_view", hindrance="view mine depends on it"),
            events.VIEW_REFRESH_FAILED,
            "view mine depends on it",
        ),
        (Refreshed(None, done=False), events.VIEW_PUT_OFF, None),
    ],
)
def test_what_fails_is_told_and_the_next_is_refreshed(
    views: _Views, staleness: Staleness, found: Refreshed | Exception, event: str, error: str | None
) -> None:
    views.next.append(found)
    with capture_logs() as logs:
        staleness.work_by(CATALOGUE)
        first, second = views.tried.get(timeout=60)[0], views.tried.get(timeout=60)[0]
        assert {first, second} == {"kept", "other"}
        staleness.hurry()
        if isinstance(found, Exception) or not found.done:
            assert views.tried.get(timeout=60) == (first, True)
        _await_settled(staleness)
    told = next(line for line in logs if line["slip"] == first)
    assert (told["event"], told.get("error")) == (event, error)


@pytest.mark.usefixtures("actor")
def test_what_fails_while_the_daemon_is_to_end_is_not_tried_for_ever(views: _Views, staleness: Staleness) -> None:
    staleness.hurry()
    views.next += [SlipError("no"), SlipError("no")]
    staleness.work_by(CATALOGUE)
    _await_settled(staleness)
    assert views.tried.qsize() == 2
