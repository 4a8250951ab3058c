"""What the books cost at millions of settled rows: `row_status` and the ledger of one, of a source's and of all; and their audit."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import LiteralString

import psycopg

from benchmarks.bars import Bar
from benchmarks.server import Server
from benchmarks.wanted import Wanted
from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection, connect
from etl_actors.store.ledger import carry

__all__ = ["FEW", "Answer", "answers", "as_lines"]

FEW = 50_000
_PARTITION_ROWS = 1_000_000
_PROBES = 300
_SESSIONS = 2
_ENOUGH_S = 10.0

# 20 sources in turns, as producers mix them, so that every row id lies within the bounds of 20 batches.
_STAGE: LiteralString = """
INSERT INTO etl.staging (row_id, source, payload, received_at) OVERRIDING SYSTEM VALUE
SELECT n, 'source ' || lpad((n %% 20)::text, 2, '0'),
       jsonb_build_object('sku', 'A-' || n, 'name', md5(n::text), 'price', n %% 9973, 'note', repeat(md5((n * 7)::text), 3)),
       timestamptz '2026-01-01 00:00Z' + n * interval '10 ms'
  FROM generate_series(%(lo)s::bigint, %(hi)s::bigint) AS n"""
# Of 1,000 rows 10 are rejected, 5 skipped, 100 duplicates; batches of 2,000.
_SETTLE: LiteralString = """
INSERT INTO etl.batch (source, slip, slip_digest, target, row_ids, row_lo, row_hi, bytes, outcomes, status, owner, claimed_at,
                       finished_at, loaded, duplicate, skipped, rejected, rows_added)
