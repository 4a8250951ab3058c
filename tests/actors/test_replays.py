"""Replays in the dispatch: below live rows but not starved, held where they cannot go on, drained and ended like the rest."""

from dataclasses import replace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from etl_actors.actors.alarm import Alarm
from etl_actors.actors.answers import BatchLeaseLost, BatchLoaded, BatchParsed, BatchPoisoned, BatchStuck
from etl_actors.actors.book import Book
from etl_actors.actors.dispatch import Dispatch
from etl_actors.actors.intake import Intake
from etl_actors.actors.messages import Assign, Kind, Load, Parse, Poll, Reload
from etl_actors.actors.replays import OVERDUE_S, Replays
from etl_actors.actors.signals import Signals
from etl_actors.relational.parsed import Group, Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.catalogue import Absent, Catalogue
from etl_actors.store.leases import Lease
from etl_actors.store.loading.loaded import Loaded
from etl_actors.store.replay.current import Stored
from etl_actors.store.replay.queue import ReplayQueue
from tests.support.fakes import LIMITS, FakeIntake, FakeRef, FakeReplayQueue, RecordingAlarm

_SLIP = 'name = "shop"\nsource = "shop"\n[tables.shop]\ncolumns.a = "a | text"\n'
_STEPS = "from etl_actors.steps import step\n\n\n@step\ndef twice(text: str) -> str:\n    return text + text\n"


class _Desk:
    """A dispatch among fakes, with a clock of its own for replays: what has a turn once a second has it when that is moved."""

    def __init__(self, batches: int = 8, parsers: int = 2, *, once: bool = False, catalogue: Catalogue | None = None) -> None:
        self.me = FakeRef("master")
        self.intake = FakeIntake()
        self.queue = FakeReplayQueue(self.intake)
        self.alarm = RecordingAlarm()
        self.signals = Signals()
        self.now = 0.0
        self.said: list[tuple[str, ...]] = []
        self.replays = Replays(cast("ReplayQueue", self.queue), LIMITS, clock=lambda: self.now)
        self.dispatch = Dispatch(
            me=self.me,
            intake=cast("Intake", self.intake),
            replays=self.replays,
            book=Book(batches, 2**40),
            catalogue=catalogue or Catalogue(()),
            signals=self.signals,
            alarm=cast("Alarm", self.alarm),
            tell_waiting=lambda _since: None,
            tell_slips=self.said.append,
            once=once,
        )
        self.parsers = [FakeRef(f"parser {n}") for n in range(parsers)]
        self.loaders = [FakeRef(f"loader {n}") for n in range(2)]
        for kind, refs in ((Kind.PARSER, self.parsers), (Kind.LOADER, self.loaders)):
            for place, ref in enumerate(refs):
                self.dispatch.assign(Assign(kind, place, ref))

    def order(self, rows: int, **order: Any) -> list[int]:
        made = list(range(100, 100 + rows))
        self.queue.order(*made, **order)
        return made

    def chosen(self, rows: int, **order: Any) -> list[int]:
        """Order a replay whose rows are chosen by now."""
        made = self.order(rows, **order)
        self.intake.repeating, self.queue.window = list(made), []
        return made

    def held(self, *, repeating: bool) -> list[Lease]:
        leases = (entry.lease for entry in self.dispatch.book.entries.values())
        return [lease for lease in leases if (lease.repeat is not None) is repeating]

    def to_parse(self) -> list[list[Parse]]:
        """Return what each parser was told since the last call."""
        return [[order for order in ref.heard() if isinstance(order, Parse)] for ref in self.parsers]

    def to_load(self) -> list[list[Load]]:
        return [[order for order in ref.heard() if isinstance(order, Load)] for ref in self.loaders]

    def polls(self, times: int = 1) -> None:
        for _ in range(times):
            self.dispatch.poll()

    def parse(self, lease: Lease, *rejects: Reject) -> None:
        rows = tuple(row_id for row_id in lease.row_ids if row_id not in {reject.row_id for reject in rejects})
        self.dispatch.parsed(BatchParsed(lease, Parsed("shop", "digest", (), rejects, rows), 0.01))

    def land(self, lease: Lease) -> None:
        self.intake.steal(lease)  # a finished batch is nobody's any more
        self.dispatch.loaded(BatchLoaded(lease, Loaded(len(lease.row_ids), 0, 0, 0, 0, 0), 0.01))

    def grow_old(self) -> None:
        for entry in self.dispatch.book.entries.values():
            entry.claimed_at -= 5.0


