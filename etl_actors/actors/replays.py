"""The master's other source of work: rows that are settled and to be settled again, below live traffic."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog

from etl_actors import events
from etl_actors.actors.book import Book
from etl_actors.actors.intake import ASIDE_S, Limits
from etl_actors.actors.pinned import Hindrance, pinned
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.leases import Lease
from etl_actors.store.replay.current import Replay, Step, Unworkable
from etl_actors.store.replay.queue import ReplayQueue
from etl_actors.workers.base import RoleSlip

__all__ = ["OVERDUE_S", "Replays"]

log = structlog.get_logger()

OVERDUE_S = 1.0
"""Live rows may keep a replay waiting for so long; then one batch of it has its turn."""

_SOON_S = 0.01
_LATEST_S = 1.0  # between looks at a replay that waits for others


@dataclass(slots=True)
class Replays:
    """Claims batches of the replay that is worked now, as few as keep the parsers busy.

    Args:
        queue: what waits of it.
        limits: of a batch, as of live ones.
        any_steps: whether a stored `steps.py` runs although another one is installed.
        clock: monotonic seconds.
    """

    queue: ReplayQueue
    limits: Limits
    any_steps: bool = False
    clock: Callable[[], float] = time.monotonic
    rest_s: float | None = field(default=None, init=False)  # until the next look; None: whenever there is one for live rows
    _looked_at: float = field(default=float("-inf"), init=False)
    _aside_until: float = field(default=float("-inf"), init=False)
    _barred: bool = field(default=False, init=False)
    _patience_s: float = field(default=_SOON_S, init=False)
    _told: int = field(default=0, init=False)  # the last one whose first batch was told of
    _problem: tuple[int, str] | None = field(default=None, init=False)  # yet to be written
    _sentence: str = field(default="", init=False)

    @property
    def overdue(self) -> bool:
        """Whether live rows have kept replays waiting for long enough."""
        return self.clock() - self._looked_at >= OVERDUE_S

    @property
    def aside(self) -> bool:
        """Whether replays are left alone for a while, since a batch could not land."""
        return self.clock() < self._aside_until

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say why replays are left alone; nothing while they are not."""
        return (self._sentence,) if self.aside else ()

    def claimed(self, book: Book, *, at_most: int | None = None) -> Iterator[Lease]:
        """Yield batches, as far as the book has room for such; the caller enters each before it asks for the next.

        Args:
            book: whose room counts.
            at_most: claims; None for as many as there is room for.
        """
        self._looked_at = self.clock()
        self.rest_s = None
        if self.aside or not book.room_to_repeat:
            return
        replay = self.queue.current()
        if replay is None:
            self._barred = False
            return
        try:
            yield from self._claims(replay, book, at_most)
        except Unworkable as exc:
            self._hold(replay.replay_id, None, str(exc))

    def _claims(self, replay: Replay, book: Book, at_most: int | None) -> Iterator[Lease]:
        claims = 0
        while book.room_to_repeat and not self.aside and (at_most is None or claims < at_most):
            made = self._claim(replay, book)
            if not made:
                return
            claims += 1
            yield from made
            if replay.rate is not None:  # how long to wait now, the next look reads
                break
        self.rest_s = _SOON_S

    def hold(self, lease: Lease, reason: str) -> None:
        """Leave replays alone for a while, and say of this one why; its batch was given back.

        Args:
            lease: that cannot land now.
            reason: one sentence, without data.
        """
        if lease.repeat is None:
            return
        self._hold(lease.repeat.replay_id, lease.source, reason)

    def _hold(self, replay_id: int, source: str | None, reason: str) -> None:
        log.error(events.REPLAY_STUCK, replay_id=replay_id, source=source, reason=reason, for_s=ASIDE_S)
        self._aside_until = self.clock() + ASIDE_S
        self._sentence = f"Replay {replay_id} does not go on: {reason}"
        self._problem = replay_id, reason
        self.tell()

    def tell(self) -> None:
        """Write the problem that could not be written before: a load held the replay's row."""
        if self._problem is not None and self.queue.blame(*self._problem):
            self._problem = None
            replay = self.queue.current()
            if replay is not None and replay.cancelled:
                self.resume()  # of it nothing is tried again: it ends, and others wait behind it

    def resume(self) -> None:
        """Try again what was left alone: something has changed."""
        self._aside_until = float("-inf")
        self._problem = None

    def rang(self) -> None:
        """Somebody rang, perhaps for a replay: try again if its problem was taken off, and end it if it was cancelled."""
        if self.aside and self._problem is None:
            replay = self.queue.current()
            if replay is None or replay.problem is None or replay.cancelled:
                self.resume()

    def exhausted(self) -> bool:
        """Tell whether no replay is open, or none that can go on here."""
        return self.aside or self._barred or self.queue.current() is None

    def pinned(self, lease: Lease, catalogue: Catalogue) -> RoleSlip | Hindrance | None:
        """Find the version of a slip that a batch is to be parsed by; None for the one in force."""
        if lease.repeat is None or lease.repeat.digest is None:
            return None
        digest = lease.repeat.digest
        return pinned(digest, self.queue.stored(digest), catalogue, any_steps=self.any_steps)

    def _claim(self, replay: Replay, book: Book) -> tuple[Lease, ...]:
        if replay.wait_s > 0:
            self.rest_s = max(_SOON_S, replay.wait_s)
            return ()
        rows, nbytes = book.pace.size(None)
        rows, nbytes = min(self.limits.batch_rows, rows), min(self.limits.batch_bytes, book.bytes_left, nbytes)
        made = self.queue.claim(replay, rows, nbytes) or self.queue.take(replay, rows, nbytes)
        if not made:
            self._go_on(replay)
            return ()
        self._barred = False
        self._patience_s = _SOON_S
        if self._told != replay.replay_id:
            self._told = replay.replay_id
            log.info(events.REPLAY_STARTED, replay_id=replay.replay_id, phase=replay.phase)
        for lease in made:
            log.debug(events.BATCH_CLAIMED, batch_id=lease.batch_id, source=lease.source, rows=len(lease.row_ids))
        return made

    def _go_on(self, replay: Replay) -> None:
        step = self.queue.advance(replay)
        self._barred = step is Step.BARRED
        if self._barred:
            self._tell_barred(replay)
        if step in {Step.WAITING, Step.BARRED}:
            self.rest_s = self._patience_s
            self._patience_s = min(2 * self._patience_s, _LATEST_S)
            return
        self.rest_s, self._patience_s = 0.0, _SOON_S
        if step is Step.FINISHED:
            log.info(events.REPLAY_FINISHED, replay_id=replay.replay_id, cancelled=replay.cancelled)
        else:
            log.debug(events.REPLAY_ADVANCED, replay_id=replay.replay_id, phase=replay.phase, step=step)

    def _tell_barred(self, replay: Replay) -> None:
        """Say what a replay waits for that nobody may ever do; it is looked at again all the same."""
        why = self.queue.barring(replay)
        if why is None or why == replay.problem or not self.queue.blame(replay.replay_id, why):
            return
        log.warning(events.REPLAY_STUCK, replay_id=replay.replay_id, source=None, reason=why, for_s=_LATEST_S)
