"""Stand-ins for the master's colleagues: an intake without a database, actors that only listen, an alarm that never rings."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

import pykka

from etl_actors.actors.book import Book
from etl_actors.actors.intake import Limits
from etl_actors.errors import LeaseLost
from etl_actors.relational.parsed import Group
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.daemons import Difference, SlipInForce
from etl_actors.store.leases import Lease, Repeat
from etl_actors.store.replay.current import Phase, Replay, Step, Stored, Unworkable

__all__ = ["LIMITS", "NO_SLIPS", "FakeIntake", "FakeRef", "FakeReplayQueue", "RecordingAlarm"]

LIMITS = Limits(batch_rows=3, batch_bytes=2**30, lease_s=60.0, max_attempts=3, partition_rows=1_000_000)
"""Small batches, by rows only."""

NO_SLIPS = Catalogue(())

_ROW_BYTES = 10
_STAGED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakeIntake:
    """An inbox, the batches of this daemon, and those of dead ones, in memory; it passes `tests/actors/test_intake.py`.

    Args:
        limits: how much at once.
        waiting: row ids by source.
        held: the batches that the database would name as ours, by id.
        dead: batches whose owners are gone.
        aside: sources that are not offered.
        beyond: by source, the last row that is not offered.
        known: sources that a look finds without a sweep.
        rests: what `rest` was asked.
        awake: how often it was told to be awake without a rest.
        beats: how often it was told to prove to be alive.
        left: whether this node is off the register.
        closed: set once the lock was let go.
        difference: what `differing` returns.
        declared: what others were told of slips, each time.
        offered: which sources are claimed; None for any.
        repeating: rows of a replay that wait.
    """

    limits: Limits = LIMITS
    waiting: dict[str, list[int]] = field(default_factory=dict)
    held: dict[int, Lease] = field(default_factory=dict)
    dead: list[Lease] = field(default_factory=list)
    aside: set[str] = field(default_factory=set)
    beyond: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    rests: list[bool] = field(default_factory=list)
    awake: int = 0
    beats: int = 0
    rescuing: bool = True
    left: bool = False
    closed: threading.Event = field(default_factory=threading.Event)
    difference: tuple[Difference, ...] | None = None
    declared: list[tuple[SlipInForce, ...]] = field(default_factory=list)
    offered: Callable[[str], bool] | None = None
    repeating: list[int] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _turn: deque[str] = field(default_factory=deque)
    _swept: bool = False

    # What a producer, a dying daemon and a rescuer do -------------------------------------------------------------------

    def stage(self, source: str, rows: int) -> list[int]:
        """Let rows wait; return their ids."""
        made = [next(self._numbers) for _ in range(rows)]
        self.waiting.setdefault(source, []).extend(made)
        return made

    def die_with(self, source: str, rows: int, attempt: int = 1) -> Lease:
        """Leave a batch that a daemon, now dead, had claimed for the `attempt`-th time."""
        lease = self._lease(source, None, tuple(next(self._numbers) for _ in range(rows)), attempt)
        self.dead.append(lease)
        return lease

    def steal(self, lease: Lease) -> None:
        """Let another daemon take a batch over."""
        del self.held[lease.batch_id]

    def pending(self) -> list[int]:
        """Return the ids of all rows that wait, ascending."""
        return sorted(row_id for rows in self.waiting.values() for row_id in rows)

    def repeat(self, rows: int, digest: str | None = None) -> Lease:
        """Claim the next rows of a replay; those of source ``shop``."""
        taken, self.repeating = tuple(self.repeating[:rows]), self.repeating[rows:]
        lease = self._lease("shop", None, taken, 1)
        return self._hold(replace(lease, repeat=Repeat(1, digest, (7,) * len(taken), seeking=False)))

    # What the master asks -----------------------------------------------------------------------------------------------

    def claimed(self, book: Book, *, rang: bool) -> Iterator[Lease]:
        """Yield new batches as long as the book has credit, of the sources in turn."""
        if not book.credit:
            return
        if rang or not self._swept:
            self.known |= set(self.waiting)
            self._swept = True
        offered = [source for source in self.waiting if source in self.known - self.aside and self._offers(source)]
        self._turn = deque([s for s in self._turn if s in offered] + [s for s in offered if s not in self._turn])
        while book.credit and self._turn:
            source = self._turn.popleft()
            rows, nbytes = book.pace.size(source)
            room = -(-min(self.limits.batch_bytes, book.bytes_left, nbytes) // _ROW_BYTES)
            taken = self._take(source, min(self.limits.batch_rows, rows, room))
            if taken:
                self._turn.append(source)
                yield self._hold(self._lease(source, None, taken, 1))

    def rescued(self, book: Book) -> Iterator[Lease]:
        """Yield what the dead held, as far as the book has room."""
        while self.rescuing and book.credit:
            self.rescuing = bool(self.dead)
            if self.dead:
                lease = self.dead.pop(0)
                yield self._hold(replace(lease, token=next(self._numbers), attempt=lease.attempt + 1))

    def rest(self, *, found: bool, rang: bool = False) -> float:
        """Return the seconds until the next look."""
        self.rests.append(found or rang)
        return 0.01 if found or rang else 5.0

    def busy(self) -> None:
        """Be awake."""
        self.awake += 1

    def beat(self, known: Collection[int]) -> datetime | None:
        """Give back what the caller does not know; say since when the oldest row waits."""
        self.beats += 1
        self.rescuing = True
        for lease in [held for held in self.held.values() if held.batch_id not in known]:
            self.release(lease)
        return _STAGED_AT if self.pending() else None

    def differing(self) -> tuple[Difference, ...] | None:
        """Return the slips that differ between daemons."""
        return self.difference

    def declare(self, slips: tuple[SlipInForce, ...]) -> None:
        """Say which slips this daemon works by."""
        self.declared.append(slips)

    def keep_to(self, offered: Callable[[str], bool] | None) -> None:
        """Offer the sources that `offered` says; none is set aside any more."""
        self.offered = offered
        self.aside.clear()
        self.beyond.clear()
        self._swept = False

    def exhausted(self) -> bool:
        """Tell whether nothing waits, but for sources set aside, and the dead hold nothing."""
        self.known |= set(self.waiting)
        return not self.rescuing and not any(
            self._free(source) for source in self.waiting if source not in self.aside and self._offers(source)
        )

    def set_aside(self, lease: Lease) -> None:
        """Give a batch back, and offer nothing of its source."""
        self.release(lease)
        self.aside.add(lease.source)

    def put_by(self, lease: Lease) -> None:
        """Give a batch back, and offer its source only beyond it."""
        self.release(lease)
        self.beyond[lease.source] = max(self.beyond.get(lease.source, 0), lease.row_ids[-1])

    def release(self, lease: Lease) -> None:
        """Give a batch back, if it is still ours."""
        if self.held.get(lease.batch_id) == lease:
            del self.held[lease.batch_id]
            if lease.repeat is not None:
                self.repeating = sorted([*self.repeating, *lease.row_ids])
                return
            self.waiting[lease.source] = sorted([*self.waiting.get(lease.source, []), *lease.row_ids])

    def split(self, lease: Lease, groups: tuple[Group, ...], attempt: int) -> tuple[Lease, ...]:
        """Turn a batch into one a group.

        Raises:
            LeaseLost: it is not ours any more.
            ValueError: the groups are not its rows.
        """
        if sorted(row_id for group in groups for row_id in group.row_ids) != list(lease.row_ids):
            raise ValueError("the groups are not the rows of the batch")
        if self.held.get(lease.batch_id) != lease:
            raise LeaseLost("it is somebody else's")
        del self.held[lease.batch_id]
        made = (replace(self._lease(lease.source, g.slip, g.row_ids, attempt), repeat=lease.repeat) for g in groups)
        return tuple(self._hold(child) for child in made)

    def leave(self) -> None:
        """Go off the register."""
        self.left = True

    def close(self) -> None:
        """Let the lock go."""
        self.closed.set()

    def _offers(self, source: str) -> bool:
        return self.offered is None or not self.waiting[source] or self.offered(source)

    def _take(self, source: str, rows: int) -> tuple[int, ...]:
        taken = self._free(source)[:rows]
        self.waiting[source] = [row_id for row_id in self.waiting[source] if row_id not in taken]
        return tuple(taken)

    def _free(self, source: str) -> list[int]:
        return [row_id for row_id in self.waiting[source] if row_id > self.beyond.get(source, 0)]

    def _lease(self, source: str, slip: str | None, row_ids: tuple[int, ...], attempt: int) -> Lease:
        token = next(self._numbers)
        return Lease(next(self._numbers), token, source, slip, row_ids, _ROW_BYTES * len(row_ids), attempt)

    def _hold(self, lease: Lease) -> Lease:
        self.held[lease.batch_id] = lease
        return lease


@dataclass
class FakeReplayQueue:
    """A replay's rows in memory: those that its intake has as `repeating`.

    Args:
        intake: holds what is claimed.
        replay: the one that is worked now; None for none.
        window: rows that the next step chooses.
        digest: of the version that rows are pinned to.
        versions: that are stored.
        locked: whether a load holds the replay's row.
        barred: whether what waits is of source ``shop``, and that is paused.
        unworkable: why the database cannot carry the order out; None where it can.
        problems: what was written, in order.
        steps: how often it went on.
    """

    intake: FakeIntake
    replay: Replay | None = None
    window: list[int] = field(default_factory=list)
    digest: str | None = None
    versions: dict[str, Stored] = field(default_factory=dict)
    locked: bool = False
    barred: bool = False
    unworkable: str | None = None
    problems: list[str] = field(default_factory=list)
    steps: int = 0

    def order(self, *row_ids: int, rate: float | None = None) -> None:
        """Let a replay of these rows be open."""
        self.replay = Replay(1, Phase.REPEATING, cancelled=False, rate=rate, problem=None, wait_s=0.0)
        self.window = list(row_ids)

    def current(self) -> Replay | None:
        """Return the replay that is worked now."""
        return self.replay

    def claim(self, replay: Replay, rows: int, nbytes: int) -> tuple[Lease, ...]:
        """Claim the next rows."""
        assert replay == self.replay
        assert nbytes > 0
        if replay.cancelled:
            return ()
        return (self.intake.repeat(rows, self.digest),) if self.intake.repeating and not self.barred else ()

    def take(self, replay: Replay, rows: int, nbytes: int) -> tuple[Lease, ...]:
        """Leave it to `advance` to choose."""
        assert replay == self.replay
        assert rows > 0 < nbytes
        return ()

    def advance(self, replay: Replay) -> Step:
        """Choose what there is to choose, or finish."""
        assert replay == self.replay
        self.steps += 1
        if replay.cancelled:
            self.intake.repeating, self.window = [], []
        elif self.unworkable is not None:
            raise Unworkable(self.unworkable)
        if self.intake.repeating:
            return Step.BARRED if self.barred else Step.WAITING
        if self.window:
            self.intake.repeating, self.window = self.window, []
            return Step.CHOSEN
        if any(lease.repeat is not None for lease in self.intake.held.values()):
            return Step.WAITING
        self.replay = None
        return Step.FINISHED

    def blame(self, replay_id: int, problem: str) -> bool:
        """Keep a problem, unless a load holds the row."""
        assert replay_id == 1
        if not self.locked:
            self.problems.append(problem)
            if self.replay is not None:
                self.replay = replace(self.replay, problem=problem)
        return not self.locked

    def barring(self, replay: Replay) -> str | None:
        """Say why what waits is barred."""
        assert replay == self.replay
        return "It waits: source shop is paused." if self.barred else None

    def stored(self, digest: str) -> Stored | None:
        """Find a version."""
        return self.versions.get(digest)


class FakeRef(pykka.ActorRef[pykka.Actor]):
    """An actor's reference that keeps what it is told; a dead one refuses, as pykka's do."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.actor_urn = f"{name}-{id(self)}"
        self.told: list[object] = []
        self.dead = False

    def tell(self, message: object) -> None:
        """Keep a message."""
        if self.dead:
            raise pykka.ActorDeadError(f"{self.name} not found")
        self.told.append(message)

    def heard(self) -> list[object]:
        """Return what it was told since the last call."""
        told, self.told = self.told, []
        return told


@dataclass
class RecordingAlarm:
    """Keeps what was set, and tells nobody; as the real one, of each kind of message to an actor only the last."""

    set_for: dict[tuple[str, type], float] = field(default_factory=dict)

    def set(self, delay_s: float, ref: pykka.ActorRef[pykka.Actor], message: object) -> None:
        """Keep when a message is due, in seconds from now."""
        self.set_for[ref.actor_urn, type(message)] = delay_s

    def due(self, ref: pykka.ActorRef[pykka.Actor], kind: type) -> float | None:
        """Take off and return the delay of a kind of message to an actor; None where there is none."""
        return self.set_for.pop((ref.actor_urn, kind), None)
