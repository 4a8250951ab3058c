"""From which batch on any may be claimed, whatever dead index entries a long transaction keeps around."""

import time
from collections.abc import Callable

from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Claimed"]

_SQL = queries("batches")
_SHARE = 20  # a sweep that took t seconds is followed by none for 20 t: at most 5 % of the time
_PUT_OFF_S = 60.0  # however long they take


class Claimed:
    """Knows a batch up to which none is claimed.

    A batch that is done leaves an entry in the index of those that are claimed, which vacuum cannot remove while some long
    transaction runs: who looks among the claimed ones steps over all of them. So a look begins beyond those that a sweep has
    found to be gone. A claim that commits late may have a lower id; the next sweep, which begins at the beginning, finds it.

    Args:
        conn: in autocommit mode.
        clock: monotonic seconds.
    """

    def __init__(self, conn: Connection, clock: Callable[[], float] = time.monotonic) -> None:
        self._conn = conn
        self._clock = clock
        self._floor = 0
        self._next_sweep = float("-inf")

    def floor(self) -> int:
        """Return the id of a batch up to which none is claimed, but for claims that commit late."""
        if self._clock() >= self._next_sweep:
            self.sweep()
        return self._floor

    def sweep(self) -> bool:
        """Look from the beginning; return whether a claim was found that had committed late."""
        began, before = self._clock(), self._floor
        row = self._conn.execute(_SQL["before_claimed"]).fetchone()
        self._floor = 0 if row is None else row[0]
        now = self._clock()
        self._next_sweep = now + min(_SHARE * (now - began), _PUT_OFF_S)
        return self._floor < before
