"""The master's mind: takes work while there is credit, hands batches out, hears back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

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
from etl_actors.actors.canonical_line import tell_loaded
from etl_actors.actors.casting import cast
from etl_actors.actors.custody import Custody
from etl_actors.actors.intake import Intake
from etl_actors.actors.messages import Assign, Beat, Kind, Load, Parse, Poll, Ref, Reload, tell
from etl_actors.actors.peers import Peers
from etl_actors.actors.replays import Replays
from etl_actors.actors.signals import Signals
from etl_actors.actors.staleness import Staleness
from etl_actors.relational.parsed import Routed
from etl_actors.relational.reject import Reject
from etl_actors.slips.shelf.catalogue import Catalogue

__all__ = ["Dispatch"]

log = structlog.get_logger()

_BEAT_S = 1.0
_DEATHS = 3  # actors that may die while a batch is theirs, before it is given back


@dataclass(slots=True)
class Dispatch:
    """One incarnation of the master; it dies with its connection, and its successor rescues what it held.

    Args:
        me: the actor around it.
        intake: where work comes from.
        replays: where it comes from when nothing else does.
        book: what is in flight.
        catalogue: the slips in force at the start.
        signals: set for the supervisor.
        alarm: for its own later messages.
        tell_waiting: told at each beat when the row that waits longest was staged.
        tell_slips: told at each beat what is to be said of slips: those that differ between daemons, sources and
            replays that wait for one.
        staleness: told whose rows have landed; None where nobody refreshes views.
        once: whether somebody waits for the idle signal; it costs a sweep of the inbox a poll.
    """

    me: Ref
    intake: Intake
    replays: Replays
    book: Book
    catalogue: Catalogue
    signals: Signals
    alarm: Alarm
    tell_waiting: Callable[[datetime | None], None]
    tell_slips: Callable[[tuple[str, ...]], None] = lambda _sentences: None
    staleness: Staleness | None = None
    once: bool = False
    parsers: dict[int, Ref] = field(default_factory=dict)
    loaders: dict[int, Ref] = field(default_factory=dict)
    draining: bool = False
    custody: Custody = field(init=False)
    peers: Peers = field(default_factory=Peers, init=False)

    def __post_init__(self) -> None:
        """Take batches into custody under the slips in force."""
        given = (self.me, self.intake, self.replays, self.book, self.catalogue, self.signals, self.alarm)
        self.custody = Custody(*given)

    def begin(self) -> None:
        """Beat for the first time, and look for work."""
        self.book.pace.careful = self.custody.breaks_out
        self.intake.keep_to(self.custody.offered)
        if self.staleness is not None:
            self.staleness.work_by(self.custody.catalogue)
        self.beat()
        self.poll()

    def poll(self, *, rang: bool = False) -> None:
        """Take what work there is, as far as credit goes, and set the next poll."""
        if not self.draining:
            rescued = self.custody.enter(self.intake.rescued(self.book))
            overdue = self.replays.overdue
            if overdue:
                self.custody.enter(self.replays.claimed(self.book, at_most=1))
            found = self.custody.enter(self.intake.claimed(self.book, rang=rang)) or rescued
            if not found and not overdue:
                self.custody.enter(self.replays.claimed(self.book))
            if self.book.credit:  # else the next batch that lands looks again
                rest_s = self.intake.rest(found=found, rang=rang)
                again_s = self.replays.rest_s
                self.alarm.set(rest_s if again_s is None else min(rest_s, again_s), self.me, Poll())
            else:
                self.intake.busy()
        self._hand_out()
        self._settle()

    def rang(self) -> None:
        """Look for what a producer rang for, past floors and shares of time; or an operator, for a replay."""
        self.replays.rang()
        self.poll(rang=True)

    def beat(self) -> None:
        """Prove to be alive, and take over what the dead held."""
        self.tell_waiting(self.intake.beat(self.book.entries))
        self.replays.tell()
        self.peers.compare(self.intake.differing(), self.custody.catalogue)
        self.tell_slips((*self.peers.sentences, *self.custody.guard.sentences, *self.replays.sentences))
        if not self.draining:
            self.custody.enter(self.intake.rescued(self.book))
            self._hand_out()
        self.alarm.set(_BEAT_S, self.me, Beat())

    def reload(self, order: Reload) -> None:
        """Work by other slips from now on; what is in flight keeps its own."""
        self.custody.work_by(order.catalogue)
        if self.staleness is not None:
            self.staleness.work_by(order.catalogue)
        self.intake.declare(order.slips)
        broken = sum(1 for slip in order.slips if slip.problem)
        log.info(events.SLIPS_RELOADED, slips=len(order.catalogue.slips), broken=broken)
        self.intake.keep_to(self.custody.offered)
        self.replays.resume()
        self.poll(rang=True)

    def drain(self) -> None:
        """Claim nothing more; give back what no parser has begun."""
        self.draining = True
        for lease in self.book.unassigned():
            self.intake.release(lease)
            log.info(events.BATCH_RELEASED, batch_id=lease.batch_id, why="draining")
            self.book.remove(lease)
        self._settle()

    def assign(self, order: Assign) -> None:
        """Know the actor in a place; whatever its predecessor had been told is told again."""
        if order.kind is Kind.PARSER:
            self.parsers[order.place] = order.ref
            self.book.forget_parser(order.place)
        else:
            self.loaders[order.place] = order.ref
            self.book.forget_loader(order.place)
        for entry in [e for e in self.book.entries.values() if e.deaths >= _DEATHS]:
            self.stuck(BatchStuck(entry.lease, f"{entry.deaths} actors died of it"))
        self._hand_out()

    def parsed(self, answer: BatchParsed) -> None:
        """Match a result with its batch; land it, or split it."""
        entry = self.book.find(answer.lease)
        if entry is None:
            return  # of a lease that is no longer ours
        entry.parse_s = answer.parse_s
        if isinstance(answer.result, Routed):
            self.custody.split(answer.lease, answer.result.groups)
        elif waiting := self.custody.guard.unmatched(answer.lease, answer.result):
            self.custody.leave(answer.lease, waiting)
            self.alarm.set(0, self.me, Poll())  # its credit is free, and nothing else may come that would look again
        else:
            self.book.keep(answer.lease, answer.result)
            for table in answer.result.changed:
                log.info(events.SCHEMA_CHANGED, table=table, slip=answer.result.slip)
        self._hand_out()

    def condemned(self, answer: RowCondemned) -> None:
        """Keep in mind that a row kills or hangs its parser: it is not tried again, however its batch is split or handed on."""
        entry = self.book.find(answer.lease)
        if entry is not None:
            entry.condemned = (*entry.condemned, answer.reject)

    def poisoned(self, answer: BatchPoisoned) -> None:
        """Split a batch in which some row is to blame; a single row is rejected."""
        entry = self.book.find(answer.lease)
        if entry is not None and entry.rejected:
            # Nothing of the row is left that could be refused: it is what the database will not let go, now or ever.
            self.stuck(BatchStuck(answer.lease, answer.message))
        elif entry is not None:
            reject = Reject(0, answer.stage, answer.reason, answer.message, dict(answer.detail))
            self.custody.search(answer.lease, reject, answer.suspect)
            self._hand_out()

    def stuck(self, answer: BatchStuck) -> None:
        """Give back a batch that cannot land."""
        if self.book.find(answer.lease) is not None:
            self.custody.set_aside(answer.lease, answer.reason)
        self.poll()

    def loaded(self, answer: BatchLoaded) -> None:
        """Strike a landed batch out, tell of it in one line, and take work for the credit that it gave back."""
        entry = self.book.find(answer.lease)
        if entry is not None:
            self.book.remove(answer.lease)
            self.book.pace.landed(entry.lease, answer.load_s, entry.parse_s, answer.waited_s)
            tell_loaded(entry, answer, self.book)
            if self.staleness is not None and entry.parsed is not None:
                self.staleness.mark(entry.parsed.slip)
            self._hand_to_loaders()  # what is parsed need not wait until more is claimed
        self.poll()

    def lease_lost(self, answer: BatchLeaseLost) -> None:
        """Strike out a batch that is somebody else's."""
        if self.book.find(answer.lease) is not None:
            log.warning(events.LEASE_LOST, batch_id=answer.lease.batch_id, source=answer.lease.source)
            self.book.remove(answer.lease)
        self.poll()

    def outgrown(self, answer: BatchOutgrown) -> None:
        """Have a batch parsed again whose slip has grown since."""
        if self.book.find(answer.lease) is not None:
            self.book.parse_again(answer.lease)
        self._hand_out()

    def _hand_out(self) -> None:
        for place, entry in self.book.to_parse(self.parsers):
            role = cast(entry.catalogue, entry.lease.source, entry.lease.slip, entry.pinned)
            tell(self.parsers[place], Parse(entry.lease, role, self.me, entry.condemned))
        self._hand_to_loaders()

    def _hand_to_loaders(self) -> None:
        for place, entry, parsed in self.book.to_load(self.loaders):
            tell(self.loaders[place], Load(entry.lease, parsed, entry.told_before, self.me))

    def _settle(self) -> None:
        if self.book.entries:
            return
        if self.draining:
            self.signals.drained.set()
        elif self.once and self.intake.exhausted() and self.replays.exhausted():
            self.signals.idle.set()
