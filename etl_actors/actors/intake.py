"""Where the master's work comes from: the inbox, and what dead daemons left; and how it rests when there is none."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from etl_actors import events
from etl_actors.actors.book import Book
from etl_actors.relational.parsed import Group
from etl_actors.store.claimed import Claimed
from etl_actors.store.daemons import Difference, Node, SlipInForce, declare, differences, living
from etl_actors.store.database import Connection
from etl_actors.store.doorbell import Doorbell, Rest
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease, release, release_strays, rescue, split
from etl_actors.store.ledger import carry
from etl_actors.store.staging import keep_partitions

__all__ = ["ASIDE_S", "Intake", "Limits"]

log = structlog.get_logger()

_BUSY_POLL_S = 0.01
ASIDE_S = 60.0  # for so long a source is left alone whose batch could not land
_BOOKS_EVERY = 10  # beats: what the ledger counts afresh is what has come, and was settled, since
_PEERS_EVERY = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once, and how long.

    Args:
        batch_rows: rows of one batch at most.
        batch_bytes: payload bytes of one batch, exceeded by less than 512 kB or by a last row that is larger.
        lease_s: seconds after which a silent daemon's batches are taken over, its lock notwithstanding.
        max_attempts: owners that a batch may have outlived before it is searched.
        partition_rows: rows of one staging partition.
        sources: that are claimed; empty for all.
    """

    batch_rows: int
    batch_bytes: int
    lease_s: float
    max_attempts: int
    partition_rows: int
    sources: tuple[str, ...] = ()


