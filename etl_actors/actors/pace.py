"""How large the next batch is, and how many may be in flight: by how long loads have taken, and by what rows were made of documents."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import log2

from etl_actors.relational.parsed import Parsed
from etl_actors.store.leases import Lease

__all__ = ["AHEAD_S", "FIRST_ROWS", "LEAST_ROWS", "TARGET_S", "Pace"]

TARGET_S = 0.2
"""Seconds that a load is to take: long against what every transaction costs, short for whoever waits behind it."""

AHEAD_S = 0.9
"""Seconds of load work that are claimed and not landed, for each loader: what others could do as well, and what a drain waits for."""

LEAST_ROWS = 250
"""Of a batch, whatever loads take; the setting may be less. Up to twice as many where the setting is no power of two times it."""

FIRST_ROWS = 2_000
"""Of the first batches of a source, at most: nobody knows yet how long they take."""

_SHORT, _LONG = TARGET_S / 2, TARGET_S * 1.5  # to double what is short makes it no longer than the target: nothing swings
_AIM = TARGET_S * 0.75
_LEAP = 2  # doublings at once
_HELPS = 1.5  # half of the rows must be loaded in so much less time, or it was not the rows that took it
_SAME = 1.25  # no longer than that: what a load takes does not come from its rows
_FULL = 0.9  # of its bytes, and they are what bounds a batch
_LAST = 3  # loads of one size; their median is how long it takes, whatever one of them met
_STALE = 128  # loads of a source, after which what another size took is not known any more
_HOLD = 32  # full loads after a smaller size, until a larger one is tried again
_LOADS = 5  # of any source, whose median is how long loads take now
_FADES = 0.1  # of what a document grows by, a load
_SOURCES = 10_000  # that are remembered
_SPARE_BATCHES = 10**6


@dataclass(slots=True)
class _Source:
    """What is known of one source, or of all replays.

    Args:
        step: its size is the least one, doubled so often; the largest one is what is set.
        took: by step, how long the last loads of that size took, in seconds.
        seen: by step, the number of the last of them.
        loads: of any size.
        hold: full loads until a larger size is tried.
        grows: bytes of rows that were made of a byte of documents.
    """

    step: int
    took: dict[int, deque[float]] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    loads: int = 0
    hold: int = 0
    grows: float = 0.0

    def note(self, step: int, took_s: float) -> None:
        self.loads += 1
        self.took.setdefault(step, deque(maxlen=_LAST)).append(took_s)
        self.seen[step] = self.loads

    def typical(self, step: int) -> float | None:
        """How long a load of a size takes; of two the shorter: the first may have made tables."""
        if step not in self.took or self.loads - self.seen[step] > _STALE:
            return None
        times = sorted(self.took[step])
        return times[(len(times) - 1) // 2]

    def move(self, step: int) -> None:
        self.step = step
        self.took.pop(step, None)  # it is measured as things are now


@dataclass(slots=True)
class Pace:
    """The controller of one master; it forgets with it.

    Args:
        batch_rows: rows of a batch, at most.
        batch_bytes: of a batch, at most: of its documents, and of the rows that are made of them as far as that is known.
        workers: parsers that there are.
        loaders: that there are.
        careful: tells of a source whether its first batch is to be small, since tables are made for what is in it.
    """

    batch_rows: int = FIRST_ROWS
    batch_bytes: int = 2**62
    workers: int = 1
    loaders: int = 1
    careful: Callable[[str], bool] = lambda _source: False
    _sources: dict[str | None, _Source] = field(default_factory=dict, init=False)
    _loads: deque[float] = field(default_factory=lambda: deque(maxlen=_LOADS), init=False)

    def size(self, source: str | None) -> tuple[int, int]:
        """Return how many rows, and how many bytes of documents, the next batch of a source may have; None: of a replay."""
        known = self._sources.get(source)
        if known is None:
            return self._rows(self._first(source)), self.batch_bytes
        return self._rows(known.step), max(1, int(self.batch_bytes / max(1.0, known.grows)))

    def weight(self, lease: Lease) -> int:
        """Return the bytes that a batch has, or will have once it is parsed, as far as that is known."""
        known = self._sources.get(lease.live_source)
        return lease.nbytes if known is None else int(lease.nbytes * max(1.0, known.grows))

    def batches(self, most: int) -> int:
        """Return how many batches may be in flight: as many as hold `AHEAD_S` of work for each loader.

        But never fewer than there are workers and loaders: where batches take long to parse, each has one, and nobody is idle.

        Args:
            most: of them, whatever loads take.
        """
        if len(self._loads) < _LOADS:
            return most
        typical_s = sorted(self._loads)[_LOADS // 2]
        ahead = int(min(AHEAD_S * self.loaders / max(typical_s, 1e-6), _SPARE_BATCHES))
        return min(most, max(ahead, self.workers + self.loaders))

    def parsed(self, lease: Lease, parsed: Parsed) -> None:
        """Take note of how many bytes of rows were made of a batch: more at once, fewer little by little."""
        ratio = parsed.nbytes / max(1, lease.nbytes)
        known = self._known(lease.live_source)
        known.grows = max(ratio, known.grows + _FADES * (ratio - known.grows))

    def landed(self, lease: Lease, load_s: float, parse_s: float = 0.0, waited_s: float = 0.0) -> None:
        """Take note of how long a batch took, and settle how large the next one of its source is.

        Waits for others do not come from its rows: smaller batches would only wait as often.

        Args:
            lease: of the batch.
            load_s: seconds that its load took.
            parse_s: seconds that it took to be parsed; they count by how many parsers there are for a loader.
            waited_s: of `load_s`, those in which it waited for others.
        """
        self._loads.append(load_s)
        known = self._known(lease.live_source)
        rows, cut = len(lease.row_ids), lease.nbytes >= _FULL * self.size(lease.live_source)[1]
        step = self._step(rows)
        known.note(step, max(load_s - waited_s, parse_s * self.loaders / self.workers))
        if cut:
            known.step = min(step, known.step)  # its bytes bound it, and not its rows
        if step == known.step and 2 * rows > self._rows(step):
            known.hold = max(0, known.hold - 1)
            self._settle(known, may_grow=not cut and step < self._largest)

    def _settle(self, known: _Source, *, may_grow: bool) -> None:
        """Take the next size: a larger one where loads are short, a smaller one where they are long and that helps.

        Where each load takes long whatever is in it, fewer of them are better, not smaller ones: there batches grow as well.
        """
        took_s = known.typical(known.step) or 0.0
        if took_s < _SHORT and may_grow and not known.hold:
            leap = min(max(int(log2(_AIM / max(took_s, 1e-6))), 1), _LEAP)
            known.move(min(known.step + leap, self._largest))
        elif took_s > _LONG and len(known.took[known.step]) > 1:
            smaller_s, larger_s = known.typical(known.step - 1), known.typical(known.step + 1)
            if may_grow and larger_s is not None and larger_s < _SAME * took_s:
                known.move(known.step + 1)
            elif known.step and (smaller_s is None or took_s > _HELPS * smaller_s):
                known.hold = _HOLD
                known.move(known.step - 1)
            elif may_grow and larger_s is None and (smaller_s is None or took_s < _SAME * smaller_s):
                known.move(known.step + 1)

    def _known(self, source: str | None) -> _Source:
        found = self._sources.get(source)
        if found is None:
            while len(self._sources) >= _SOURCES:
                del self._sources[next(iter(self._sources))]
            found = self._sources[source] = _Source(self._usual)  # its tables are there by now
        return found

    @property
    def _largest(self) -> int:
        return max(0, (self.batch_rows // LEAST_ROWS).bit_length() - 1)

    def _first(self, source: str | None) -> int:
        return 0 if source is not None and self.careful(source) else self._usual

    @property
    def _usual(self) -> int:
        return max((step for step in range(self._largest + 1) if self._rows(step) <= FIRST_ROWS), default=0)

    def _rows(self, step: int) -> int:
        return -(-self.batch_rows >> (self._largest - step))

    def _step(self, rows: int) -> int:
        """Return the smallest size that so many rows fit into."""
        return next((step for step in range(self._largest) if rows <= self._rows(step)), self._largest)
