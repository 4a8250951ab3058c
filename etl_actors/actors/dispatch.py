"""The master's mind: claims while there is credit, hands batches out, hears back, looks after the dead."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from etl_actors import events
from etl_actors.actors.alarm import Alarm
from etl_actors.actors.book import Book
from etl_actors.actors.canonical_line import tell_loaded
from etl_actors.actors.casting import cast
from etl_actors.actors.messages import (
    Assign,
    BatchLeaseLost,
    BatchLoaded,
    BatchParsed,
    BatchPoisoned,
    Beat,
    Load,
    Parse,
    Poll,
    Ref,
    tell,
)
from etl_actors.errors import LeaseLost
from etl_actors.relational.parsed import Group, Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.catalogue import Catalogue
from etl_actors.store.daemons import Node
from etl_actors.store.database import Connection
from etl_actors.store.doorbell import Doorbell, Rest
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease, release, release_strays, rescue, split
from etl_actors.store.staging import keep_partitions

__all__ = ["Dispatch", "Limits", "Signals"]

log = structlog.get_logger()

_BEAT_S = 1.0
_BUSY_POLL_S = 0.01
_PARTITIONS_EVERY = 30  # beats


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once, and how long.

    Args:
        batch_rows: rows of one batch at most.
        batch_bytes: payload bytes of one batch, exceeded by its last row only.
        lease_s: seconds after which a silent daemon's batches are taken over, its lock notwithstanding.
        max_attempts: owners that a batch may have outlived before it is bisected.
        partition_rows: rows of one staging partition.
    """

    batch_rows: int
    batch_bytes: int
    lease_s: float
    max_attempts: int
    partition_rows: int