SELECT g.source, 'bench', repeat('0', 32), 'public.bench', g.row_ids, g.lo, g.hi, 200 * cardinality(g.row_ids), g.outcomes, 'done', 1,
       g.claimed_at, g.claimed_at + interval '1 s', c.l, c.d, c.s, c.r, jsonb_build_object('public.bench', c.l)
  FROM (SELECT source, array_agg(row_id ORDER BY row_id) AS row_ids, min(row_id) AS lo, max(row_id) AS hi,
               max(received_at) + interval '1 s' AS claimed_at,
               string_agg(CASE WHEN dice < 10 THEN 'r' WHEN dice < 15 THEN 's' WHEN dice < 115 THEN 'd' ELSE 'l' END, ''
                          ORDER BY row_id) AS outcomes
          FROM (SELECT source, row_id, received_at, abs(hashint8(row_id)) %% 1000 AS dice,
                       (row_number() OVER (PARTITION BY source ORDER BY row_id) - 1) / 2000 AS no
                  FROM etl.staging WHERE row_id BETWEEN %(lo)s AND %(hi)s) n
         GROUP BY source, no) g,
       LATERAL (SELECT length(outcomes) - length(replace(outcomes, 'l', '')) AS l, length(outcomes) - length(replace(outcomes, 'd', '')) AS d,
                       length(outcomes) - length(replace(outcomes, 's', '')) AS s, length(outcomes) - length(replace(outcomes, 'r', '')) AS r) c
 ORDER BY g.hi"""
_REJECT: LiteralString = """
INSERT INTO etl.reject (row_id, batch_id, slip, slip_digest, stage, reason, message, detail, created_at)
SELECT u.row_id, b.batch_id, b.slip, b.slip_digest, 'map', 'wrong_number', 'expected a number, got "about ten"',
       '{"path": "$.price"}', b.finished_at
  FROM etl.batch b, unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter)
 WHERE u.letter = 'r' AND b.row_lo BETWEEN %(lo)s AND %(hi)s"""

_PROBE: LiteralString = "SELECT row_id FROM etl.staging WHERE row_id = %(row_id)s"
_ONE: LiteralString = "SELECT * FROM etl.row_status WHERE row_id = %(row_id)s"
_HUNDRED: LiteralString = "SELECT * FROM etl.row_status WHERE row_id BETWEEN %(row_id)s AND %(row_id)s + 99"
_OF_SOURCE: LiteralString = "SELECT status, count(*) FROM etl.row_status WHERE source = 'source 07' GROUP BY status"
_OF_ALL: LiteralString = "SELECT status, count(*) FROM etl.row_status GROUP BY status"
_LEDGER_ONE: LiteralString = "SELECT * FROM etl.ledger WHERE source = 'source 07'"
_LEDGER: LiteralString = "SELECT * FROM etl.ledger"

_ROW_STATUS_OF_ONE, _LEDGER_OF_ALL = "`row_status` of one row", "`ledger` of all"
_BARS = {_ROW_STATUS_OF_ONE: Bar(10, 3, unit="ms", most=True), _LEDGER_OF_ALL: Bar(50, 10, unit="ms", most=True)}


@dataclass(frozen=True, slots=True)
class Answer:
    """How long one question took.

    Args:
        question: what was asked.
        few_ms: the median at `FEW` settled rows.
        many_ms: the median at many.
    """

    question: str
    few_ms: float
    many_ms: float


def answers(server: Server, wanted: Wanted) -> list[Answer]:
    """Ask the books the same questions at few and at many settled rows."""
    few, lots = (dict(_asked(server, rows, wanted.tell)) for rows in (FEW, wanted.settled))
    return [Answer(question, few[question], lots[question]) for question in few]


def as_lines(found: list[Answer], many: int) -> list[str]:
    """Write the answers as the lines of a table."""
    probe = found[0].many_ms
    return [
        f"| | {FEW:,} rows | {many:,} rows | growth | against the bare probe | bar |",
        "|---|---|---|---|---|---|",
        *(
            f"| {a.question} | {_time(a.few_ms)} | {_time(a.many_ms)} | {a.many_ms / a.few_ms:,.1f} | {a.many_ms / probe:,.0f} | "
            f"{_BARS[a.question].verdict(a.many_ms) if a.question in _BARS else ''} |"
            for a in found
        ),
    ]


def _asked(server: Server, rows: int, tell: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    url = server.database()
    with psycopg.connect(url, autocommit=True) as admin:
        _settled(admin, url, rows, tell)
        _count_up_to(admin, (rows - 1) // _PARTITION_ROWS * _PARTITION_ROWS + 1)
        uncounted = _timed(admin, _LEDGER, 5)
        _count_up_to(admin, rows + 1)
    with connect(url, role="etl_operator") as conn:
        dice = random.Random(1)
        probed = [dice.randrange(1, rows - 100) for _ in range(_PROBES)]
        for question, statement in (
            ("bare probe of staging's key", _PROBE),
            (_ROW_STATUS_OF_ONE, _ONE),
            ("`row_status` of 100 rows in a row", _HUNDRED),
        ):
            tell(f"{rows:,} rows: {question}")
            _timed(conn, statement, 10, 1)  # prepared by then
            yield question, median(_timed(conn, statement, 1, row_id) for row_id in probed)
        for question, statement in (
            ("`row_status` of a source's rows, counted by status", _OF_SOURCE),
            ("`row_status` of all rows, counted by status", _OF_ALL),
            ("`ledger` of one source", _LEDGER_ONE),
            (_LEDGER_OF_ALL, _LEDGER),
        ):
            tell(f"{rows:,} rows: {question}")
            yield question, _timed(conn, statement, 3 if statement is _OF_ALL else 7)
        yield "`ledger` of all, before the last partition is counted", uncounted
        tell(f"{rows:,} rows: audit")
        began = time.perf_counter()
        report = audit(conn, "public")
        if report.findings or report.rows != rows:
            raise RuntimeError(f"the audit found {report.findings} over {report.rows} rows")
        yield "`audit` of the books, no target table", (time.perf_counter() - began) * 1000
    server.drop(url)


def _settled(admin: Connection, url: str, rows: int, tell: Callable[[str], None]) -> None:
    """Make settled rows as daemons would have left them, a partition at a time, in several sessions."""
    admin.execute("SELECT etl.add_staging_partitions(%s, %s)", [_PARTITION_ROWS, rows // _PARTITION_ROWS + 1])

    def make(lo: int) -> None:
        part = {"lo": lo, "hi": min(rows, lo + _PARTITION_ROWS - 1)}
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("SET session_replication_role = replica")  # past the trigger: what is settled does not wait
            conn.execute("SET work_mem = '256MB'")
            for statement in (_STAGE, _SETTLE, _REJECT):
                conn.execute(statement, part)
        tell(f"rows {lo:,} to {part['hi']:,} of {rows:,} made")

    with ThreadPoolExecutor(_SESSIONS) as pool:
        list(pool.map(make, range(1, rows + 1, _PARTITION_ROWS)))
    admin.execute("SELECT setval('etl.staging_row_id_seq', %s)", [rows])
    with connect(url) as service:
        while carry(service):  # as daemons do each ten seconds
            pass
    admin.execute("VACUUM ANALYZE")
    admin.execute("CHECKPOINT")


def _count_up_to(admin: Connection, row_id: int) -> None:
    """Have staging counted, as daemons do each ten seconds, until a row is the first that is not."""
    while admin.execute("SELECT coalesce(max(counted_hi), 1) < %s FROM etl.staging_partition", [row_id]).fetchone() == (True,):
        admin.execute("SELECT etl.seal_staging_partitions()")


def _timed(conn: Connection, statement: LiteralString, times: int, row_id: int = 0) -> float:
    """Return the median of the milliseconds that a statement takes, its result read.

    Args:
        conn: to ask on.
        statement: what to ask.
        times: how often, at most: what takes long is asked as often as there is time.
        row_id: of which row.
    """
    took: list[float] = []
    while len(took) < times and sum(took) < _ENOUGH_S * 1000:
        began = time.perf_counter()
        conn.execute(statement, {"row_id": row_id}).fetchall()
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


def _time(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms" if ms >= 20 else f"{ms:.2f} ms"
