"""What waits of the replay that is worked now: its rows are chosen a window at a time, claimed in batches, and at its end it ends."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from json import dumps

import psycopg

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.store.daemons import living
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease, leases
from etl_actors.store.queries import queries
from etl_actors.store.replay.current import Phase, Replay, Step, Stored, Unworkable
from etl_actors.store.replay.seeking import Seeking
from etl_actors.store.replay.windows import Windows

__all__ = ["WINDOW_ROWS", "ReplayQueue"]

_SQL = queries("replay_queue")

WINDOW_ROWS = 10_000
"""Row ids of one window: to choose among them takes a tenth of a second, in which live rows wait and loads of the replay too."""


@dataclass(slots=True)
class ReplayQueue:
    """Claims batches of replays for one owner.

    Where claims have come to is kept, as `etl_actors.store.inbox.Inbox` does, and for its reason.

    Args:
        conn: in autocommit mode.
        owner: the node that claims.
        target_schema: where tables are whose slip names no schema.
        only: the sources to be claimed; empty for all.
        window_rows: row ids of a window.
    """

    conn: Connection
    owner: int
    target_schema: str
    only: Collection[str] = ()
    window_rows: int = WINDOW_ROWS
    _floor: tuple[str, int] = field(default=("", 0), init=False)
    _seeking: Seeking | None = field(default=None, init=False)
    _windows: Windows = field(init=False)
    _under_way: tuple[int, frozenset[int]] | None = field(default=None, init=False)  # of a replay: loads older than its end

    def __post_init__(self) -> None:
        self._windows = Windows(self.conn, self.owner, self.only, self.window_rows)

    def current(self) -> Replay | None:
        """Return the replay that is worked now; None where there is none."""
        row = self.conn.execute(_SQL["current"]).fetchone()
        return None if row is None else Replay(row[0], Phase(row[1]), *row[2:])

    def claim(self, replay: Replay, rows: int, nbytes: int) -> tuple[Lease, ...]:
        """Claim the next rows of one source.

        Args:
            replay: the current one.
            rows: at most so many, and at most what the rate allows in a second.
            nbytes: rows are taken while those before them are smaller than this; the first is always taken.

        Returns:
            One lease for each slip that the rows name and each version they are pinned to; empty where none can be claimed now.

        Raises:
            Unworkable: the database cannot do what the replay asks.
        """
        limit = rows if replay.rate is None else max(1, min(rows, int(replay.rate)))
        wanted = {"replay_id": replay.replay_id, "rows": limit, "bytes": nbytes, "owner": self.owner, "only": list(self.only)}
        while True:
            source, row_id = self._floor
            with self._workable():
                made = leases(self.conn.execute(_SQL["claim"], wanted | {"source": source, "row_id": row_id}))
            if made:
                self._floor = made[0].source, max(lease.row_ids[-1] for lease in made)
                return made
            if not source:
                return ()
            self._floor = ("", 0)  # what was given back lies below

    def take(self, replay: Replay, rows: int, nbytes: int) -> tuple[Lease, ...]:
        """Claim the next rows as they are chosen, where none waits that was chosen before; empty where that cannot be.

        Args:
            replay: the current one, of which `claim` has found none.
            rows: as of `claim`.
            nbytes: as of `claim`.

        Raises:
            Unworkable: the database cannot do what the replay asks.
        """
        if replay.rate is not None or replay.cancelled or replay.phase is not Phase.REPEATING:
            return ()
        with self._workable(), self.conn.transaction():
            taken = self._windows.take(replay.replay_id, rows, nbytes)
        if taken is None:
            return ()
        if not taken.one:
            self._floor = ("", 0)
        return taken.made

    def advance(self, replay: Replay) -> Step:
        """Go on where nothing can be claimed: choose the next window, or turn to what was vacated, or finish.

        Raises:
            Unworkable: the database cannot do what the replay asks.
        """
        given = {"replay_id": replay.replay_id}
        with self._workable(), self.conn.transaction():
            locked = self.conn.execute(_SQL["lock"], given).fetchone()
            if locked is None:
                return Step.WAITING
            phase, cancelled, abandoned, cursor, row_hi = locked
            waits, ours, claimed, vacated, live = self._standing(replay.replay_id)
            repeating = phase == Phase.REPEATING
            over = abandoned or (cancelled and repeating)
            if waits and not over:
                return Step.WAITING if ours else Step.BARRED
            if cursor < row_hi and not over:
                self._choose(replay.replay_id, repeating, cursor, row_hi)
                return Step.CHOSEN
            if claimed:
                return Step.WAITING
            self.conn.execute(_SQL["forget_rows"], given)  # a claim that was given back after the replay was cancelled
            if repeating and vacated:
                return self._turn(replay.replay_id, frozenset(live))
            if not abandoned:  # else what it has vacated stays on record: nobody has looked who wins it
                self.conn.execute(_SQL["forget_vacancies"], given)
            self.conn.execute(_SQL["finish"], given)
            self._forget()
            return Step.FINISHED

    def blame(self, replay_id: int, problem: str) -> bool:
        """Say why a replay does not go on; return whether it could be written now.

        One that is cancelled, and seeks, is abandoned: it ends without.
        """
        return self.conn.execute(_SQL["blame"], {"replay_id": replay_id, "problem": problem}).rowcount == 1

    def barring(self, replay: Replay) -> str | None:
        """Say why none of the rows that wait can be claimed; None where another daemon may be about to."""
        waiting = self.conn.execute(_SQL["barring"], {"replay_id": replay.replay_id}).fetchall()
        paused = [source for source, is_paused in waiting if is_paused]
        foreign = [source for source, is_paused in waiting if not is_paused and self.only and source not in self.only]
        if len(paused) + len(foreign) < len(waiting) or (foreign and len(living(self.conn)) > 1):
            return None
        said = [f"source {source} is paused" for source in paused] + [f"no daemon claims source {source}" for source in foreign]
        return f"It waits: {', '.join(said)}." if said else None

    def stored(self, digest: str) -> Stored | None:
        """Find a version of a slip; None where none of that digest was ever in force."""
        row = self.conn.execute(_SQL["stored"], {"digest": digest}).fetchone()
        return None if row is None else Stored(digest, row[0], row[1])

    def _standing(self, replay_id: int) -> tuple[bool, bool, bool, bool, list[int]]:
        row = self.conn.execute(_SQL["standing"], {"replay_id": replay_id, "only": list(self.only)}).fetchone()
        if row is None:
            msg = "a SELECT without FROM returned no row"
            raise ValueError(msg)
        return row[0], row[1], row[2], row[3], row[4]

    def _turn(self, replay_id: int, live: frozenset[int]) -> Step:
        """Turn to what was vacated, once every load has ended that began before.

        Such a load may have lost to a row that is gone now, and its rows would be settled after they had been looked for.
        """
        older = live if self._under_way is None or self._under_way[0] != replay_id else self._under_way[1] & live
        self._under_way = replay_id, older
        if older:
            return Step.WAITING
        self.conn.execute(_SQL["seek"], {"replay_id": replay_id})
        return Step.TURNED

    @contextmanager
    def _workable(self) -> Iterator[None]:
        """Tell what a replay cannot be done for from a connection that is gone, of which everything here would die."""
        try:
            yield
        except DatabaseUnsuitable as exc:
            raise Unworkable(str(exc)) from exc
        except psycopg.Error as exc:
            if self.conn.closed:
                raise
            self._forget()
            msg = f"Expected an order that the database can carry out, but it answered {type(exc).__name__} ({exc.sqlstate})."
            raise Unworkable(msg) from exc

    def _forget(self) -> None:
        self._seeking = None
        self._windows.forget()

    def _choose(self, replay_id: int, repeating: bool, cursor: int, row_hi: int) -> None:  # noqa: FBT001
        self._floor = ("", 0)
        if repeating:
            listed = self._windows.listed(replay_id)
            first = self._windows.first_chosen(replay_id, cursor, row_hi)
            choose: Callable[[int, int], object] = lambda lo, hi: self.conn.execute(  # noqa: E731
                _SQL["choose"], {"replay_id": replay_id, "filter": dumps(listed.between(lo, hi)), "lo": lo, "hi": hi}
            )
        else:
            seeking = self._sought(replay_id)
            first = self._windows.first("next_sought", lambda _: {"digests": list(seeking.digests)}, cursor, row_hi)
            choose = lambda lo, hi: seeking.choose(self.conn, lo, hi)  # noqa: E731
        reached = row_hi
        if first is not None and first <= row_hi:
            reached = min(first + self.window_rows - 1, row_hi)
            choose(first, reached)
        self.conn.execute(_SQL["move"], {"replay_id": replay_id, "cursor": reached})

    def _sought(self, replay_id: int) -> Seeking:
        if self._seeking is None or self._seeking.replay_id != replay_id:
            targets = {target for (target,) in self.conn.execute(_SQL["vacated_targets"], {"replay_id": replay_id})}
            gone = [target for (target,) in self.conn.execute(_SQL["gone_targets"], {"targets": sorted(targets)})]
            if gone:  # nobody wins anything there any more
                self.conn.execute(_SQL["forget_vacancies_of"], {"replay_id": replay_id, "targets": gone})
                targets.difference_update(gone)
            self._seeking = Seeking.of(self.conn, replay_id, targets, self.target_schema)
        return self._seeking