def _slip(**files: str) -> Slip:
    return read_slip({"slip.toml": _SLIP, **{f"{name}.py": text for name, text in files.items()}}, "public")


# Below live rows ----------------------------------------------------------------------------------------------------------


def test_a_replay_is_worked_to_its_end_when_nothing_else_is_to_be_done() -> None:
    desk = _Desk()
    rows = desk.order(4)
    desk.polls()
    assert desk.alarm.due(desk.me, Poll) == 0.0, "its rows were chosen, and are claimed in the next moment"
    desk.polls()
    assert [lease.row_ids for lease in desk.held(repeating=True)] == [tuple(rows[:3]), tuple(rows[3:])]
    with capture_logs() as logged:
        for lease in desk.held(repeating=True):
            desk.parse(lease)
            desk.land(lease)
    told = [(line["batch_id"], line["replay_id"]) for line in logged if line["event"] == "batch.loaded"]
    assert [replay_id for _, replay_id in told] == [1, 1]
    assert [line["replay_id"] for line in logged if line["event"] == "replay.finished"] == [1]
    assert desk.queue.replay is None


def test_nothing_of_a_replay_is_claimed_while_live_rows_are_found() -> None:
    desk = _Desk()
    desk.order(9)
    desk.polls(2)
    claimed = len(desk.held(repeating=True))
    assert claimed == 3
    desk.intake.repeating = list(range(200, 209))
    for lease in desk.held(repeating=True):
        desk.intake.steal(lease)
        desk.dispatch.book.remove(lease)
    for _ in range(5):
        desk.intake.stage("books", 1)
        desk.dispatch.rang()
        assert desk.held(repeating=True) == []
    desk.polls()
    assert len(desk.held(repeating=True)) == 3


def test_a_replay_has_a_turn_every_second_while_live_rows_take_all_credit() -> None:
    desk = _Desk(batches=2)
    desk.chosen(9)
    desk.intake.stage("books", 300)
    desk.dispatch.rang()
    for turn in range(3):
        desk.now += OVERDUE_S
        for _ in range(5):
            lease = desk.held(repeating=False)[0]
            desk.parse(lease)
            desk.land(lease)
        (ours,) = desk.held(repeating=True)
        assert ours.row_ids == tuple(range(100 + 3 * turn, 103 + 3 * turn))
        desk.parse(ours)
        desk.land(ours)


def test_what_is_parsed_goes_to_the_loader_before_more_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = _Desk()
    desk.chosen(99)
    desk.polls(3)
    first, second = desk.held(repeating=True)[:2]
    desk.parse(first)
    desk.parse(second)
    desk.to_load()
    loading: list[list[Lease]] = []
    claim = desk.queue.claim

    def claiming(*given: Any) -> tuple[Lease, ...]:
        loading.append([order.lease for orders in desk.to_load() for order in orders])
        return claim(*given)

    monkeypatch.setattr(desk.queue, "claim", claiming)
    desk.land(first)
    assert loading[0] == [second]


def test_replays_take_half_of_the_credit_at_most_so_that_live_rows_find_some() -> None:
    desk = _Desk(batches=6)
    desk.chosen(99)
    desk.polls(3)
    assert len(desk.held(repeating=True)) == 3
    desk.intake.stage("books", 99)
    desk.dispatch.rang()
    assert len(desk.held(repeating=False)) == 3


def test_with_credit_for_one_batch_a_replay_goes_on_all_the_same() -> None:
    desk = _Desk(batches=1)
    desk.chosen(3)
    desk.polls()
    assert len(desk.held(repeating=True)) == 1


