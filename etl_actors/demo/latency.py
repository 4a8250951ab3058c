"""How long a row takes from its commit until somebody else can see it in its table."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from etl_actors.store.database import Connection, connect
from etl_actors.store.queries import queries

__all__ = ["LOOK_S", "Latency", "measure"]

_SQL = queries("demo")
LOOK_S = 0.002
_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from commit to landed row.

    Args:
        seconds: one for each row that landed, ascending.
        missing: rows that had not landed when the waiting ended.
    """

    seconds: tuple[float, ...]
    missing: int

    def percentile(self, share: float) -> float:
        """Return the seconds within which that share (0 to 1) of the rows landed."""
        return self.seconds[min(int(share * len(self.seconds)), len(self.seconds) - 1)]


def measure(url: str, source: str, payloads: Iterable[bytes], per_second: float) -> Latency:
    """Commit rows one by one, and watch from another connection until they have landed.

    The clock is this process's own. A row's time runs from the moment at which its commit was confirmed to the producer until
    another session, which looks every `LOOK_S` seconds, sees its batch done: that is the commit in which the row landed.

    Args:
        url: of the database.
        source: of the rows.
        payloads: JSON texts, one commit each.
        per_second: commits.
    """
    with connect(url, application_name="etl-actors demo watcher") as conn:
        watcher = _Watcher(conn, source)
        watcher.start()
        try:
            committed = _commit_each(url, source, payloads, per_second)
            watcher.wait_for(committed.keys())
        finally:
            watcher.stop()
    landed = watcher.landed
    return Latency(
        tuple(sorted(landed[row_id] - at for row_id, at in committed.items() if row_id in landed)),
        sum(row_id not in landed for row_id in committed),
    )


def _commit_each(url: str, source: str, payloads: Iterable[bytes], per_second: float) -> dict[int, float]:
    committed: dict[int, float] = {}
    with connect(url, role="etl_operator", application_name="etl-actors demo producer") as conn:
        begun = time.perf_counter()
        for number, payload in enumerate(payloads):
            time.sleep(max(0.0, begun + number / per_second - time.perf_counter()))
            row = conn.execute(_SQL["stage_one"], {"source": source, "payload": payload.decode()}).fetchone()
            committed[row[0] if row else 0] = time.perf_counter()
    return committed


class _Watcher(threading.Thread):
    """Notes when each row's batch is first seen done."""

    def __init__(self, conn: Connection, source: str) -> None:
        super().__init__(name="etl-actors-watcher", daemon=True)
        self.landed: dict[int, float] = {}
        self._conn = conn
        self._source = source
        row = conn.execute(_SQL["marks"]).fetchone()
        self._after = row[1] if row else 0
        self._seen: list[int] = []
        self._stopped = threading.Event()
        self._changed = threading.Condition()

    def run(self) -> None:
        while not self._stopped.wait(LOOK_S):
            rows = self._conn.execute(
                _SQL["landed"], {"source": self._source, "after": self._after, "seen": self._seen}
            ).fetchall()
            now = time.perf_counter()
            if rows:
                self._note(rows, now)

    def wait_for(self, row_ids: Iterable[int]) -> None:
        """Wait until all of the rows have landed, or for `_WAIT_S` seconds."""
        wanted = set(row_ids)
        with self._changed:
            self._changed.wait_for(lambda: wanted <= self.landed.keys(), _WAIT_S)

    def stop(self) -> None:
        """End the watching."""
        self._stopped.set()
        self.join()

    def _note(self, rows: list[tuple[int, list[int]]], now: float) -> None:
        with self._changed:
            for batch_id, row_ids in rows:
                self._seen.append(batch_id)
                for row_id in row_ids:
                    self.landed.setdefault(row_id, now)
            self._changed.notify_all()
