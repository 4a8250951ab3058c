"""What is in flight, where it is, and what it holds: the truth when an actor dies with messages in its inbox."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from etl_actors.relational.parsed import Parsed
from etl_actors.store.leases import Lease

__all__ = ["Book", "Entry"]

_QUEUED = 2  # batches that one actor has been told of: one under way, one that waits


@dataclass(slots=True)
class Entry:
    """One batch in flight; the times are monotonic seconds.

    Args:
        parser: the place of the parser that was told of it; None while it waits for one.
        parsed: its result; None until it is parsed.
        loader: the place of the loader that was told of it; None while it waits for one.
    """

    lease: Lease
    claimed_at: float
    parser: int | None = None
    parsed: Parsed | None = None
    loader: int | None = None
    parse_s: float = 0.0
    told_before: bool = False  # a loader that is gone may have landed it


@dataclass(slots=True)
class Book:
    """The batches that this daemon holds.

    Args:
        batches: the credit: so many at most before the next claim (a split may pass it for a while).
        nbytes: payload bytes, likewise.
    """

    batches: int
    nbytes: int
    entries: dict[int, Entry] = field(default_factory=dict)

    @property
    def bytes_left(self) -> int:
        """Bytes of credit left; below 1 nothing more may be claimed."""
        return self.nbytes - sum(entry.lease.nbytes for entry in self.entries.values())

    @property
    def credit(self) -> bool:
        """Whether another batch may be claimed."""
        return len(self.entries) < self.batches and self.bytes_left > 0

    def add(self, lease: Lease) -> None:
        """Enter a batch that was claimed, rescued or split off."""
        self.entries[lease.batch_id] = Entry(lease, time.monotonic())

    def find(self, lease: Lease) -> Entry | None:
        """Return the entry of this very lease; None for an answer that comes too late."""
        entry = self.entries.get(lease.batch_id)
        return entry if entry is not None and entry.lease.token == lease.token else None

    def condemn(self, lease: Lease, rejected: Parsed) -> None:
        """Have a batch of one row rejected: what is to be loaded is its reject, whatever was parsed of it before."""
        entry = self.entries[lease.batch_id]
        entry.parsed, entry.loader = rejected, None

    def remove(self, lease: Lease) -> None:
        """Strike a batch out: it has landed, was split, or is somebody else's."""
        del self.entries[lease.batch_id]

    def to_parse(self, places: int) -> Iterator[Entry]:
        """Assign waiting batches to the parsers with the least to do; yield each as it is assigned."""
        waiting = [e for e in self.entries.values() if e.parsed is None and e.parser is None]
        load = [sum(e.parser == place and e.parsed is None for e in self.entries.values()) for place in range(places)]
        for entry in waiting:
            place = min(range(places), key=load.__getitem__, default=None)
            if place is None or load[place] >= _QUEUED:
                return
            entry.parser = place
            load[place] += 1
            yield entry

    def to_load(self, places: int) -> Iterator[Entry]:
        """Assign parsed batches to the loaders with the least to do; yield each as it is assigned."""
        waiting = [e for e in self.entries.values() if e.parsed is not None and e.loader is None]
        load = [sum(e.loader == place for e in self.entries.values()) for place in range(places)]
        for entry in waiting:
            place = min(range(places), key=load.__getitem__, default=None)
            if place is None:
                return
            entry.loader = place
            load[place] += 1
            yield entry

    def forget_parser(self, place: int) -> None:
        """Take back what a parser that is gone had been told, so that it is assigned again."""
        for entry in self.entries.values():
            if entry.parser == place and entry.parsed is None:
                entry.parser = None

    def forget_loader(self, place: int) -> None:
        """Take back what a loader that is gone had been told."""
        for entry in self.entries.values():
            if entry.loader == place:
                entry.loader = None
                entry.told_before = True

    def unassigned(self) -> list[Lease]:
        """Return the batches that no parser was told of."""
        return [e.lease for e in self.entries.values() if e.parser is None]
