"""How much waits must not matter: throughput with millions of rows waiting against fifty thousand."""

import time
from collections.abc import Callable, Hashable
from contextlib import nullcontext
from typing import LiteralString

import psycopg

from benchmarks.bars import Bar
from benchmarks.landing import WARM
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server, held_snapshot
from benchmarks.service import running
from benchmarks.wanted import Wanted

__all__ = ["backlog"]

_FEW = 50_000
_TIMED = 40_000  # of either: no pipeline runs dry at the end
_LATER = (
    400_000  # settled before those that are timed beside a transaction with an old snapshot: what that keeps is there by then
)
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
# From the first claim, or from the end of the batch with which so many were settled, to that with which so many more were; by the
# database's clock.
_RATE: LiteralString = """
    WITH done AS (
        SELECT claimed_at, finished_at, sum(cardinality(row_ids)) OVER (ORDER BY finished_at, batch_id)::float8 AS rows
          FROM etl.batch WHERE source = %(source)s AND status = 'done'),
    begun AS (
        (SELECT min(claimed_at) AS at, 0::float8 AS rows FROM done HAVING %(after)s = 0)
        UNION ALL (SELECT finished_at, rows FROM done WHERE rows >= %(after)s AND %(after)s > 0 ORDER BY rows LIMIT 1))
    SELECT (d.rows - b.rows) / extract(epoch FROM d.finished_at - b.at)::float8
      FROM done d, begun b WHERE d.rows >= b.rows + %(rows)s ORDER BY d.rows LIMIT 1"""
_MADE: LiteralString = "SELECT bool_and(name = md5(n::text)) FROM bench_small"


def backlog(server: Server, wanted: Wanted) -> Bench:
    """Measure the first rows of many and of few, the same documents, by a warm daemon that found them waiting.

    Beside it, of many only: later rows, with and without a transaction whose snapshot is older than all claims.
    """
    few = min(_FEW, wanted.backlog)
    timed = min(_TIMED, few * 4 // 5)
    later = min(_LATER, max(0, wanted.backlog - timed) * 4 // 5)
    templates = {waiting: _waiting(server, waiting, wanted.tell) for waiting in dict.fromkeys((wanted.backlog, few))}

    def many() -> Sample:
        template = templates[wanted.backlog]
        first, made = _measured(server, template, 0, timed)
        which = f"rows/s of those after the first {later:,}"
        beside = {
            which: _measured(server, template, later, timed)[0],
            f"{which}, while a transaction keeps a snapshot from before them": _measured(
                server, template, later, timed, held=True
            )[0],
        }
        return Sample(first, made, tuple(beside.items()))

    return Bench(
        "backlog",
        f"the first {timed:,} small documents that a warm daemon settles of those that wait, from the first claim to the end of their last "
        "batch",
        "rows/s",
        Side(f"{wanted.backlog:,} rows wait", many),
        Side(f"{few:,} rows wait", lambda: Sample(*_measured(server, templates[few], 0, timed))),
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


def _measured(server: Server, template: str, after: int, timed: int, *, held: bool = False) -> tuple[float, Hashable]:
    """Return the rows/s of so many rows, after so many others, and whether all that was made is right."""
    url = server.database(template)
    with held_snapshot(url) if held else nullcontext(), running(url), psycopg.connect(url, autocommit=True) as conn:
        for n in range(-WARM, 0):  # of another source, by the same slip
            conn.execute(_STAGE, {"source": "bench_small", "first": n, "last": n})
        _until_settled(conn, "bench_small", WARM)
        time.sleep(_FALLS_ASLEEP_S)
        conn.execute("DELETE FROM etl.pause")
        conn.execute("NOTIFY etl_staged")
        _until_settled(conn, _SOURCE, after + timed)
        rate = conn.execute(_RATE, {"source": _SOURCE, "after": after, "rows": timed}).fetchone()
    with psycopg.connect(url) as conn:
        made = conn.execute(_MADE).fetchone()
    server.drop(url)
    return rate[0] if rate else 0.0, made


def _until_settled(conn: psycopg.Connection, source: str, rows: int) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while (conn.execute(_SETTLED, {"source": source}).fetchone() or (0,))[0] < rows:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{rows:,} rows of {source} were not settled within {_LIMIT_S:.0f} s")
        time.sleep(0.05)