def test_a_live_batch_waits_behind_one_batch_of_a_replay_at_most() -> None:
    desk = _Desk(parsers=2)
    desk.chosen(99)
    desk.polls(3)
    assert [len(told) for told in desk.to_parse()] == [1, 1], "the others wait in the book"
    desk.intake.stage("books", 6)
    desk.dispatch.rang()
    assert [[order.lease.repeat for order in told] for told in desk.to_parse()] == [[None], [None]]


def test_a_batch_of_a_replay_that_has_let_others_pass_for_a_second_goes_before_them() -> None:
    desk = _Desk(parsers=1)
    desk.chosen(9)
    desk.polls(2)
    ((first,),) = desk.to_parse()
    desk.intake.stage("books", 99)
    desk.dispatch.rang()
    ((live,),) = desk.to_parse()
    assert live.lease.repeat is None
    desk.grow_old()
    desk.parse(first.lease)
    ((second,),) = desk.to_parse()
    assert second.lease.repeat is not None


def test_of_replays_one_batch_lands_at_a_time_and_live_ones_pass_it() -> None:
    desk = _Desk()
    desk.chosen(6)
    desk.polls(2)
    first, second = desk.held(repeating=True)
    desk.parse(first)
    desk.parse(second)
    assert [[order.lease for order in told] for told in desk.to_load()] == [[first], []]
    desk.intake.stage("books", 3)
    desk.dispatch.rang()
    (live,) = desk.held(repeating=False)
    desk.parse(live)
    assert [[order.lease for order in told] for told in desk.to_load()] == [[], [live]]
    desk.land(first)
    assert [[order.lease for order in told] for told in desk.to_load()] == [[second], []]


def test_a_rate_sets_the_next_look_and_the_doorbell_does_not_make_it_later() -> None:
    desk = _Desk()
    desk.chosen(9, rate=2.0)
    desk.polls()
    assert len(desk.held(repeating=True)) == 1
    assert desk.queue.replay is not None
    desk.queue.replay = replace(desk.queue.replay, wait_s=0.7)
    desk.polls()
    assert desk.alarm.due(desk.me, Poll) == 0.7
    assert len(desk.held(repeating=True)) == 1


def test_who_waits_for_others_looks_ever_more_seldom_but_every_second() -> None:
    desk = _Desk()
    desk.chosen(3)
    desk.queue.barred = True
    waits = []
    for _ in range(9):
        desk.polls()
        waits.append(desk.alarm.due(desk.me, Poll))
    assert waits[0] == 0.01
    assert waits[-1] == 1.0
    assert waits == sorted(waits, key=float)  # type: ignore[arg-type]


# What cannot go on --------------------------------------------------------------------------------------------------------


def test_a_batch_that_cannot_land_is_given_back_and_replays_are_left_alone_for_a_minute() -> None:
    desk = _Desk()
    rows = desk.chosen(3)
    desk.polls()
    (lease,) = desk.held(repeating=True)
    with capture_logs() as logged:
        desk.dispatch.stuck(BatchStuck(lease, "no right"))
    assert [line["replay_id"] for line in logged if line["event"] == "replay.stuck"] == [1]
    assert (desk.intake.repeating, desk.queue.problems, desk.intake.aside) == (rows, ["no right"], set())
    assert desk.signals.failed.is_set()
    desk.dispatch.beat()
    assert desk.said == [("Replay 1 does not go on: no right",)]
    desk.now += 59
    desk.polls()
    assert desk.held(repeating=True) == []
    desk.intake.stage("shop", 1)
    desk.dispatch.rang()
    assert len(desk.held(repeating=False)) == 1, "live rows of its source go on"
    desk.now += 2
    desk.polls(2)
    assert len(desk.held(repeating=True)) == 1


