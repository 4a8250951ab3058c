"""Staged documents to rows inside the database: sessions of SQL, chunk by chunk, the limit that the service is held against."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import LiteralString

import psycopg

from benchmarks.bars import Bar
from benchmarks.landing import WARM, Landing, Made
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import stage

__all__ = ["CHUNK", "InDatabase"]

CHUNK = 2_000
"""Rows of a statement and commit."""


@dataclass(frozen=True, slots=True)
class InDatabase:
    """How sessions of SQL land documents.

    Args:
        landing: the documents.
        table: makes the tables.
        chunk: lands the rows ``first`` to ``last``.
    """

    landing: Landing
    table: LiteralString
    chunk: LiteralString

    def one(self) -> Sample:
        """Land them by one session; beside it, in a database of their own, by two that share the chunks."""
        took_s, made = self._landed(1)
        two_s, shared = self._landed(2)
        if [row[:-1] for row in made] != [row[:-1] for row in shared]:  # which duplicate wins is open between two: sums differ
            raise RuntimeError(f"two sessions made {shared}, and one {made}")
        return self.landing.sample(
            took_s, made, ("rows/s by two sessions that share the chunks", len(self.landing.timed) / two_s)
        )

    def bench(self, name: str, what: str, rival: str, bar: Bar) -> Bench:
        """Describe the comparison with the service."""
        return Bench(name, what, "rows/s", Side("service", self.landing.service), Side(rival, self.one), (bar,))

    def _landed(self, sessions: int) -> tuple[float, Made]:
        landing = self.landing
        url = landing.server.database()
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(self.table)
            landing.warm(conn)
            conn.execute(self.chunk, {"first": 1, "last": WARM})
            stage(conn, landing.source, landing.timed)
        chunks = iter(range(WARM + 1, len(landing.documents) + 1, CHUNK))
        with ThreadPoolExecutor(sessions) as pool:
            connected = [_session(url) for _ in range(sessions)]
            began = time.monotonic()
            lock = Lock()
            list(pool.map(lambda conn: self._work(conn, chunks, lock), connected))
            took_s = time.monotonic() - began
        for conn in connected:
            conn.close()
        made = landing.state(url)
        landing.server.drop(url)
        return took_s, made

    def _work(self, conn: psycopg.Connection, chunks: Iterator[int], lock: Lock) -> None:
        while True:
            with lock:
                first = next(chunks, None)
            if first is None:
                return
            self._chunk(conn, first)

    def _chunk(self, conn: psycopg.Connection, first: int) -> None:
        """Land a chunk, again where two sessions were in each other's way with keys that both have."""
        while True:
            try:
                conn.execute(self.chunk, {"first": first, "last": first + CHUNK - 1})
            except psycopg.errors.DeadlockDetected:
                continue
            return


def _session(url: str) -> psycopg.Connection:
    conn = psycopg.connect(url, autocommit=True)
    conn.execute("SET TimeZone = 'UTC'")
    conn.execute("SET deadlock_timeout = '10ms'")
    return conn
