"""What is in flight, where it is, and what it holds: the truth when an actor dies with messages in its inbox."""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count
from math import inf

from etl_actors.actors.entry import Entry
from etl_actors.actors.pace import Pace
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject
from etl_actors.slips.shelf.catalogue import Catalogue
from etl_actors.store.leases import Lease
from etl_actors.workers.base import RoleSlip

__all__ = ["Book"]

_REPEAT_LOADS = 4  # loads that live ones rather wait behind than behind one of a replay, which may wait for another daemon's
_QUEUED = 2  # batches that one actor has been told of: one under way, one that waits
_YIELDS_S = 1.0  # for so long a replay's batch lets live ones pass


@dataclass(slots=True)
class Book:
    """The batches that this daemon holds.

    Args:
        batches: the credit: so many at most before the next claim (a split may pass it for a while).
        nbytes: what they may weigh, likewise.
        pace: what says how large batches are, and how many of these there may be by now.
    """

    batches: int
    nbytes: int
    pace: Pace = field(default_factory=Pace)
    entries: dict[int, Entry] = field(default_factory=dict)
    _turns: Iterator[int] = field(default_factory=count, init=False, repr=False)

    @property
    def bytes_left(self) -> int:
        """Bytes of credit left; below 1 nothing more may be claimed."""
        return self.nbytes - sum(entry.weight for entry in self.entries.values())

    @property
    def batches_now(self) -> int:
        """How many batches may be in flight, as loads go."""
        return self.pace.batches(self.batches)

    @property
    def searched(self) -> set[str | None]:
        """The sources of batches that are searched for the rows to blame; None: a replay's."""
        return {entry.lease.live_source for entry in self.entries.values() if entry.piece}

    @property
    def credit(self) -> bool:
        """Whether another batch may be claimed. All pieces of one source count as one, or the others would wait until the last has landed."""
        whole = sum(1 for entry in self.entries.values() if not entry.piece)
        return whole + len(self.searched) < self.batches_now and self.bytes_left > 0

    @property
    def room_to_repeat(self) -> bool:
        """Whether another batch of a replay may be claimed: they have half of the credit at most, one batch at least.

        Alone, they have a batch for each parser and loader, and one to come: but never all. None while one of them is searched.
        """
        if None in self.searched:
            return False
        repeated = [entry.weight for entry in self.entries.values() if entry.lease.repeat is not None]
        most = self.batches_now // 2
        if len(repeated) == len(self.entries):
            most = max(most, min(self.pace.workers + self.pace.loaders + 1, self.batches_now - 1))
        return self.credit and len(repeated) < max(1, most) and 2 * sum(repeated) < self.nbytes

    def add(
        self,
        lease: Lease,
        catalogue: Catalogue,
        condemned: tuple[Reject, ...] = (),
        pinned: RoleSlip | None = None,
        *,
        piece: bool = False,
    ) -> None:
        """Enter a batch that was claimed, rescued or split off, and is to be parsed under these slips.

        Args:
            lease: of the batch.
            catalogue: the slips.
            condemned: rows that killed or hung a parser; those of the batch count.
            pinned: the version of a replay's batch, instead of the slips.
            piece: whether it is one of a batch that is searched for the rows to blame.
        """
        ours = tuple(reject for reject in condemned if reject.row_id in lease.row_ids)
        entry = Entry(lease, time.monotonic(), catalogue, self.pace.weight(lease), condemned=ours, pinned=pinned, piece=piece)
        self.entries[lease.batch_id] = entry

    def find(self, lease: Lease) -> Entry | None:
        """Return the entry of this very lease; None for an answer that comes too late."""
        entry = self.entries.get(lease.batch_id)
        return entry if entry is not None and entry.lease.token == lease.token else None

    def keep(self, lease: Lease, parsed: Parsed) -> None:
        """Keep the result of a batch until it has landed: from now on its bytes count, where they are more than the documents'."""
        entry = self.entries[lease.batch_id]
        entry.parsed, entry.weight = parsed, max(lease.nbytes, parsed.nbytes)
        self.pace.parsed(lease, parsed)

    def parse_again(self, lease: Lease) -> None:
        """Let a batch be parsed once more: its result is of no use."""
        entry = self.entries[lease.batch_id]
        entry.parsed = entry.parser = entry.loader = None

    def condemn(self, lease: Lease, rejected: Parsed) -> None:
        """Have a batch of one row rejected: what is to be loaded is its reject, whatever was parsed of it before."""
        entry = self.entries[lease.batch_id]
        entry.parsed, entry.loader, entry.rejected = rejected, None, True

    def remove(self, lease: Lease) -> None:
        """Strike a batch out: it has landed, was split, or is somebody else's."""
        del self.entries[lease.batch_id]

    def to_parse(self, places: Collection[int]) -> Iterator[tuple[int, Entry]]:
        """Assign waiting batches to the parsers with the least to do; yield place and entry as each is assigned.

        A parser is told of one batch of a replay at a time, and of a young one only when it has nothing else to do: so a live
        batch waits behind one of them at most; and of two pieces. While results wait that weigh as much as all batches may, nothing more is parsed: how
        large a result is nobody knows before.
        """
        if sum(e.weight for e in self.entries.values() if e.parsed is not None) >= self.nbytes:
            return
        told = [e for e in self.entries.values() if e.parsed is None and e.parser is not None]
        under_way = Counter(e.parser for e in told)
        repeating = {e.parser for e in told if e.lease.repeat is not None}
        pieces = Counter(e.parser for e in told if e.piece)
        for entry, limit in _in_order([e for e in self.entries.values() if e.parsed is None and e.parser is None], _QUEUED):
            repeated = entry.lease.repeat is not None
            free = [p for p in places if not (repeated and p in repeating) and not (entry.piece and pieces[p] >= _QUEUED)]
            place = _freest(free, under_way, limit)
            if place is not None:
                repeating |= {place} if repeated else set()
                pieces[place] += entry.piece
                entry.parser, entry.turn = place, next(self._turns)
                yield place, entry

    def to_load(self, places: Collection[int]) -> Iterator[tuple[int, Entry, Parsed]]:
        """Assign parsed batches to the loaders with the least to do; yield place, entry and result as each is assigned.

        Of replays one batch lands at a time: a second loader would only wait for the first, and live batches behind it. A loader is
        told of two pieces at a time: others wait behind no more of them.
        """
        told = [e for e in self.entries.values() if e.loader is not None]
        under_way = Counter(e.loader for e in told)
        under_way.update(dict.fromkeys({e.loader for e in told if e.lease.repeat is not None}, _REPEAT_LOADS - 1))
        repeating = any(e.lease.repeat is not None for e in told)
        pieces = Counter(e.loader for e in told if e.piece)
        parsed = [e for e in self.entries.values() if e.parsed is not None and e.loader is None]
        for entry, limit in _in_order(parsed, len(self.entries)):
            repeated = entry.lease.repeat is not None
            free = [p for p in places if pieces[p] < _QUEUED] if entry.piece else places
            place = None if repeated and repeating else _freest(free, under_way, limit)
            if place is not None and entry.parsed is not None:
                repeating = repeating or repeated
                pieces[place] += entry.piece
                under_way[place] += _REPEAT_LOADS - 1 if repeated else 0
                entry.loader, entry.turn = place, next(self._turns)
                yield place, entry, entry.parsed

    def forget_parser(self, place: int) -> None:
        """Take back what a parser that is gone had been told, so that it is assigned again."""
        told = [e for e in self.entries.values() if e.parser == place and e.parsed is None]
        _blame_first(told)
        for entry in told:
            entry.parser = None

    def forget_loader(self, place: int) -> None:
        """Take back what a loader that is gone had been told."""
        told = [e for e in self.entries.values() if e.loader == place]
        _blame_first(told)
        for entry in told:
            entry.loader = None
            entry.told_before = True

    def unassigned(self) -> list[Lease]:
        """Return the batches that nobody was told of; of a condemned one, a loader was."""
        return [e.lease for e in self.entries.values() if e.parser is None and e.parsed is None]


def _blame_first(told: list[Entry]) -> None:
    """Count an actor's death against what it was working on, not against what waited behind it."""
    if told:
        min(told, key=lambda entry: entry.turn).deaths += 1


def _in_order(waiting: list[Entry], limit: int) -> list[tuple[Entry, int]]:
    """Put live batches before those of replays, but for these that have let others pass for long enough.

    Pieces come first, and of them the smallest: so what is to blame is found early, and there are few of them at any time.

    Returns:
        Each with how much its actor may have to do, with it.
    """
    waiting = sorted(waiting, key=lambda e: len(e.lease.row_ids) if e.piece else inf)
    late = time.monotonic() - _YIELDS_S
    last = [e for e in waiting if e.lease.repeat is not None and e.claimed_at > late]
    return [(e, limit) for e in waiting if e.lease.repeat is None or e.claimed_at <= late] + [(e, 1) for e in last]


def _freest(places: Collection[int], under_way: Counter[int | None], limit: int) -> int | None:
    """Return the place with the least to do, its work counted up; None where every place has its fill, or there is none."""
    place = min(places, key=under_way.__getitem__, default=None)
    if place is None or under_way[place] >= limit:
        return None
    under_way[place] += 1
    return place
