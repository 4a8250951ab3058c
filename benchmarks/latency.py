"""From a producer's commit to the landed row, at a steady pace, against a bare commit for scale."""

import time
from collections.abc import Callable
from statistics import quantiles
from typing import TypeVar

import psycopg

from benchmarks.bars import OURS, Bar
from benchmarks.documents import products
from benchmarks.landing import WARM
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server
from benchmarks.service import asleep, awaited
from benchmarks.wanted import Wanted

__all__ = ["latency"]

T = TypeVar("T")

_ROWS_PER_S, _SECONDS = 200, 10
_P99 = "ms commit to landed, p99"
_LANDED = "SELECT r.row_id, extract(epoch FROM b.finished_at)::float8 FROM etl.batch b, unnest(b.row_ids) AS r (row_id) WHERE b.status = 'done'"


def latency(server: Server, _wanted: Wanted) -> Bench:
    """Measure the wait of rows that come one by one, 200 a second."""
    documents = products(_ROWS_PER_S * _SECONDS)

    def service() -> Sample:
        url = server.database()
        with asleep(url), psycopg.connect(url, autocommit=True) as conn:
            for document in documents[:WARM]:
                _stage(conn, document)
            awaited(url)
            committed = _paced(documents, lambda document: _stage(conn, document))
            awaited(url)
            landed: dict[int, float] = dict(conn.execute(_LANDED).fetchall())
        server.drop(url)
        waits_ms = sorted((landed[row_id] - at) * 1000 for row_id, at in committed)
        return _sample(waits_ms, "commit to landed")

    def bare() -> Sample:
        url = server.database()
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("CREATE TABLE bare (row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload jsonb NOT NULL)")
            took_ms = sorted(_paced(documents, lambda document: _commit(conn, document)))
        server.drop(url)
        return _sample(took_ms, "bare commit")

    what = f"from the commit of a row to the end of its batch, at {_ROWS_PER_S} rows a second for {_SECONDS} s, the median"
    rival = Side("a round trip that commits one row to a bare table", bare)
    bars = (Bar(10, 4, OURS, "ms", most=True), Bar(50, 20, _P99, "ms", most=True))
    return Bench("latency", what, "ms", Side("service", service), rival, bars, (_P99,))


def _paced(documents: list[str], act: Callable[[str], T]) -> list[T]:
    began = time.monotonic()
    made = []
    for number, document in enumerate(documents):
        time.sleep(max(0.0, began + number / _ROWS_PER_S - time.monotonic()))
        made.append(act(document))
    return made


def _stage(conn: psycopg.Connection, document: str) -> tuple[int, float]:
    """Return the row's id, and when its commit was known here; client and server share a clock."""
    statement = "INSERT INTO etl.staging (source, payload) VALUES ('bench_shop', %s) RETURNING row_id"
    row = conn.execute(statement, (document,)).fetchone()
    return (row[0] if row else 0), time.time()


def _commit(conn: psycopg.Connection, document: str) -> float:
    began = time.monotonic()
    conn.execute("INSERT INTO bare (payload) VALUES (%s)", (document,))
    return (time.monotonic() - began) * 1000


def _sample(sorted_ms: list[float], what: str) -> Sample:
    cuts = quantiles(sorted_ms, n=100)
    return Sample(cuts[49], len(sorted_ms), ((f"ms {what}, p99", cuts[98]), (f"ms {what}, longest", sorted_ms[-1])))