@dataclass(slots=True)
class Intake:
    """Claims and rescues for one node.

    Args:
        conn: in autocommit mode; everything here but the node's own lock goes over it.
        node: this incarnation.
        inbox: what waits.
        doorbell: how to sleep.
        limits: how much at once.
        claiming: whether new rows are claimed at all; what dead daemons held is taken over anyway.
    """

    conn: Connection
    node: Node
    inbox: Inbox
    doorbell: Doorbell
    limits: Limits
    claiming: bool = True
    rescuing: bool = True  # whether dead daemons may hold more than was taken over
    beats: int = 0
    held: Claimed = field(init=False)  # by whatever daemon

    def __post_init__(self) -> None:
        self.held = Claimed(self.conn)

    def claimed(self, book: Book, *, rang: bool) -> Iterator[Lease]:
        """Yield new batches as long as the book has credit; the caller enters each before it asks for the next.

        Every time it looks first who waits, or a source with a long backlog would keep the others out of sight. Of a source whose rows
        are searched for those to blame nothing is claimed meanwhile: it would take what credit there is, and leave the others none.

        Args:
            book: whose credit counts.
            rang: whether a producer rang: then a look past the floors is worth its price.
        """
        thorough = rang or self.doorbell.rest is Rest.ASLEEP
        if not self.claiming or not book.credit or not self.inbox.look(thorough=thorough):
            return
        while book.credit:
            nbytes = min(self.limits.batch_bytes, book.bytes_left)
            made = self.inbox.claim(self.limits.batch_rows, nbytes, book.pace.size, book.pace.workers, book.searched)
            for lease in made:
                log.debug(events.BATCH_CLAIMED, batch_id=lease.batch_id, source=lease.source, rows=len(lease.row_ids))
                yield lease
            # What lay beyond the floors, another daemon has claimed: that was no look at what lies below them.
            if not made and not (thorough and self.inbox.sweep()):
                return
            thorough = False

    def rescued(self, book: Book) -> Iterator[Lease]:
        """Yield what the dead held, as far as credit goes; the rest comes with the credit that landing gives back.

        The caller enters each before it asks for the next.
        """
        while self.rescuing and book.credit:  # one at a time: what each weighs is known when it is ours
            found = rescue(self.conn, self.node.number, self.limits.lease_s, 1, self.limits.sources, self.held.floor())
            self.rescuing = bool(found)
            for lease in found:
                log.warning(events.LEASE_RESCUED, batch_id=lease.batch_id, source=lease.source, attempt=lease.attempt)
                yield lease

    def rest(self, *, found: bool, rang: bool = False) -> float:
        """Return the seconds until the next look, and fall asleep or wake up on the way.

        Args:
            found: whether there was work.
            rang: whether somebody rang: then it stays awake for a moment, or each commit rings.
        """
        before = self.doorbell.rest
        found = found or self.inbox.gathers  # no ring would tell that the moment is over
        if found:
            self.doorbell.found()
        elif rang:
            self.doorbell.rung_in_vain(time.monotonic())
        delay_s = _BUSY_POLL_S if found or rang else self.doorbell.empty(time.monotonic())
        if before is not Rest.ASLEEP and self.doorbell.rest is Rest.ASLEEP:
            log.debug(events.DOORBELL_SLEPT)
        if before is Rest.ASLEEP and (found or rang):
            log.debug(events.DOORBELL_RUNG)
        return delay_s

    def busy(self) -> None:
        """Be awake while there is no credit: a batch that lands looks for what has come, and nobody need ring."""
        if self.doorbell.rest is Rest.ASLEEP:
            log.debug(events.DOORBELL_RUNG)
        self.doorbell.found()

    def beat(self, known: Collection[int]) -> datetime | None:
        """Prove to be alive, give back claims whose reply was lost, keep partitions ahead, carry the books forward.

        Args:
            known: ids of the batches in the book; others that the database holds as ours are strays.

        Returns:
            When the row that waits longest was staged; None where none waits.
        """
        self.node.confirm()
        strays = release_strays(self.conn, self.node.number, known, self.held.floor())
        for batch_id in strays:
            log.info(events.BATCH_RELEASED, batch_id=batch_id, why="reply lost")
        if strays:
            self.inbox.sweep()  # their rows lie below the floors
        if self.beats % _BOOKS_EVERY == 0:
            made = keep_partitions(self.conn, self.limits.partition_rows)
            if made:
                log.info(events.PARTITION_ADDED, partitions=made)
            carry(self.conn)
        self.beats += 1
        self.rescuing = True
        return self.inbox.waiting_since()

    def differing(self) -> tuple[Difference, ...] | None:
        """Return the slips of which living daemons have different versions; None on most beats, on which nobody looks."""
        return differences(living(self.conn)) if self.beats % _PEERS_EVERY == 1 else None

    def declare(self, slips: tuple[SlipInForce, ...]) -> None:
        """Say which slips this daemon works by."""
        declare(self.conn, self.node.number, slips)

    def keep_to(self, offered: Callable[[str], bool] | None) -> None:
        """Claim the sources that `offered` says, from now on, and none of them is set aside any more; None for any."""
        self.inbox.keep_to(offered)

    def exhausted(self) -> bool:
        """Tell whether nothing waits and the dead hold nothing, by looking at the whole inbox and at all that is claimed."""
        if not self.rescuing and self.held.sweep():
            self.rescuing = True  # what was claimed below where rescues begin may be a dead daemon's
        return not self.rescuing and not (self.claiming and self.inbox.sweep())

    def set_aside(self, lease: Lease) -> None:
        """Give a batch back to wait, and claim nothing of its source for a while."""
        self.release(lease)
        self.inbox.set_aside(lease.source, ASIDE_S)

    def put_by(self, lease: Lease) -> None:
        """Give back rows that wait for a slip, and go on beyond them; they are tried again after a while."""
        self.release(lease)
        self.inbox.put_by(lease.source, lease.row_ids[-1], ASIDE_S)

    def release(self, lease: Lease) -> None:
        """Give a batch back to wait."""
        release(self.conn, lease.batch_id, lease.token)

    def split(self, lease: Lease, groups: tuple[Group, ...], attempt: int) -> tuple[Lease, ...]:
        """Turn a batch into one a group; see `etl_actors.store.leases.split`.

        Raises:
            LeaseLost: it is not ours any more.
        """
        return split(self.conn, lease, groups, attempt)

    def leave(self) -> None:
        """Take this node off the register of daemons."""
        self.node.forget(self.conn)

    def close(self) -> None:
        """Let the lock go, so that whoever comes next can rescue at once."""
        self.node.close()
        self.conn.close()
