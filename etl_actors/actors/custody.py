"""What becomes of batches before they are handed out: entered, left to others, held, split, searched."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import structlog

from etl_actors import events
from etl_actors.actors.alarm import Alarm
from etl_actors.actors.book import Book
from etl_actors.actors.guard import Guard
from etl_actors.actors.intake import ASIDE_S, Intake
from etl_actors.actors.messages import Poll, Ref
from etl_actors.actors.pinned import Hindrance
from etl_actors.actors.replays import Replays
from etl_actors.actors.signals import Signals
from etl_actors.errors import LeaseLost
from etl_actors.relational.parsed import Group, Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.suspect import Suspect, pieces_of
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.leases import Lease

__all__ = ["Custody"]

log = structlog.get_logger()


@dataclass(slots=True)
class Custody:
    """The batches that are ours, and go to no actor as they are.

    Args:
        me: the master's actor.
        intake: where live batches come from, and go back to.
        replays: where those of replays come from.
        book: what is in flight.
        catalogue: the slips in force.
        signals: set for the supervisor.
        alarm: for the master's own later messages.
    """

    me: Ref
    intake: Intake
    replays: Replays
    book: Book
    catalogue: Catalogue
    signals: Signals
    alarm: Alarm
    guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        """Guard what is to wait under the slips in force."""
        self.guard = Guard(self.catalogue)

    def work_by(self, catalogue: Catalogue) -> None:
        """Work by other slips from now on; what is in flight keeps its own."""
        self.catalogue = catalogue
        self.guard = Guard(catalogue, self.guard.waiting)

    def enter(self, leases: Iterator[Lease]) -> bool:
        """Enter what the intake yields; return whether there was anything."""
        found = False
        for lease in leases:
            found = True
            pinned = self.replays.pinned(lease, self.catalogue)
            if isinstance(pinned, Hindrance):
                self.hold(lease, pinned.why)
                continue
            if pinned is None and self._awaits(lease):
                continue
            self.signals.idle.clear()
            self.book.add(lease, self.catalogue, pinned=pinned)
            if lease.attempt > self.intake.limits.max_attempts:
                message = f"expected the batch to land, but {lease.attempt - 1} owners died while they held it"
                self.search(lease, Reject(0, Stage.PARSE, "poison", message))
        if self.replays.aside:
            self.signals.failed.set()
        return found

    def offered(self, source: str) -> bool:
        """Tell whether rows of a source are to be claimed."""
        offered = self.guard.offers(source)
        if not offered:
            self.signals.failed.set()
        return offered

    def breaks_out(self, source: str) -> bool:
        """Tell whether documents of a source may make tables."""
        return any(slip.breakout is not None for slip in self.catalogue.for_source(source))

    def _awaits(self, lease: Lease) -> bool:
        """Give a batch back that waits for a slip which others have; tell whether it was one."""
        if lease.repeat is not None:
            absent = self.guard.lacking(lease)
            if absent is not None:
                self.hold(lease, f"Rows of source {lease.source} wait: {absent.why}.")
            return absent is not None
        awaits = self.guard.awaits(lease)
        if awaits:
            self._put_by(lease)
        return awaits

    def set_aside(self, lease: Lease, reason: str) -> None:
        """Give back a batch that cannot land, and leave its source alone for a while, or replays: the others go on."""
        self.book.remove(lease)
        if lease.repeat is not None:
            self.hold(lease, reason)
            return
        log.error(events.SOURCE_SET_ASIDE, source=lease.source, reason=reason, for_s=ASIDE_S)
        self.intake.set_aside(lease)
        self.signals.failed.set()

    def hold(self, lease: Lease, reason: str) -> None:
        """Give a replay's batch back, and leave replays alone for a while."""
        self.intake.release(lease)
        self.replays.hold(lease, reason)
        self.signals.failed.set()

    def _put_by(self, lease: Lease) -> None:
        """Let rows wait for a slip that others have, or that is broken here; their source goes on beyond them."""
        self.intake.put_by(lease)
        self.signals.failed.set()

    def leave(self, lease: Lease, waiting: frozenset[int]) -> None:
        """Let those rows of a batch wait that no slip of ours takes and another may; the rest goes on."""
        if len(waiting) == len(lease.row_ids):
            self._leave(lease)
            return
        ours = tuple(row_id for row_id in lease.row_ids if row_id not in waiting)
        for child in self.split(lease, (Group(None, ours), Group(None, tuple(sorted(waiting))))):
            if child.row_ids[0] in waiting:
                self._leave(child)

    def _leave(self, lease: Lease) -> None:
        self.book.remove(lease)
        if lease.repeat is None:
            self._put_by(lease)
            return
        absent = self.catalogue.awaited(lease.source)
        self.hold(lease, f"Rows of source {lease.source} wait: {absent.why if absent else 'no slip takes them'}.")

    def split(self, lease: Lease, groups: tuple[Group, ...], attempt: int = 1, *, searched: bool = False) -> tuple[Lease, ...]:
        """Turn a batch into one a group, and enter these; none where it is somebody else's.

        Args:
            lease: of the batch.
            groups: its rows.
            attempt: number of each of theirs.
            searched: whether they are pieces, among which those rows are to be found that are to blame.
        """
        entry = self.book.entries[lease.batch_id]
        self.book.remove(lease)
        try:
            children = self.intake.split(lease, groups, attempt)
        except LeaseLost:
            log.warning(events.LEASE_LOST, batch_id=lease.batch_id, source=lease.source)
            self.alarm.set(0, self.me, Poll())  # its credit is free, and nothing else may come that would look again
            return ()
        log.info(events.BATCH_SPLIT, batch_id=lease.batch_id, source=lease.source, children=len(children))
        for child in children:
            self.book.add(child, entry.catalogue, entry.condemned, entry.pinned, piece=searched or entry.piece)
        return children

    def search(self, lease: Lease, reject: Reject, suspect: Suspect | None = None) -> None:
        """Split a batch in which some row is to blame, until it is alone; a single row is rejected.

        Args:
            lease: of the batch.
            reject: what becomes of the row, whichever it is.
            suspect: the row at which it failed, if that is known.
        """
        if len(lease.row_ids) == 1:
            found = replace(reject, row_id=lease.row_ids[0])
            slip, digest = self.book.entries[lease.batch_id].version
            self.book.condemn(lease, Parsed(slip, digest, (), (found,), ()))
            return
        groups = tuple(Group(lease.slip, piece) for piece in pieces_of(lease.row_ids, suspect))
        self.split(lease, groups, min(lease.attempt, self.intake.limits.max_attempts), searched=True)