@dataclass(frozen=True, slots=True)
class Signals:
    """What the supervisor waits for.

    Args:
        idle: set whenever nothing waits and nothing is in flight.
        drained: set once nothing is in flight and nothing will be.
    """

    idle: threading.Event = field(default_factory=threading.Event)
    drained: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Dispatch:
    """One incarnation of the master; it dies with its connection, and its successor rescues what it held."""

    me: Ref
    conn: Connection
    node: Node
    inbox: Inbox
    doorbell: Doorbell
    book: Book
    catalogue: Catalogue
    limits: Limits
    signals: Signals
    alarm: Alarm
    tell_waiting: Callable[[datetime | None], None]  # told each beat when the row that waits longest was staged
    once: bool = False  # whether somebody waits for the idle signal; it costs a sweep a poll
    parsers: dict[int, Ref] = field(default_factory=dict)
    loaders: dict[int, Ref] = field(default_factory=dict)
    draining: bool = False
    rescuing: bool = False  # whether dead daemons may hold more than was taken over
    beats: int = 0

    def begin(self) -> None:
        """Take over what dead daemons left, then poll."""
        self.beat()
        self.poll()

    def poll(self) -> None:
        """Claim what waits, as far as credit goes, and set the next poll."""
        if self.draining:
            self._settle()
            return
        found = self._claim()
        if self.book.credit:  # else the next batch that lands looks again
            self.alarm.set(self._rest(found=found), self.me, Poll())
        self._hand_out()
        self._settle()

    def beat(self) -> None:
        """Prove to be alive; take over the batches of the dead, and give back those of lost replies."""
        self.node.confirm()
        for batch_id in release_strays(self.conn, self.node.number, self.book.entries):
            log.info(events.BATCH_RELEASED, batch_id=batch_id, why="reply lost")
        self.rescuing = True
        self._rescue()
        self._hand_out()
        if self.beats % _PARTITIONS_EVERY == 0:
            made = keep_partitions(self.conn, self.limits.partition_rows)
            if made:
                log.info(events.PARTITION_ADDED, partitions=made)
        self.tell_waiting(self.inbox.waiting_since())
        self.beats += 1
        self.alarm.set(_BEAT_S, self.me, Beat())

    def drain(self) -> None:
        """Claim nothing more; give back what no parser has begun."""
        self.draining = True
        for lease in self.book.unassigned():
            release(self.conn, lease.batch_id, lease.token)
            log.info(events.BATCH_RELEASED, batch_id=lease.batch_id, why="draining")
            self.book.remove(lease)
        self._settle()

    def assign(self, order: Assign) -> None:
        """Know the actor in a place; whatever its predecessor had been told is told again."""
        if order.kind == "parser":
            self.parsers[order.place] = order.ref
            self.book.forget_parser(order.place)
        else:
            self.loaders[order.place] = order.ref
            self.book.forget_loader(order.place)
        self._hand_out()

    def parsed(self, answer: BatchParsed) -> None:
        """Match a result with its batch; land it, or split it."""
        entry = self.book.find(answer.lease)
        if entry is None:
            return  # of a lease that is no longer ours
        entry.parse_s = answer.parse_s
        if isinstance(answer.result, Routed):
            self._split(answer.lease, answer.result.groups)
        else:
            entry.parsed = answer.result
        self._hand_out()

    def poisoned(self, answer: BatchPoisoned) -> None:
        """Bisect a batch in which some row is to blame; a single row is rejected."""
        entry = self.book.find(answer.lease)
        if entry is None:
            return
        self._bisect(entry.lease, Stage(answer.stage), answer.reason, answer.message)
        self._hand_out()

    def loaded(self, answer: BatchLoaded) -> None:
        """Strike a landed batch out, tell of it in one line, and claim with the credit that it gave back."""
        entry = self.book.find(answer.lease)
        if entry is not None:
            self.book.remove(answer.lease)
            tell_loaded(entry, answer)
        self.poll()

    def lease_lost(self, answer: BatchLeaseLost) -> None:
        """Strike out a batch that is somebody else's."""
        if self.book.find(answer.lease) is not None:
            log.warning(events.LEASE_LOST, batch_id=answer.lease.batch_id, source=answer.lease.source)
            self.book.remove(answer.lease)
        self.poll()

    def _rest(self, *, found: bool) -> float:
        """Return the seconds until the next poll, and fall asleep or wake up on the way."""
        before = self.doorbell.rest
        if found:
            self.doorbell.found()
        delay_s = _BUSY_POLL_S if found else self.doorbell.empty(time.monotonic())
        if before is not Rest.ASLEEP and self.doorbell.rest is Rest.ASLEEP:
            log.debug(events.DOORBELL_SLEPT)
        if before is Rest.ASLEEP and found:
            log.debug(events.DOORBELL_RUNG)
        return delay_s

    def _rescue(self) -> None:
        """Take over what the dead held, as far as credit goes; what is left comes with the credit that landing gives back."""
        room = self.book.batches - len(self.book.entries)
        if not self.rescuing or self.draining or room < 1:
            return
        found = rescue(self.conn, self.node.number, self.limits.lease_s, room)
        self.rescuing = len(found) == room
        for lease in found:
            log.warning(events.LEASE_RESCUED, batch_id=lease.batch_id, source=lease.source, attempt=lease.attempt)
            self._adopt(lease)

    def _claim(self) -> bool:
        """Claim batches while there is credit; return whether any was claimed."""
        self._rescue()
        found = looked = False
        while self.book.credit:
            made = self.inbox.claim(self.limits.batch_rows, min(self.limits.batch_bytes, self.book.bytes_left))
            for lease in made:
                log.debug(events.BATCH_CLAIMED, batch_id=lease.batch_id, source=lease.source, rows=len(lease.row_ids))
                self._adopt(lease)
                found = True
            if not made:
                if looked or not self.inbox.look():
                    break
                looked = True
        return found

    def _adopt(self, lease: Lease) -> None:
        self.signals.idle.clear()
        self.book.add(lease)
        if lease.attempt > self.limits.max_attempts:
            message = f"expected the batch to land, but {lease.attempt - 1} owners died while they held it"
            self._bisect(lease, Stage.PARSE, "poison", message)

    def _split(self, lease: Lease, groups: tuple[Group, ...], attempt: int = 1) -> None:
        self.book.remove(lease)
        try:
            children = split(self.conn, lease, groups, attempt)
        except LeaseLost:
            log.warning(events.LEASE_LOST, batch_id=lease.batch_id, source=lease.source)
            return
        log.info(events.BATCH_SPLIT, batch_id=lease.batch_id, source=lease.source, children=len(children))
        for child in children:
            self.book.add(child)

    def _bisect(self, lease: Lease, stage: Stage, reason: str, message: str) -> None:
        if len(lease.row_ids) == 1:
            entry = self.book.entries[lease.batch_id]
            entry.parsed = Parsed(lease.slip, None, (), (Reject(lease.row_ids[0], stage, reason, message),), ())
            entry.loader = None
            return
        half = len(lease.row_ids) // 2
        halves = (Group(lease.slip, lease.row_ids[:half]), Group(lease.slip, lease.row_ids[half:]))
        self._split(lease, halves, min(lease.attempt, self.limits.max_attempts))

    def _hand_out(self) -> None:
        for entry in self.book.to_parse(len(self.parsers)):
            role = cast(self.catalogue, entry.lease)
            tell(self.parsers[entry.parser or 0], Parse(entry.lease, role, self.me))
        for entry in self.book.to_load(len(self.loaders)):
            if entry.parsed is not None:
                tell(self.loaders[entry.loader or 0], Load(entry.lease, entry.parsed, entry.told_before, self.me))

    def _settle(self) -> None:
        if self.book.entries:
            return
        if self.draining:
            self.signals.drained.set()
        elif self.once and not self.rescuing and not self.inbox.sweep():
            self.signals.idle.set()