@pytest.mark.parametrize("repeating", [True, False])
def test_a_rejected_row_that_the_database_refuses_all_the_same_is_given_back_and_not_tried_for_ever(*, repeating: bool) -> None:
    desk = _Desk()
    row = desk.chosen(1)[0] if repeating else desk.intake.stage("shop", 1)[0]
    desk.polls()
    (lease,) = desk.held(repeating=repeating)
    refused = BatchPoisoned(lease, Stage.LOAD, "foreign_key_violation", "expected …, but it answered (table fav)")
    desk.parse(lease)
    desk.dispatch.poisoned(refused)
    assert [order.parsed.rejects[0].row_id for orders in desk.to_load() for order in orders if order.parsed.rejects] == [row]
    desk.dispatch.poisoned(refused)
    assert desk.held(repeating=repeating) == []
    assert desk.signals.failed.is_set()
    assert desk.to_load() == [[], []]
    if repeating:
        assert (desk.queue.problems, desk.intake.repeating, desk.intake.aside) == ([refused.message], [row], set())
    else:
        assert (desk.queue.problems, desk.intake.pending(), desk.intake.aside) == ([], [row], {"shop"})


def test_a_problem_that_could_not_be_written_is_written_at_a_beat() -> None:
    desk = _Desk()
    desk.chosen(3)
    desk.polls()
    (lease,) = desk.held(repeating=True)
    desk.queue.locked = True
    desk.dispatch.stuck(BatchStuck(lease, "no right"))
    assert desk.queue.problems == []
    desk.queue.locked = False
    desk.dispatch.beat()
    desk.dispatch.beat()
    assert desk.queue.problems == ["no right"]


@pytest.mark.parametrize("how", ["ring", "slips"])
def test_a_replay_is_tried_again_when_its_problem_was_taken_off_or_other_slips_come(how: str) -> None:
    desk = _Desk()
    desk.chosen(3)
    desk.polls()
    (lease,) = desk.held(repeating=True)
    desk.dispatch.stuck(BatchStuck(lease, "no right"))
    desk.dispatch.rang()
    assert desk.held(repeating=True) == [], "somebody rang for rows"
    if how == "ring":
        assert desk.queue.replay is not None
        desk.queue.replay = replace(desk.queue.replay, problem=None)
        desk.dispatch.rang()
    else:
        desk.dispatch.reload(Reload(Catalogue(())))
    assert len(desk.held(repeating=True)) == 1


def test_three_deaths_of_actors_hold_a_replay_and_no_source() -> None:
    desk = _Desk(parsers=1)
    desk.chosen(3)
    desk.polls()
    for _ in range(3):
        desk.dispatch.assign(Assign(Kind.PARSER, 0, desk.parsers[0]))
    assert desk.queue.problems == ["3 actors died of it"]
    assert (desk.intake.aside, desk.held(repeating=True)) == (set(), [])


def test_rows_that_wait_for_a_slip_of_others_hold_the_replay() -> None:
    awaited = Catalogue((), absent=(Absent("shop", ("shop",), "slip shop is active elsewhere"),))
    desk = _Desk(catalogue=awaited)
    rows = desk.chosen(3)
    desk.polls()
    assert desk.queue.problems == ["Rows of source shop wait: slip shop is active elsewhere."]
    assert (desk.intake.repeating, desk.intake.beyond) == (rows, {})
    assert desk.dispatch.custody.guard.sentences == (), "no live row waits"


def test_rows_that_only_a_slip_of_others_may_take_hold_the_replay_after_they_were_parsed() -> None:
    awaited = Catalogue((_slip(),), absent=(Absent("other", ("shop",), "slip other is active elsewhere"),))
    desk = _Desk(catalogue=awaited)
    rows = desk.chosen(3)
    desk.polls()
    (lease,) = desk.held(repeating=True)
    desk.parse(lease, *(Reject(row, Stage.ROUTE, "no_slip", "expected a slip") for row in rows))
    assert desk.queue.problems == ["Rows of source shop wait: slip other is active elsewhere."]
    assert desk.intake.repeating == rows


def test_of_rows_that_only_a_slip_of_others_may_take_the_others_of_their_batch_go_on() -> None:
    awaited = Catalogue((_slip(),), absent=(Absent("other", ("shop",), "slip other is active elsewhere"),))
    desk = _Desk(catalogue=awaited)
    rows = desk.chosen(3)
    desk.polls()
    (lease,) = desk.held(repeating=True)
    desk.parse(lease, Reject(rows[1], Stage.ROUTE, "no_slip", "expected a slip"))
    assert desk.queue.problems == ["Rows of source shop wait: slip other is active elsewhere."]
    assert [part.row_ids for part in desk.held(repeating=True)] == [(rows[0], rows[2])]
    assert desk.intake.repeating == [rows[1]]


