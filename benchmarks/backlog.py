"""How much waits must not matter: throughput with millions of rows waiting against fifty thousand."""

import time
from collections.abc import Callable
from typing import LiteralString

import psycopg

from benchmarks.bars import Bar
from benchmarks.landing import WARM
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server
from benchmarks.service import running
from benchmarks.wanted import Wanted

__all__ = ["backlog"]

_FEW = 50_000
_TIMED = 40_000  # of either: no pipeline runs dry at the end
_PART = 250_000  # rows of a commit: made so, as many waiting rows are
_LIMIT_S = 300.0
_FALLS_ASLEEP_S = 1.0
_SOURCE = "bench_waiting"
_STAGE: LiteralString = """
    INSERT INTO etl.staging (source, payload)
    SELECT %(source)s, jsonb_build_object('n', n, 'name', md5(n::text)) FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n"""
_SETTLED: LiteralString = (
    "SELECT coalesce(sum(cardinality(row_ids)), 0)::bigint FROM etl.batch WHERE source = %(source)s AND status = 'done'"
)
# To the end of the batch with which so many are settled, by the database's clock.
_RATE: LiteralString = """
    SELECT rows / extract(epoch FROM finished_at - first)::float8 FROM (
        SELECT finished_at, min(claimed_at) OVER () AS first, sum(cardinality(row_ids)) OVER (ORDER BY finished_at, batch_id)::float8 AS rows
          FROM etl.batch WHERE source = %(source)s AND status = 'done') b
     WHERE rows >= %(rows)s ORDER BY rows LIMIT 1"""
_MADE: LiteralString = "SELECT bool_and(name = md5(n::text)) FROM bench_small"


def backlog(server: Server, wanted: Wanted) -> Bench:
    """Measure the first rows of many and of few, the same documents, by a warm daemon that found them waiting."""
    few = min(_FEW, wanted.backlog)
    timed = min(_TIMED, few * 4 // 5)
    templates = {waiting: _waiting(server, waiting, wanted.tell) for waiting in dict.fromkeys((wanted.backlog, few))}

    def measured(waiting: int) -> Callable[[], Sample]:
        return lambda: _measured(server, templates[waiting], timed)

    return Bench(
        "backlog",
        f"the first {timed:,} small documents that a warm daemon settles of those that wait, from the first claim to the end of their last "
        "batch",
        "rows/s",
        Side(f"{wanted.backlog:,} rows wait", measured(wanted.backlog)),
        Side(f"{few:,} rows wait", measured(few)),
        (Bar(0.9, 1.0),),
    )


def _waiting(server: Server, rows: int, tell: Callable[[str], None]) -> str:
    """Make a database with so many rows that wait, their source paused, and return its URL; it is copied for each round."""
    url = server.database()
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SELECT etl.add_staging_partitions(1000000, %s)", [rows // 1_000_000 + 2])
        conn.execute("INSERT INTO etl.pause (source) VALUES (%s)", [_SOURCE])
        for first in range(1, rows + 1, _PART):
            conn.execute(_STAGE, {"source": _SOURCE, "first": first, "last": min(rows, first + _PART - 1)})
            tell(f"backlog: {min(rows, first + _PART - 1):,} of {rows:,} rows staged")
        conn.execute("VACUUM ANALYZE")
    return url


def _measured(server: Server, template: str, timed: int) -> Sample:
    url = server.database(template)
    with running(url), psycopg.connect(url, autocommit=True) as conn:
        for n in range(-WARM, 0):  # of another source, by the same slip
            conn.execute(_STAGE, {"source": "bench_small", "first": n, "last": n})
        _until_settled(conn, "bench_small", WARM)
        time.sleep(_FALLS_ASLEEP_S)
        conn.execute("DELETE FROM etl.pause")
        conn.execute("NOTIFY etl_staged")
        _until_settled(conn, _SOURCE, timed)
        rate = conn.execute(_RATE, {"source": _SOURCE, "rows": timed}).fetchone()
    with psycopg.connect(url) as conn:
        made = conn.execute(_MADE).fetchone()
    server.drop(url)
    return Sample(rate[0] if rate else 0.0, made)


def _until_settled(conn: psycopg.Connection, source: str, rows: int) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while (conn.execute(_SETTLED, {"source": source}).fetchone() or (0,))[0] < rows:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{rows:,} rows of {source} were not settled within {_LIMIT_S:.0f} s")
        time.sleep(0.05)
