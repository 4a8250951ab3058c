"""Where the master's work comes from: the inbox, and what dead daemons left; and how it rests when there is none."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog

from etl_actors import events
from etl_actors.actors.book import Book
from etl_actors.store.daemons import Node
from etl_actors.store.database import Connection
from etl_actors.store.doorbell import Doorbell, Rest
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease, release_strays, rescue
from etl_actors.store.staging import keep_partitions

__all__ = ["Intake", "Limits"]

log = structlog.get_logger()

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


@dataclass(slots=True)
class Intake:
    """Claims and rescues for one node.

    Args:
        conn: in autocommit mode; everything here but the node's own lock goes over it.
        node: this incarnation.
        inbox: what waits.
        doorbell: how to sleep.
        limits: how much at once.
    """

    conn: Connection
    node: Node
    inbox: Inbox
    doorbell: Doorbell
    limits: Limits
    rescuing: bool = True  # whether dead daemons may hold more than was taken over
    beats: int = 0

    def take(self, book: Book) -> Iterator[Lease]:
        """Yield batches as long as the book has credit; it is for the caller to enter each before asking for the next."""
        yield from self._rescued(book)
        looked = False
        while book.credit:
            made = self.inbox.claim(self.limits.batch_rows, min(self.limits.batch_bytes, book.bytes_left))
            for lease in made:
                log.debug(events.BATCH_CLAIMED, batch_id=lease.batch_id, source=lease.source, rows=len(lease.row_ids))
                yield lease
            if not made:
                if looked or not self.inbox.look():
                    return
                looked = True

    def rest(self, *, found: bool) -> float:
        """Return the seconds until the next look, and fall asleep or wake up on the way."""
        before = self.doorbell.rest
        if found:
            self.doorbell.found()
        delay_s = _BUSY_POLL_S if found else self.doorbell.empty(time.monotonic())
        if before is not Rest.ASLEEP and self.doorbell.rest is Rest.ASLEEP:
            log.debug(events.DOORBELL_SLEPT)
        if before is Rest.ASLEEP and found:
            log.debug(events.DOORBELL_RUNG)
        return delay_s

    def beat(self, known: Collection[int]) -> datetime | None:
        """Prove to be alive, give back claims whose reply was lost, keep partitions ahead.

        Args:
            known: ids of the batches in the book; others that the database holds as ours are strays.

        Returns:
            When the row that waits longest was staged; None where none waits.
        """
        self.node.confirm()
        for batch_id in release_strays(self.conn, self.node.number, known):
            log.info(events.BATCH_RELEASED, batch_id=batch_id, why="reply lost")
        if self.beats % _PARTITIONS_EVERY == 0:
            made = keep_partitions(self.conn, self.limits.partition_rows)
            if made:
                log.info(events.PARTITION_ADDED, partitions=made)
        self.beats += 1
        self.rescuing = True
        return self.inbox.waiting_since()

    def exhausted(self) -> bool:
        """Tell whether nothing waits and the dead hold nothing, by looking at the whole inbox."""
        return not self.rescuing and not self.inbox.sweep()

    def close(self) -> None:
        """Let the lock go, so that whoever comes next can rescue at once."""
        self.node.close()
        self.conn.close()

    def _rescued(self, book: Book) -> Iterator[Lease]:
        """Yield what the dead held, as far as credit goes; the rest comes with the credit that landing gives back."""
        room = book.batches - len(book.entries)
        if not self.rescuing or room < 1:
            return
        found = rescue(self.conn, self.node.number, self.limits.lease_s, room)
        self.rescuing = len(found) == room
        for lease in found:
            log.warning(events.LEASE_RESCUED, batch_id=lease.batch_id, source=lease.source, attempt=lease.attempt)
            yield lease