def test_an_order_that_the_database_cannot_carry_out_rests_and_live_rows_go_on() -> None:
    desk = _Desk(once=True)
    desk.order(3)
    desk.queue.unworkable = "Expected an order."
    desk.polls(2)
    assert desk.queue.problems == ["Expected an order."]
    assert (desk.queue.steps, desk.signals.failed.is_set(), desk.signals.idle.is_set()) == (1, True, True)
    desk.intake.stage("shop", 1)
    desk.dispatch.rang()
    assert len(desk.held(repeating=False)) == 1
    desk.now += 61
    desk.queue.unworkable = None
    desk.dispatch.beat()
    for lease in desk.held(repeating=False):
        desk.parse(lease)
        desk.land(lease)
    desk.polls(2)
    assert len(desk.held(repeating=True)) == 1


@pytest.mark.parametrize("before", [True, False])
def test_a_cancelled_replay_that_has_a_problem_ends(*, before: bool) -> None:
    desk = _Desk()
    desk.chosen(3)
    desk.polls()
    (lease,) = desk.held(repeating=True)
    if not before:
        desk.dispatch.stuck(BatchStuck(lease, "no right"))
    assert desk.queue.replay is not None
    desk.queue.replay = replace(desk.queue.replay, cancelled=True)
    if before:
        desk.dispatch.stuck(BatchStuck(lease, "no right"))
    else:
        desk.dispatch.rang()
    desk.polls()
    assert desk.queue.replay is None
    assert desk.replays.sentences == (), "the next one goes on at once"


def test_why_a_replay_is_barred_is_told_once() -> None:
    desk = _Desk()
    desk.chosen(3)
    desk.queue.barred = True
    with capture_logs() as logged:
        desk.polls(5)
    assert desk.queue.problems == ["It waits: source shop is paused."]
    assert [line["reason"] for line in logged if line["event"] == "replay.stuck"] == desk.queue.problems
    desk.queue.barred = False
    desk.polls()
    assert len(desk.held(repeating=True)) == 1, "it is looked at all the while"


# Pinned versions ----------------------------------------------------------------------------------------------------------


def _pinned(desk: _Desk, stored: Slip, digest: str | None = None) -> None:
    desk.queue.digest = digest or stored.digest
    desk.queue.versions[stored.digest] = Stored(stored.digest, stored.name, stored.files)
    desk.chosen(3)
    desk.polls()


def test_a_pinned_batch_is_parsed_by_the_stored_version_and_so_are_its_parts() -> None:
    desk = _Desk(catalogue=Catalogue((), absent=(Absent("shop", ("shop",), "elsewhere"),)))
    stored = _slip()
    _pinned(desk, stored)
    (lease,) = desk.held(repeating=True)
    ((told,), _) = desk.to_parse()
    assert ([slip.digest for slip in told.role.slips], told.role.settled) == ([stored.digest], True)
    desk.dispatch.poisoned(BatchPoisoned(lease, Stage.LOAD, "bad", "…"))
    halves = [order for orders in desk.to_parse() for order in orders]
    assert {order.role.slips[0].digest for order in halves} == {stored.digest}
    assert {order.lease.repeat for order in halves} <= {replace(lease.repeat)} if lease.repeat else False
    (single,) = [half for half in desk.held(repeating=True) if len(half.row_ids) == 1]
    desk.dispatch.poisoned(BatchPoisoned(single, Stage.PARSE, "worker_killed", "…"))
    (load,) = [order for orders in desk.to_load() for order in orders]
    assert (load.parsed.slip, load.parsed.digest) == ("shop", stored.digest)


