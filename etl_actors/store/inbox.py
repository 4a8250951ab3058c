"""Claiming: the next rows of one source become a batch, whatever dead tuples a long transaction keeps around."""

import time
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime

from etl_actors.store.database import Connection
from etl_actors.store.gathering import Gathering
from etl_actors.store.leases import Lease, leases
from etl_actors.store.queries import queries
from etl_actors.store.sharing import share

__all__ = ["Inbox", "waiting_sources"]

_SQL = queries("inbox")
_SWEEP_SHARE = 20  # a sweep that took t seconds is followed by none for 20 t: at most 5 % of the time
_SWEEP_PUT_OFF_S = 60.0  # however long sweeps take: new sources are not left waiting for ever
_LOOK_SHARE = 4  # nor is there another look within 4 t of one that took t, as long as a source has its turn
_KNOWN_SOURCES = 10_000


def waiting_sources(conn: Connection) -> list[str]:
    """Return the sources with waiting rows, by name, but for those that are paused."""
    return [source for (source,) in conn.execute(_SQL["sources"])]


class Inbox:
    """Claims batches for one owner, one source after the other.

    What waits are runs (`etl.inbox`: consecutive ids of a source); a claim takes them in their order, and cuts the last one where
    only a part of it fits. The rest of it waits on as a run, beyond our own floor; another daemon's next sweep finds it.

    A claimed run leaves a dead tuple, and while some long transaction runs, vacuum cannot remove it: a claim that begins at
    the source's first index entry steps over all of them (3 ms become 37 ms per million). So the highest row claimed of each
    source is kept as its floor, and claims begin beyond it. Rows that committed late, below the floor, and sources never seen
    before are found by a sweep from the beginning, whose share of the time is bounded.

    To look is cheap, one index probe a known source, and is meant to be done before each turn.

    Args:
        conn: in autocommit mode; its plans go by keys from now on.
        owner: the node that claims.
        clock: monotonic seconds.
        only: the sources to be claimed; empty for all.
    """

    def __init__(
        self, conn: Connection, owner: int, clock: Callable[[], float] = time.monotonic, only: Collection[str] = ()
    ) -> None:
        self._conn = conn
        self._owner = owner
        self._only = frozenset(only)  # the sources to be offered; empty for all
        self._offered: Callable[[str], bool] | None = None  # None for any
        self._clock = clock
        self._floors: dict[str, int] = {}
        self._turn: deque[str] = deque()  # sources with waiting rows, the next one first
        self._swept: set[str] = set()  # sources whose next claim starts from the beginning
        self._aside: dict[str, float] = {}  # sources not to be offered, and until when
        self._put_by: dict[str, tuple[int, float]] = {}  # the last row that waits, and until when
        self._filled: set[str] = set()  # sources whose last batch was as large as might be
        self._gathering = Gathering(clock)
        self._next_sweep = 0.0
        self._next_look = 0.0
        conn.execute(_SQL["probe"])

    def look(self, *, thorough: bool = False) -> bool:
        """Find the sources that have waiting rows, but for those that are paused or set aside; return whether there are any.

        Args:
            thorough: sweep where nothing is found without, whatever share of the time sweeps have had.
        """
        began = self._clock()
        if began >= self._next_sweep:
            return self.sweep()
        return self._look_beyond(began) or (thorough and self.sweep())

    def _look_beyond(self, began: float) -> bool:
        if self._turn and began < self._next_look:
            return True  # a claim meets a pause by itself
        # What a sweep found lies below the floor, perhaps: a probe beyond it would lose the source again.
        floors = {source: None if source in self._swept else floor for source, floor in self._floors.items()}
        for source in self._still_aside() | self._gathering.sources():
            floors.pop(source, None)
        floors |= {
            source: max(floors[source] or 0, row_id) for source, row_id in self._still_put_by().items() if source in floors
        }
        known = {"sources": list(floors), "floors": list(floors.values())}
        self._queue(self._of_those_offered([source for (source,) in self._conn.execute(_SQL["sources_beyond"], known)]))
        now = self._clock()
        self._next_look = now + _LOOK_SHARE * (now - began)
        return bool(self._turn)

    @property
    def gathers(self) -> bool:
        """Whether a source is left alone for a moment, until more of its rows have come."""
        return bool(self._gathering.sources())

    def sweep(self) -> bool:
        """Find the sources from the inbox's beginning, floors aside; return whether there are any to be offered, now or in a moment."""
        began = self._clock()
        aside, put_by = self._still_aside(), self._still_put_by()
        waiting = [source for source in waiting_sources(self._conn) if source not in aside]
        if put_by:
            known = {"sources": list(put_by), "floors": list(put_by.values())}
            beyond = {source for (source,) in self._conn.execute(_SQL["sources_beyond"], known)}
            waiting = [source for source in waiting if source not in put_by or source in beyond]
        found = self._of_those_offered([source for source in waiting if not self._only or source in self._only])
        self._floors |= {source: 0 for source in found if source not in self._floors}
        while len(self._floors) > _KNOWN_SOURCES:
            oldest = next(iter(self._floors))  # a sweep finds it again
            del self._floors[oldest]
            self._filled.discard(oldest)
        gathering = self._gathering.sources()
        ripe = [source for source in found if source not in gathering]
        self._swept = set(ripe)
        self._queue(ripe)
        self._charge(began)
        return bool(found)

    def set_aside(self, source: str, for_s: float) -> None:
        """Offer nothing of a source for a while: its batches cannot land.

        Args:
            source: whose rows wait on.
            for_s: seconds from now.
        """
        self._aside[source] = max(self._aside.get(source, 0.0), self._clock() + for_s)
        self._swept.discard(source)
        self._queue([other for other in self._turn if other != source])
        self._floors[source] = 0  # what is given back lies below its floor

    def put_by(self, source: str, row_id: int, for_s: float) -> None:
        """Claim a source only beyond a row for a while: what waits up to it is not to be claimed here, what comes later is.

        Args:
            source: whose rows wait on.
            row_id: the last of them.
            for_s: seconds until they are tried again, counted from the first time, so that later ones do not put it off.
        """
        last, until = self._put_by.get(source, (0, self._clock() + for_s))
        self._put_by[source] = (max(last, row_id), until)

    def keep_to(self, offered: Callable[[str], bool] | None) -> None:
        """Offer the sources that `offered` says, from now on; those that were set aside are tried again.

        Args:
            offered: tells of a source with waiting rows whether it is to be claimed; None for any.
        """
        self._offered = offered
        self._aside.clear()
        for source in self._put_by:
            self._floors[source] = 0
        self._put_by.clear()
        self._queue(self._of_those_offered(list(self._turn)))
        self._next_sweep = 0.0

    def claim(
        self,
        rows: int,
        nbytes: int,
        size: Callable[[str], tuple[int, int]] | None = None,
        parsers: int = 1,
        besides: Collection[str | None] = (),
    ) -> tuple[Lease, ...]:
        """Claim the next rows of the source whose turn it is.

        Args:
            rows: at most so many.
            nbytes: rows are taken while those before them are smaller than this; the first is always taken. A row of a run counts
                as the mean of its rows: a claim may hold more by what is in one run, less than 512 kB.
            size: gives rows and bytes of a batch of a source, where that is less; None for the same of all.
            parsers: that there are: where a long row of batches comes to its end, what is left is shared out among them.
            besides: sources that keep their turn, and have none now.

        Returns:
            One lease for each slip that the rows name (one, where they name none); empty when no source waits.
        """
        for _ in range(len(self._turn)):
            source = self._turn.popleft()
            if source in besides:
                self._turn.append(source)
                continue
            swept = source in self._swept
            self._swept.discard(source)
            floor = max(0 if swept else self._floors.get(source, 0), self._still_put_by().get(source, 0))
            began = self._clock()
            most_rows, most_bytes = (rows, nbytes) if size is None else map(min, (rows, nbytes), size(source))
            if source in self._filled:
                most_rows = share(self._conn, source, floor, most_rows, parsers)
            wanted = {"source": source, "floor": floor, "rows": most_rows, "bytes": most_bytes, "owner": self._owner}
            made = leases(self._conn.execute(_SQL["claim"], wanted))
            if swept:
                self._charge(began)
            if made:
                self._floors[source] = max(self._floors.get(source, 0), *(lease.row_ids[-1] for lease in made))
                claimed = sum(len(lease.row_ids) for lease in made)
                full = claimed >= most_rows or sum(lease.nbytes for lease in made) >= most_bytes
                (self._filled.add if full else self._filled.discard)(source)
                if not self._gathering.note(source, claimed, full=full):
                    self._turn.append(source)  # round-robin: one batch, then the others' turn
                return made
        return ()

    def waiting_since(self) -> datetime | None:
        """Return when the row that waits longest was staged, beyond the floors of the known sources; None when nothing waits.

        What waits below its floor counts once a sweep has found it.
        """
        floors = [0 if source in self._swept else floor for source, floor in self._floors.items()]
        row = self._conn.execute(_SQL["oldest_pending"], {"sources": list(self._floors), "floors": floors}).fetchone()
        return None if row is None else row[0]

    def _of_those_offered(self, waiting: list[str]) -> list[str]:
        return waiting if self._offered is None else [source for source in waiting if self._offered(source)]

    def _queue(self, found: list[str]) -> None:
        waiting = set(found)
        self._turn = deque(source for source in self._turn if source in waiting)
        queued = set(self._turn)
        self._turn.extend(source for source in found if source not in queued)

    def _still_aside(self) -> set[str]:
        now = self._clock()
        self._aside = {source: until for source, until in self._aside.items() if now < until}
        return set(self._aside)

    def _still_put_by(self) -> dict[str, int]:
        """Return the row beyond which each source is claimed; those whose time has passed are claimed from the start again."""
        if not self._put_by:
            return {}
        now = self._clock()
        for source in [source for source, (_, until) in self._put_by.items() if now >= until]:
            del self._put_by[source]
            self._floors[source] = 0
        return {source: row_id for source, (row_id, _) in self._put_by.items()}

    def _charge(self, began: float) -> None:
        now = self._clock()
        due = max(self._next_sweep, now) + _SWEEP_SHARE * (now - began)
        self._next_sweep = min(due, now + _SWEEP_PUT_OFF_S)
