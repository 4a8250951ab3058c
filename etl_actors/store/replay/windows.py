"""Windows of a replay: where the next one begins, and how its rows are claimed as they are chosen, where one source has all of it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from json import dumps
from typing import Any

from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease, leases
from etl_actors.store.queries import queries
from etl_actors.store.replay.listed import Listed

__all__ = ["Taken", "Windows"]

_SQL = queries("replay_queue")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a window.

    Args:
        made: a lease for each slip that the rows name and each version they are pinned to.
        one: whether none had to be left to wait, for one source had them all.
    """

    made: tuple[Lease, ...]
    one: bool


@dataclass(slots=True)
class Windows:
    """Finds the windows of one owner's replays.

    Args:
        conn: in autocommit mode.
        owner: the node that claims.
        only: the sources to be claimed; empty for all.
        window_rows: row ids of a window, at most.
    """

    conn: Connection
    owner: int
    only: Collection[str]
    window_rows: int
    _listed: Listed | None = field(default=None, init=False)
    _mixed: int | None = field(default=None, init=False)  # the replay of which several sources share windows
    _spread: int = field(default=1, init=False)  # row ids of the last window for each row that was chosen of it

    def listed(self, replay_id: int) -> Listed:
        """Return what a replay means, which is read once."""
        if self._listed is None or self._listed.replay_id != replay_id:
            row = self.conn.execute(_SQL["filter"], {"replay_id": replay_id}).fetchone()
            self._listed = Listed.of(replay_id, {} if row is None else row[0])
        return self._listed

    def forget(self) -> None:
        """Read anew what the next replay means."""
        self._listed = None

    def first(self, query: str, given: Callable[[int], dict[str, Any]], cursor: int, row_hi: int) -> int | None:
        """Find where the next window begins: in the next stretch of ids, or in one four times as long as the one before.

        So a window costs what is settled between it and the one before, and not what is settled behind it.

        Args:
            query: that looks into a stretch.
            given: what it takes of a stretch that begins behind a row: of listed rows the next may be another one in each.
            cursor: the row behind which the first stretch begins.
            row_hi: the last row of the last one.
        """
        stretch = self.window_rows
        while cursor < row_hi:
            upto = min(cursor + stretch, row_hi)
            row = self.conn.execute(_SQL[query], given(cursor) | {"cursor": cursor, "upto": upto}).fetchone()
            if row is not None and row[0] is not None:
                return int(row[0])
            cursor, stretch = upto, 4 * stretch
        return None

    def first_chosen(self, replay_id: int, cursor: int, row_hi: int) -> int | None:
        """Find where the next window of a replay begins that repeats what its filter chooses."""
        listed = self.listed(replay_id)
        return self.first("next_chosen", lambda behind: {"filter": dumps(listed.next(behind))}, cursor, row_hi)

    def take(self, replay_id: int, rows: int, nbytes: int) -> Taken | None:
        """Choose a replay's next rows, and claim them if one source has them all; None where nothing can be taken.

        Args:
            replay_id: of it; the connection is in a transaction.
            rows: at most so many.
            nbytes: rows are taken while those before them are smaller than this; the first is always taken.
        """
        row = None if self._mixed == replay_id else self.conn.execute(_SQL["may_take"], {"replay_id": replay_id}).fetchone()
        if row is None:
            return None
        listed = self.listed(replay_id)
        lo = self.first_chosen(replay_id, *row)
        if lo is None or lo > row[1]:
            return None  # the rest is passed over where the replay goes on
        hi = min(lo + min(self.window_rows, rows * self._spread) - 1, row[1])
        given = {
            "replay_id": replay_id,
            "filter": dumps(listed.between(lo, hi)),
            "lo": lo,
            "hi": hi,
            "rows": rows,
            "bytes": nbytes,
        }
        self.conn.execute(_SQL["by_ranges"])
        found = self.conn.execute(_SQL["take"], given | {"owner": self.owner, "only": list(self.only)}).fetchall()
        chosen, one, *_ = found[0]
        self._spread = -(-(hi - lo + 1) // max(1, chosen))
        self._mixed = None if one else replay_id
        return Taken(leases(each[2:] for each in found if each[2] is not None), one)
