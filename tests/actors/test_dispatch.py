"""The dispatch: what is taken, told, heard, bisected and given back; without threads, clocks or a database."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

import pytest
from structlog.testing import capture_logs

from etl_actors import events
from etl_actors.actors.alarm import Alarm
from etl_actors.actors.answers import (
    BatchLeaseLost,
    BatchLoaded,
    BatchOutgrown,
    BatchParsed,
    BatchPoisoned,
    BatchStuck,
    RowCondemned,
)
from etl_actors.actors.book import Book
from etl_actors.actors.dispatch import Dispatch
from etl_actors.actors.intake import Intake
from etl_actors.actors.messages import Assign, Beat, Kind, Load, Parse, Poll, Reload
from etl_actors.actors.pace import FIRST_ROWS, LEAST_ROWS
from etl_actors.actors.replays import Replays
from etl_actors.actors.signals import Signals
from etl_actors.relational.parsed import Group, Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.catalogue import Absent, Catalogue
from etl_actors.store.daemons import Difference, SlipInForce
from etl_actors.store.leases import Lease
from etl_actors.store.loading.loaded import Loaded
from etl_actors.store.replay.queue import ReplayQueue
from tests.support.fakes import LIMITS, FakeIntake, FakeRef, FakeReplayQueue, RecordingAlarm


class _Desk:
    """A dispatch among fakes; parser and loader 0 are known unless there shall be nobody."""

    def __init__(self, batches: int = 9, *, once: bool = False, parsers: int = 1, loaders: int = 1) -> None:
        self.me = FakeRef("master")
        self.intake = FakeIntake()
        self.queue = FakeReplayQueue(self.intake)
        self.alarm = RecordingAlarm()
        self.signals = Signals()
        self.waiting_since: list[datetime | None] = []
        self.dispatch = Dispatch(
            me=self.me,
            intake=cast("Intake", self.intake),
            replays=Replays(cast("ReplayQueue", self.queue), LIMITS),
            book=Book(batches, 2**40),
            catalogue=Catalogue(()),
            signals=self.signals,
            alarm=cast("Alarm", self.alarm),
            tell_waiting=self.waiting_since.append,
            once=once,
        )
        self.parsers = [self.hire(Kind.PARSER, place) for place in range(parsers)]
        self.loaders = [self.hire(Kind.LOADER, place) for place in range(loaders)]

    def hire(self, kind: Kind, place: int) -> FakeRef:
        """Fill a place, anew or again."""
        ref = FakeRef(f"{kind} {place}")
        self.dispatch.assign(Assign(kind, place, ref))
        return ref

    def in_flight(self) -> list[Lease]:
        return [entry.lease for entry in self.dispatch.book.entries.values()]

    def to_parse(self, parser: int = 0) -> list[Lease]:
        """Return the batches that a parser has been told of since the last call."""
        told = self.parsers[parser].heard()
        assert all(isinstance(order, Parse) and order.reply_to is self.me for order in told)
        return [order.lease for order in told if isinstance(order, Parse)]

    def to_load(self, loader: int = 0) -> list[Load]:
        told = [order for order in self.loaders[loader].heard() if isinstance(order, Load)]
        assert all(order.reply_to is self.me for order in told)
        return told

    def parse(self, lease: Lease) -> None:
        self.dispatch.parsed(BatchParsed(lease, _parsed(lease), 0.01))

    def land(self, lease: Lease, load_s: float = 0.01) -> None:
        self.intake.steal(lease)  # a finished batch is nobody's any more
        self.dispatch.loaded(BatchLoaded(lease, Loaded(len(lease.row_ids), 0, 0, 0, 0, 0), load_s))


def _parsed(lease: Lease) -> Parsed:
    return Parsed("some_slip", "digest", (), (), lease.row_ids)


def _rows(leases: Sequence[Lease]) -> list[int]:
    return [row_id for lease in leases for row_id in lease.row_ids]


# Taking and handing out ---------------------------------------------------------------------------------------------------


def test_while_loads_take_long_fewer_batches_are_taken_and_smaller_ones_and_the_line_of_each_says_so() -> None:
    desk = _Desk(batches=6)
    desk.intake.limits = replace(LIMITS, batch_rows=4_000)
    desk.dispatch.book.pace.batch_rows = 4_000
    desk.intake.stage("shop", 40_000)
    desk.dispatch.poll(rang=True)
    assert [len(lease.row_ids) for lease in desk.in_flight()] == [2_000] * 6
    with capture_logs() as logged:
        for _ in range(6):
            lease = desk.in_flight()[0]
            desk.parse(lease)
            desk.land(lease, load_s=5e-4 * len(lease.row_ids))
    told = [(line["batch_rows"], line["inflight_batches"]) for line in logged if line["event"] == events.BATCH_LOADED]
    assert told == [(2_000, 6), (1_000, 6), (1_000, 6), (1_000, 6), (1_000, 2), (1_000, 2)]
    assert [len(lease.row_ids) for lease in desk.in_flight()] == [2_000, 1_000, 1_000, 1_000], (
        "two have landed for which none was taken"
    )


def test_a_source_without_a_slip_begins_with_a_small_batch_since_its_documents_make_tables() -> None:
    desk = _Desk(batches=1)
    desk.dispatch.custody.work_by(Catalogue((read_slip({"slip.toml": 'name = "shop"\n[breakout]\n'}, "public"),)))
    desk.dispatch.begin()
    assert desk.dispatch.book.pace.size("shop")[0] == LEAST_ROWS
    desk.dispatch.reload(Reload(Catalogue(())))
    assert desk.dispatch.book.pace.size("shop")[0] == FIRST_ROWS


def test_credit_bounds_what_is_taken_and_a_batch_that_lands_gives_it_back() -> None:
    desk = _Desk(batches=2)
    rows = desk.intake.stage("shop", 9)
    desk.dispatch.poll()
    first, _ = desk.to_parse()
    assert _rows(desk.in_flight()) == rows[:6]
    desk.dispatch.poll()
    assert _rows(desk.in_flight()) == rows[:6]
    desk.parse(first)
    desk.land(first)
    assert _rows(desk.in_flight()) == rows[3:]
    assert desk.intake.pending() == []


def test_while_there_is_no_credit_no_poll_is_set_and_with_it_there_is() -> None:
    desk = _Desk(batches=2)
    desk.intake.stage("shop", 4)
    desk.dispatch.poll()
    assert desk.alarm.due(desk.me, Poll) is None
    assert desk.intake.awake == 1, "a flag that was set while it slept would have each commit ring"
    first, second = desk.to_parse()
    desk.land(first)
    assert desk.alarm.due(desk.me, Poll) == 5.0, "nothing was found"
    desk.land(second)
    desk.intake.stage("shop", 1)
    desk.dispatch.poll()
    assert desk.alarm.due(desk.me, Poll) == 0.01, "there was something, and there may be more"
    assert desk.intake.rests == [False, False, True]


def test_a_parser_is_told_of_two_batches_and_of_the_third_when_it_has_answered_one() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 9)
    desk.dispatch.poll()
    first, second = desk.to_parse()
    desk.parse(second)
    (third,) = desk.to_parse()
    assert len({first.batch_id, second.batch_id, third.batch_id}) == 3


def test_a_parsed_result_goes_to_a_loader_once() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.parse(lease)
    (order,) = desk.to_load()
    assert (order.lease, order.parsed, order.again) == (lease, _parsed(lease), False)
    desk.dispatch.poll()
    desk.dispatch.beat()
    assert desk.to_load() == []
    assert desk.to_parse() == []


def test_a_landed_batch_is_told_of_in_one_line() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.parse(lease)
    with capture_logs() as logged:
        desk.land(lease)
        desk.dispatch.loaded(BatchLoaded(lease, Loaded(3, 0, 0, 0, 0, 0), 0.01))
    told = [line for line in logged if line["event"] == "batch.loaded"]
    assert [(line["batch_id"], line["slip"], line["rows"], line["loaded"]) for line in told] == [
        (lease.batch_id, "some_slip", 3, 3)
    ]


def test_a_ring_looks_thoroughly_and_a_poll_does_not() -> None:
    desk = _Desk()
    desk.dispatch.poll()
    rows = desk.intake.stage("new", 1)
    desk.dispatch.poll()
    assert desk.in_flight() == []
    desk.dispatch.rang()
    assert _rows(desk.to_parse()) == rows


def test_a_ring_for_nothing_wakes_it_all_the_same_so_that_not_every_producer_rings() -> None:
    desk = _Desk()
    desk.dispatch.poll()
    desk.dispatch.rang()
    desk.dispatch.poll()
    assert desk.intake.rests == [False, True, False]


def test_it_begins_with_a_beat_and_a_look() -> None:
    desk = _Desk()
    rows = desk.intake.stage("shop", 1)
    desk.dispatch.begin()
    assert desk.intake.beats == 1
    assert desk.waiting_since[0] is not None
    assert _rows(desk.to_parse()) == rows
    assert desk.alarm.due(desk.me, Beat) == 1.0


def test_a_beat_rescues_hands_out_and_sets_the_next_one() -> None:
    desk = _Desk()
    desk.dispatch.poll()
    dead = desk.intake.die_with("shop", 2)
    desk.dispatch.beat()
    (lease,) = desk.to_parse()
    assert (lease.batch_id, lease.attempt) == (dead.batch_id, 2)
    assert desk.alarm.due(desk.me, Beat) == 1.0
    assert desk.waiting_since == [None]


# Answers that come too late -----------------------------------------------------------------------------------------------

_LATE: dict[str, Callable[[Dispatch, Lease], None]] = {
    "parsed": lambda dispatch, lease: dispatch.parsed(BatchParsed(lease, _parsed(lease), 0.01)),
    "routed": lambda dispatch, lease: dispatch.parsed(BatchParsed(lease, Routed((Group("a", lease.row_ids),)), 0.01)),
    "poisoned": lambda dispatch, lease: dispatch.poisoned(BatchPoisoned(lease, Stage.LOAD, "check_violation", "…")),
    "stuck": lambda dispatch, lease: dispatch.stuck(BatchStuck(lease, "InsufficientPrivilege (42501)")),
    "loaded": lambda dispatch, lease: dispatch.loaded(BatchLoaded(lease, Loaded(3, 0, 0, 0, 0, 0), 0.01)),
    "condemned": lambda dispatch, lease: dispatch.condemned(RowCondemned(lease, Reject(1, Stage.PARSE, "row_timeout", "…"))),
    "lease_lost": lambda dispatch, lease: dispatch.lease_lost(BatchLeaseLost(lease)),
    "outgrown": lambda dispatch, lease: dispatch.outgrown(BatchOutgrown(lease)),
}


@pytest.mark.parametrize("answer", _LATE)
def test_an_answer_under_another_token_changes_nothing(answer: str) -> None:
    desk = _Desk()
    dead = desk.intake.die_with("shop", 3)
    desk.dispatch.beat()
    (lease,) = desk.to_parse()
    with capture_logs() as logged:
        _LATE[answer](desk.dispatch, dead)
    assert lease.token != dead.token
    assert desk.in_flight() == [lease]
    assert desk.intake.held == {lease.batch_id: lease}
    assert desk.to_load() == []
    assert not desk.signals.failed.is_set()
    assert logged == []


@pytest.mark.parametrize("answer", _LATE)
def test_an_answer_about_a_batch_that_is_gone_changes_nothing(answer: str) -> None:
    desk = _Desk()
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.parse(lease)
    desk.land(lease)
    desk.to_load()
    _LATE[answer](desk.dispatch, lease)
    assert desk.in_flight() == []
    assert desk.to_load() == []
    assert not desk.signals.failed.is_set()


def test_tables_that_were_changed_for_a_batch_are_told() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 1)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    with capture_logs() as logged:
        desk.dispatch.parsed(BatchParsed(lease, replace(_parsed(lease), changed=("public.shop", "public.shop__t")), 0.01))
    assert [(one["event"], one["table"], one["slip"]) for one in logged] == [
        ("schema.changed", "public.shop", "some_slip"),
        ("schema.changed", "public.shop__t", "some_slip"),
    ]


def test_a_batch_whose_slip_has_grown_is_parsed_again_and_lands() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.parse(lease)
    assert [order.lease for order in desk.to_load()] == [lease]
    desk.dispatch.outgrown(BatchOutgrown(lease))
    assert desk.to_parse() == [lease]
    assert desk.to_load() == []
    desk.parse(lease)
    assert [order.lease for order in desk.to_load()] == [lease]
    desk.land(lease)
    assert desk.in_flight() == []


# Splits -------------------------------------------------------------------------------------------------------------------


def test_a_split_enters_the_children_and_they_are_handed_out() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    one, two, three = lease.row_ids
    desk.dispatch.parsed(BatchParsed(lease, Routed((Group("a", (one, three)), Group("b", (two,)))), 0.01))
    children = desk.to_parse()
    assert [(child.slip, child.row_ids) for child in children] == [("a", (one, three)), ("b", (two,))]
    assert desk.in_flight() == children
    assert desk.to_load() == []


def test_a_lease_lost_at_a_split_strikes_the_batch_out_and_polls_at_once() -> None:
    desk = _Desk(batches=1)
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.intake.steal(lease)
    with capture_logs() as logged:
        desk.dispatch.parsed(BatchParsed(lease, Routed((Group("a", lease.row_ids),)), 0.01))
    assert desk.in_flight() == []
    assert desk.alarm.due(desk.me, Poll) == 0
    assert [line["event"] for line in logged] == ["lease.lost"]


# Poison -------------------------------------------------------------------------------------------------------------------


def _bisected(desk: _Desk, poison: int, stage: Stage) -> list[Load]:
    """Answer whatever is told until nothing is in flight: a batch with the poison is poisoned, any other lands."""
    condemned: list[Load] = []
    while desk.in_flight():
        for lease in desk.to_parse():
            if poison in lease.row_ids and stage is Stage.PARSE:
                desk.dispatch.poisoned(BatchPoisoned(lease, stage, "worker_killed", "expected it to live"))
            else:
                desk.parse(lease)
        for order in desk.to_load():
            if order.parsed.rejects:
                condemned.append(order)
                desk.land(order.lease)
            elif poison in order.lease.row_ids:
                desk.dispatch.poisoned(BatchPoisoned(order.lease, stage, "check_violation", "expected a good value"))
            else:
                desk.land(order.lease)
    return condemned


@pytest.mark.parametrize(("stage", "reason"), [(Stage.PARSE, "worker_killed"), (Stage.LOAD, "check_violation")])
@pytest.mark.parametrize("place", range(3))
def test_a_poisoned_batch_is_bisected_down_to_the_one_row(stage: Stage, reason: str, place: int) -> None:
    desk = _Desk()
    rows = desk.intake.stage("shop", 7)
    desk.dispatch.poll()
    (order,) = _bisected(desk, rows[place], stage)
    assert order.lease.row_ids == (rows[place],)
    (reject,) = order.parsed.rejects
    assert (reject.row_id, reject.stage, reject.reason) == (rows[place], stage, reason)
    assert order.parsed.blocks == ()
    assert desk.intake.pending() == []


def test_a_row_refused_at_load_names_the_version_that_made_it_also_after_splits() -> None:
    desk = _Desk()
    rows = desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (order,) = _bisected(desk, rows[1], Stage.LOAD)
    assert (order.parsed.slip, order.parsed.digest) == ("some_slip", "digest")


def test_a_row_that_killed_its_parser_names_the_slip_that_its_batch_was_under_and_its_version() -> None:
    desk = _Desk()
    slip = _slip("some_slip", "shop")
    desk.dispatch.custody.catalogue = Catalogue((slip,))
    desk.intake.stage("shop", 1)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.dispatch.parsed(BatchParsed(lease, Routed((Group(slip.name, lease.row_ids),)), 0.01))
    (child,) = desk.to_parse()
    desk.dispatch.poisoned(BatchPoisoned(child, Stage.PARSE, "worker_killed", "…"))
    (order,) = desk.to_load()
    assert (order.parsed.slip, order.parsed.digest) == (slip.name, slip.digest)


def _condemned(desk: _Desk) -> tuple[Lease, Reject]:
    """Have the last of three rows hang its parser; return their batch."""
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    hung = Reject(lease.row_ids[2], Stage.PARSE, "row_timeout", "it hung")
    desk.dispatch.condemned(RowCondemned(lease, hung))
    return lease, hung


def _told_of(desk: _Desk) -> list[tuple[tuple[int, ...], tuple[Reject, ...]]]:
    return [(order.lease.row_ids, order.condemned) for order in desk.parsers[0].heard() if isinstance(order, Parse)]


def test_a_row_that_hung_its_parser_is_not_parsed_again_when_its_batch_is_bisected_or_bisected_again() -> None:
    desk = _Desk()
    lease, hung = _condemned(desk)
    one, two, three = lease.row_ids
    desk.parse(lease)
    desk.dispatch.poisoned(BatchPoisoned(lease, Stage.LOAD, "check_violation", "…"))
    assert _told_of(desk) == [((one,), ()), ((two, three), (hung,))]
    first, half = desk.in_flight()
    desk.parse(first)
    desk.parse(half)
    desk.dispatch.poisoned(BatchPoisoned(half, Stage.LOAD, "check_violation", "…"))
    assert _told_of(desk) == [((two,), ()), ((three,), (hung,))]


def test_a_row_that_hung_its_parser_is_not_parsed_again_when_its_batch_is_split_by_slip() -> None:
    desk = _Desk()
    lease, hung = _condemned(desk)
    one, two, three = lease.row_ids
    groups = (Group("a", (one,)), Group("b", (two,)), Group(None, (three,)))
    desk.dispatch.parsed(BatchParsed(lease, Routed(groups), 0.01))
    assert _told_of(desk) == [((one,), ()), ((two,), ())]
    desk.parse(desk.in_flight()[0])
    assert _told_of(desk) == [((three,), (hung,))]


def test_a_row_that_hung_its_parser_is_not_parsed_again_by_the_next_parser() -> None:
    desk = _Desk()
    lease, hung = _condemned(desk)
    desk.parsers[0] = desk.hire(Kind.PARSER, 0)
    assert _told_of(desk) == [(lease.row_ids, (hung,))]


def test_the_halves_of_a_poisoned_batch_are_its_rows_and_keep_its_slip_and_attempt() -> None:
    desk = _Desk()
    desk.intake.die_with("shop", 3, attempt=1)
    desk.dispatch.beat()
    (lease,) = desk.to_parse()
    desk.dispatch.poisoned(BatchPoisoned(lease, Stage.PARSE, "worker_killed", "…"))
    first, second = desk.to_parse()
    assert first.row_ids + second.row_ids == lease.row_ids
    assert [child.attempt for child in (first, second)] == [2, 2]
    assert [child.slip for child in (first, second)] == [None, None]


def test_a_row_condemned_at_load_goes_to_a_loader_again_as_its_reject() -> None:
    desk = _Desk()
    (row,) = desk.intake.stage("shop", 1)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.parse(lease)
    assert len(desk.to_load()) == 1
    desk.dispatch.poisoned(BatchPoisoned(lease, Stage.LOAD, "raise_exception", "expected values that the database takes"))
    (order,) = desk.to_load()
    assert order.parsed.rejects == (Reject(row, Stage.LOAD, "raise_exception", "expected values that the database takes"),)
    assert desk.to_parse() == []


def test_what_outlived_too_many_owners_is_bisected_as_poison_before_anybody_touches_it() -> None:
    desk = _Desk()
    many = desk.intake.die_with("shop", 2, attempt=3)
    alone = desk.intake.die_with("web", 1, attempt=3)
    desk.dispatch.beat()
    halves = desk.to_parse()
    assert [half.row_ids for half in halves] == [many.row_ids[:1], many.row_ids[1:]]
    assert [half.attempt for half in halves] == [3, 3], "one more death, and they are rejected"
    (order,) = desk.to_load()
    (reject,) = order.parsed.rejects
    assert (reject.row_id, reject.stage, reject.reason) == (alone.row_ids[0], Stage.PARSE, "poison")
    assert "3 owners died" in reject.message


def test_what_has_outlived_as_many_owners_as_it_may_is_tried_once_more() -> None:
    desk = _Desk()
    desk.intake.die_with("shop", 1, attempt=2)
    desk.dispatch.beat()
    assert [lease.attempt for lease in desk.to_parse()] == [3]


def test_a_lost_lease_frees_its_credit_and_looks_for_work() -> None:
    desk = _Desk(batches=1)
    rows = desk.intake.stage("shop", 6)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.intake.steal(lease)
    desk.dispatch.lease_lost(BatchLeaseLost(lease))
    assert _rows(desk.to_parse()) == rows[3:]
    assert _rows(desk.in_flight()) == rows[3:]


# Actors that die ----------------------------------------------------------------------------------------------------------


def test_a_replaced_parser_is_told_again_what_its_predecessor_had_not_answered() -> None:
    desk = _Desk(loaders=0)
    desk.intake.stage("shop", 6)
    desk.dispatch.poll()
    answered, waiting = desk.to_parse()
    desk.parse(answered)
    desk.parsers = [desk.hire(Kind.PARSER, 0)]
    assert desk.to_parse() == [waiting]


def test_a_replaced_loader_is_told_again_and_that_it_is_so() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.parse(lease)
    assert [order.again for order in desk.to_load()] == [False]
    desk.loaders = [desk.hire(Kind.LOADER, 0)]
    assert [(order.lease, order.again) for order in desk.to_load()] == [(lease, True)]


def test_what_a_dead_parser_was_told_is_not_lost() -> None:
    desk = _Desk()
    desk.parsers[0].dead = True
    rows = desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    desk.parsers = [desk.hire(Kind.PARSER, 0)]
    assert _rows(desk.to_parse()) == rows


def test_a_gap_among_the_places_is_worked_around() -> None:
    desk = _Desk(parsers=0, loaders=0)
    desk.intake.stage("shop", 3)
    desk.dispatch.poll()
    parser, loader = desk.hire(Kind.PARSER, 1), desk.hire(Kind.LOADER, 1)
    (order,) = parser.heard()
    assert isinstance(order, Parse)
    desk.parse(order.lease)
    assert [type(told) for told in loader.heard()] == [Load]


@pytest.mark.parametrize("kind", [Kind.PARSER, Kind.LOADER])
def test_after_three_deaths_a_batch_is_given_back_and_its_source_set_aside(kind: Kind) -> None:
    desk = _Desk()
    rows = desk.intake.stage("bad", 3)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    if kind == "loader":
        desk.parse(lease)
    for _ in range(2):
        desk.hire(kind, 0)
        assert desk.in_flight() == [lease]
    assert not desk.signals.failed.is_set()
    with capture_logs() as logged:
        last = desk.hire(kind, 0)
    assert desk.in_flight() == []
    assert last.heard() == []
    assert desk.intake.pending() == rows
    assert desk.intake.aside == {"bad"}
    assert desk.signals.failed.is_set()
    (line,) = [line for line in logged if line["event"] == "source.set_aside"]
    assert line["source"] == "bad"


def test_a_stuck_batch_is_given_back_and_the_others_go_on() -> None:
    desk = _Desk(batches=1)
    bad = desk.intake.stage("bad", 6)
    desk.dispatch.poll()
    good = desk.intake.stage("good", 3)
    (lease,) = desk.to_parse()
    desk.parse(lease)
    with capture_logs() as logged:
        desk.dispatch.stuck(BatchStuck(lease, "InsufficientPrivilege (42501)"))
    desk.dispatch.rang()
    assert _rows(desk.to_parse()) == good
    assert desk.intake.pending() == bad
    assert desk.signals.failed.is_set()
    (line,) = [line for line in logged if line["event"] == "source.set_aside"]
    assert (line["source"], line["reason"], line["log_level"]) == ("bad", "InsufficientPrivilege (42501)", "error")


# Ends ---------------------------------------------------------------------------------------------------------------------


def test_a_drain_gives_back_what_no_parser_has_begun_and_is_over_when_the_rest_has_landed() -> None:
    desk = _Desk()
    rows = desk.intake.stage("shop", 9)
    desk.dispatch.poll()
    first, second = desk.to_parse()
    desk.dispatch.drain()
    assert desk.intake.pending() == rows[6:]
    assert desk.in_flight() == [first, second]
    for lease in (first, second):
        assert not desk.signals.drained.is_set()
        desk.parse(lease)
        desk.land(lease)
    assert desk.signals.drained.is_set()
    assert desk.intake.pending() == rows[6:], "nothing new was taken"


def test_a_drain_with_nothing_in_flight_is_over_at_once() -> None:
    desk = _Desk()
    desk.dispatch.drain()
    assert desk.signals.drained.is_set()


def test_while_draining_nobody_is_rescued_but_a_split_goes_on() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 2)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.dispatch.drain()
    desk.intake.die_with("web", 1)
    desk.dispatch.beat()
    desk.dispatch.poll()
    assert desk.in_flight() == [lease]
    desk.dispatch.parsed(BatchParsed(lease, Routed((Group("a", lease.row_ids[:1]), Group("b", lease.row_ids[1:]))), 0.01))
    children = desk.to_parse()
    assert len(children) == 2
    for child in children:
        desk.parse(child)
        desk.land(child)
    assert desk.signals.drained.is_set()


def test_a_drain_does_not_give_back_a_row_whose_reject_is_under_way() -> None:
    desk = _Desk()
    desk.intake.die_with("shop", 1, attempt=3)
    desk.dispatch.beat()
    (order,) = desk.to_load()
    assert order.parsed.rejects
    desk.dispatch.drain()
    assert desk.in_flight() == [order.lease]
    assert not desk.signals.drained.is_set()
    desk.land(order.lease)
    assert desk.signals.drained.is_set()


def test_a_lease_lost_at_a_split_while_draining_ends_the_drain_with_the_next_poll() -> None:
    desk = _Desk()
    desk.intake.stage("shop", 2)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.dispatch.drain()
    desk.intake.steal(lease)
    desk.dispatch.parsed(BatchParsed(lease, Routed((Group("a", lease.row_ids),)), 0.01))
    assert desk.alarm.due(desk.me, Poll) == 0
    desk.dispatch.poll()
    assert desk.signals.drained.is_set()


def test_who_waits_for_the_end_hears_of_it_only_when_all_has_landed_and_the_inbox_is_exhausted() -> None:
    desk = _Desk(once=True)
    desk.intake.stage("shop", 1)
    desk.dispatch.poll()
    assert not desk.signals.idle.is_set()
    (lease,) = desk.to_parse()
    desk.parse(lease)
    desk.intake.stage("late", 1)  # of a source that no look but a sweep finds
    desk.land(lease)
    assert not desk.signals.idle.is_set()
    desk.dispatch.poll()
    (late,) = desk.to_parse()
    desk.parse(late)
    desk.land(late)
    assert desk.signals.idle.is_set()


def test_new_work_ends_the_idleness() -> None:
    desk = _Desk(once=True)
    desk.dispatch.poll()
    assert desk.signals.idle.is_set()
    desk.intake.stage("shop", 1)
    desk.dispatch.rang()
    assert not desk.signals.idle.is_set()


def test_who_does_not_wait_for_the_end_does_not_pay_for_it() -> None:
    desk = _Desk()
    desk.dispatch.poll()
    assert not desk.signals.idle.is_set()


def test_a_source_set_aside_does_not_keep_the_end_waiting() -> None:
    desk = _Desk(once=True)
    rows = desk.intake.stage("bad", 2)
    desk.dispatch.poll()
    (lease,) = desk.to_parse()
    desk.dispatch.stuck(BatchStuck(lease, "InsufficientPrivilege (42501)"))
    assert desk.signals.idle.is_set()
    assert desk.signals.failed.is_set()
    assert desk.intake.pending() == rows


# Other slips --------------------------------------------------------------------------------------------------------------


def _slip(name: str, source: str, text: str = "a | text") -> Slip:
    return read_slip({"slip.toml": f'name = "{name}"\nsource = "{source}"\n[tables.{name}]\ncolumns.a = "{text}"\n'}, "public")


def _digests(desk: _Desk) -> list[list[str]]:
    return [[slip.digest for slip in order.role.slips] for order in desk.parsers[0].heard() if isinstance(order, Parse)]


def test_batches_in_flight_keep_their_slips_and_those_claimed_later_get_the_new_ones() -> None:
    desk = _Desk(batches=9, parsers=0)
    old, new = _slip("shop", "shop"), _slip("shop", "shop", "a | upper | text")
    desk.dispatch.reload(Reload(Catalogue((old,))))
    desk.intake.stage("shop", 3)
    desk.dispatch.rang()
    with capture_logs() as told:
        desk.dispatch.reload(Reload(Catalogue((new,)), (SlipInForce("shop", new.digest),)))
    assert [(entry["event"], entry["slips"], entry["broken"]) for entry in told] == [(events.SLIPS_RELOADED, 1, 0)]
    assert desk.intake.declared[-1] == (SlipInForce("shop", new.digest),)
    desk.intake.stage("shop", 3)
    desk.dispatch.rang()
    desk.parsers = [desk.hire(Kind.PARSER, 0)]
    assert _digests(desk) == [[old.digest], [new.digest]]


def test_the_children_of_a_split_keep_the_slips_of_their_batch() -> None:
    desk = _Desk()
    one, two = _slip("one", "shop"), _slip("two", "shop")
    desk.dispatch.reload(Reload(Catalogue((one, two))))
    rows = desk.intake.stage("shop", 3)
    desk.dispatch.rang()
    (lease,) = desk.to_parse()
    desk.dispatch.reload(Reload(Catalogue((two,))))
    desk.dispatch.parsed(BatchParsed(lease, Routed((Group("one", tuple(rows[:1])), Group("two", tuple(rows[1:])))), 0.01))
    assert _digests(desk) == [[one.digest], [two.digest]]


def test_rows_wait_for_a_slip_that_others_have_until_it_comes() -> None:
    desk = _Desk()
    shop = _slip("shop", "shop")
    desk.dispatch.reload(Reload(Catalogue((), (), (Absent("shop", ("shop",), "slip shop is elsewhere"),))))
    rows = desk.intake.stage("shop", 3)
    desk.dispatch.rang()
    assert desk.in_flight() == []
    assert desk.intake.pending() == rows
    assert desk.signals.failed.is_set(), "who runs once hears of it"
    desk.dispatch.reload(Reload(Catalogue((shop,))))
    assert _rows(desk.in_flight()) == rows


def test_a_dead_daemons_batch_is_given_back_if_it_waits_for_a_slip() -> None:
    desk = _Desk()
    desk.dispatch.reload(Reload(Catalogue((), (), (Absent("shop", ("shop",), "slip shop is elsewhere"),))))
    lease = desk.intake.die_with("shop", 2)
    desk.dispatch.beat()
    assert desk.in_flight() == []
    assert desk.intake.pending() == list(lease.row_ids)


def test_the_rows_of_a_batch_that_none_of_our_slips_takes_are_given_back_and_the_rest_goes_on() -> None:
    desk = _Desk()
    absent = Absent("dog", ("pets",), "slip dog is elsewhere")
    desk.dispatch.reload(Reload(Catalogue((_slip("cat", "pets"),), (), (absent,))))
    rows = desk.intake.stage("pets", 3)
    desk.dispatch.rang()
    (lease,) = desk.to_parse()
    reject = Reject(rows[1], Stage.ROUTE, "no_slip", "expected a slip that takes it, got none")
    desk.dispatch.parsed(BatchParsed(lease, Parsed("cat", "digest", (), (reject,), ()), 0.01))
    assert desk.intake.pending() == [rows[1]]
    (child,) = desk.to_parse()
    assert child.row_ids == (rows[0], rows[2])


def test_a_batch_of_which_none_of_our_slips_takes_a_row_is_given_back() -> None:
    desk = _Desk()
    desk.dispatch.reload(Reload(Catalogue((_slip("cat", "pets"),), (), (Absent("dog", ("pets",), "slip dog is elsewhere"),))))
    rows = desk.intake.stage("pets", 2)
    desk.dispatch.rang()
    (lease,) = desk.to_parse()
    rejects = tuple(Reject(row_id, Stage.ROUTE, "no_slip", "…") for row_id in rows)
    desk.dispatch.parsed(BatchParsed(lease, Parsed(None, None, (), rejects, ()), 0.01))
    assert desk.in_flight() == []
    assert desk.intake.pending() == rows
    assert desk.alarm.due(desk.me, Poll) == 0, "its credit is free, and nobody else would look again"


def test_a_drain_is_over_when_the_last_rows_in_flight_wait() -> None:
    desk = _Desk()
    desk.dispatch.reload(Reload(Catalogue((_slip("cat", "pets"),), (), (Absent("dog", ("pets",), "slip dog is elsewhere"),))))
    rows = desk.intake.stage("pets", 2)
    desk.dispatch.rang()
    (lease,) = desk.to_parse()
    desk.dispatch.drain()
    rejects = tuple(Reject(row_id, Stage.ROUTE, "no_slip", "…") for row_id in rows)
    desk.dispatch.parsed(BatchParsed(lease, Parsed(None, None, (), rejects, ()), 0.01))
    assert desk.alarm.due(desk.me, Poll) == 0
    desk.dispatch.poll()
    assert desk.signals.drained.is_set()


def test_a_row_that_waits_does_not_keep_those_behind_it() -> None:
    desk = _Desk(batches=1, once=True)
    desk.intake.rescuing = False
    desk.dispatch.reload(Reload(Catalogue((_slip("cat", "pets"),), (), (Absent("dog", ("pets",), "slip dog is elsewhere"),))))
    rows = desk.intake.stage("pets", 15)
    desk.dispatch.rang()
    (lease,) = desk.to_parse()
    reject = Reject(rows[0], Stage.ROUTE, "no_slip", "…")
    desk.dispatch.parsed(BatchParsed(lease, Parsed("cat", "digest", (), (reject,), ()), 0.01))
    for _ in rows:
        for each in desk.to_parse():
            desk.parse(each)
        for order in desk.to_load():
            desk.land(order.lease)
    assert desk.intake.pending() == rows[:1]
    assert desk.signals.idle.is_set()
    assert desk.signals.failed.is_set()


def test_slips_that_differ_are_told_at_a_beat() -> None:
    desk = _Desk()
    told: list[tuple[str, ...]] = []
    desk.dispatch.tell_slips = told.append
    desk.dispatch.reload(Reload(Catalogue((_slip("shop", "shop"),))))
    desk.intake.difference = (Difference("shop", (("a" * 32, "host:1"), ("b" * 32, "host:2"))),)
    desk.dispatch.beat()
    assert told[-1] == ("Daemons have different versions of slip shop: aaaaaaaa on host:1, bbbbbbbb on host:2.",)