@pytest.mark.parametrize("installed", ["same", "other", "none", "gone"])
def test_a_stored_steps_py_runs_only_where_the_same_is_installed(installed: str) -> None:
    stored = _slip(steps=_STEPS)
    there = {"same": (stored,), "other": (_slip(steps=_STEPS + "\n"),), "none": (_slip(),), "gone": ()}[installed]
    desk = _Desk(catalogue=Catalogue(there))
    _pinned(desk, stored)
    assert len(desk.held(repeating=True)) == (installed == "same")
    assert len(desk.queue.problems) == (installed != "same")
    if installed != "same":
        why = "is not in force here" if installed == "gone" else "has another steps.py or none here"
        assert f"the slip {why}: install it, or set stored_steps" in desk.queue.problems[0]
        assert len(desk.intake.repeating) == 3
        assert desk.signals.failed.is_set()


def test_a_stored_steps_py_runs_wherever_the_setting_says_so() -> None:
    desk = _Desk()
    desk.replays.any_steps = True
    _pinned(desk, _slip(steps=_STEPS))
    assert len(desk.held(repeating=True)) == 1


def test_a_version_that_nobody_has_stored_holds_the_replay() -> None:
    desk = _Desk()
    _pinned(desk, _slip(), digest="0123456789")
    assert desk.queue.problems == [
        "Expected the version 01234567 of a slip among those stored, and there is none of that digest."
    ]


# The rest of a batch's life -----------------------------------------------------------------------------------------------


def test_a_batch_of_a_replay_is_split_by_slip_like_others() -> None:
    desk = _Desk()
    rows = desk.chosen(3)
    desk.polls()
    (lease,) = desk.held(repeating=True)
    groups = (Group("a", (rows[0],)), Group("b", (rows[1], rows[2])))
    desk.dispatch.parsed(BatchParsed(lease, Routed(groups), 0.01))
    assert [(half.slip, half.repeat) for half in desk.held(repeating=True)] == [("a", lease.repeat), ("b", lease.repeat)]


def test_a_drain_gives_back_what_no_parser_has_begun_and_lands_what_waits_for_a_loader() -> None:
    desk = _Desk(parsers=1)
    rows = desk.chosen(12)
    desk.polls(2)
    first, second, third, _ = desk.held(repeating=True)
    desk.parse(first)
    desk.parse(second)
    desk.dispatch.drain()
    assert desk.intake.repeating == rows[9:]
    assert [order.lease for orders in desk.to_load() for order in orders] == [first]
    desk.land(first)
    assert [order.lease for orders in desk.to_load() for order in orders] == [second], "which waited for the first"
    desk.land(second)
    desk.parse(third)
    desk.land(third)
    assert desk.signals.drained.is_set()


def test_a_lost_lease_is_struck_out_and_more_is_claimed() -> None:
    desk = _Desk(batches=1)
    desk.chosen(6)
    desk.polls()
    (lease,) = desk.held(repeating=True)
    desk.intake.steal(lease)
    desk.dispatch.lease_lost(BatchLeaseLost(lease))
    assert [other.row_ids for other in desk.held(repeating=True)] == [(103, 104, 105)]


# Who waits for the end ----------------------------------------------------------------------------------------------------


def test_who_waits_for_the_end_waits_for_the_replay_too() -> None:
    desk = _Desk(once=True)
    desk.order(2)
    desk.polls(2)
    (lease,) = desk.held(repeating=True)
    assert not desk.signals.idle.is_set()
    desk.parse(lease)
    desk.land(lease)
    desk.polls()
    assert desk.signals.idle.is_set()
    assert not desk.signals.failed.is_set()


@pytest.mark.parametrize("why", ["problem", "sources"])
def test_who_waits_for_the_end_does_not_wait_for_a_replay_that_cannot_go_on_here(why: str) -> None:
    desk = _Desk(once=True)
    desk.chosen(2)
    desk.queue.barred = why == "sources"
    desk.polls()
    if why == "problem":
        desk.dispatch.stuck(BatchStuck(desk.held(repeating=True)[0], "no right"))
    desk.polls()
    assert desk.signals.idle.is_set()
    assert desk.signals.failed.is_set() == (why == "problem")
