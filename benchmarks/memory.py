"""The memory of a daemon and its workers: the most while a million rows are loaded, and whether it grows under a steady load."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from benchmarks.bars import Bar
from benchmarks.documents import products
from benchmarks.flat import SOURCE
from benchmarks.resident import Resident, growth, watched
from benchmarks.server import Server, stage
from benchmarks.service import balanced, running, settled
from benchmarks.wanted import Wanted
from etl_actors.settings import load_settings

__all__ = ["Grown", "lines_of", "memory"]

_ROWS = 1_000_000
_PART = 20_000  # rows of a commit
_STEADY_ROWS, _STEADY_EVERY_S = 200, 0.1
_OF_ITS_OWN_MB = 150


@dataclass(frozen=True, slots=True)
class Grown:
    """What one process had, in MB, and by how many MB an hour it grew; none without a steady load long enough to tell."""

    name: str
    rss_mb: float
    pss_mb: float
    rss_growth: float | None
    pss_growth: float | None


def memory(server: Server, wanted: Wanted) -> tuple[list[Grown], str]:
    """Load rows that wait, then some that come steadily, and watch.

    Returns:
        What each process had, and a sentence on what was done.
    """
    rows = wanted.of(_ROWS)
    url = server.database()
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SELECT etl.add_staging_partitions(1000000, %s)", [rows // 1_000_000 + 2])
        conn.execute("INSERT INTO etl.pause (source) VALUES (%s)", [SOURCE])
        for first in range(0, rows, _PART):
            stage(conn, SOURCE, products(min(_PART, rows - first), seed=first, first=first))
        wanted.tell(f"memory: {rows:,} rows staged")
        with running(url) as (daemon,):
            with watched(daemon) as loading:
                began = time.monotonic()
                conn.execute("DELETE FROM etl.pause")
                conn.execute("NOTIFY etl_staged")
                took_s = settled(url) - began
            wanted.tell(f"memory: loaded, {rows / took_s:,.0f} rows/s")
            with watched(daemon) as steady:
                _steady(conn, rows, wanted.minutes * 60, wanted.tell)
            settled(url)
    balanced(url)
    server.drop(url)
    what = f"{rows:,} documents of `flat` that waited, loaded at {rows / took_s:,.0f} rows/s"
    after = f"; then {_STEADY_ROWS / _STEADY_EVERY_S:,.0f} rows/s for {wanted.minutes:g} minutes" if wanted.minutes else ""
    return [_grown(one, steady) for one in loading], what + after


def _steady(conn: psycopg.Connection, first: int, seconds: float, tell: Callable[[str], None]) -> None:
    began = time.monotonic()
    for number in range(int(seconds / _STEADY_EVERY_S)):
        time.sleep(max(0.0, began + number * _STEADY_EVERY_S - time.monotonic()))
        stage(conn, SOURCE, products(_STEADY_ROWS, seed=-number, first=first + number * _STEADY_ROWS))
        if number % 600 == 599:
            tell(f"memory: {(number + 1) * _STEADY_EVERY_S / 60:.0f} minutes of steady load")


def _grown(loading: Resident, steady: list[Resident]) -> Grown:
    later = next((one for one in steady if one.name == loading.name and len(one.times) > 10), None)
    slopes = (growth(later.times, later.rss), growth(later.times, later.pss)) if later else (None, None)
    most = later or loading
    return Grown(loading.name, max(loading.rss + most.rss), max(loading.pss + most.pss), *slopes)


def lines_of(found: list[Grown], what: str) -> list[str]:
    """Write what was found as lines of Markdown."""
    inflight_mb = load_settings(environ={}).inflight_bytes / 1e6
    bar = Bar(round(_OF_ITS_OWN_MB + inflight_mb), unit="MB", most=True, figure="RSS")
    return [
        f"{what}. The bar is {_OF_ITS_OWN_MB} MB for a process and, beside them, the {inflight_mb:.0f} MB of `inflight_bytes`.",
        "",
        "| process | RSS, most | PSS, most | bar | RSS grows by | PSS grows by |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.name} | {one.rss_mb:.1f} MB | {one.pss_mb:.1f} MB | {bar.verdict(one.rss_mb)} | {_hourly(one.rss_growth)} | "
            f"{_hourly(one.pss_growth)} |"
            for one in found
        ),
    ]


def _hourly(mb: float | None) -> str:
    return "" if mb is None else f"{mb:+.2f} MB/h"
