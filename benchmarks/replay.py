"""Settled rows once more, nothing changed, against their first load."""

from typing import LiteralString

import psycopg

from benchmarks.bars import Bar
from benchmarks.flat import ROWS, SOURCE, flat_landing
from benchmarks.landing import Landing
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server, stage
from benchmarks.service import asleep, awaited, command
from benchmarks.wanted import Wanted

__all__ = ["replay"]

_TOOK: LiteralString = (
    "SELECT rows_done, extract(epoch FROM finished_at - created_at)::float8 FROM etl.replay WHERE status = 'done'"
)


def replay(server: Server, wanted: Wanted) -> Bench:
    """Replay all that a first load has settled: what a second look costs."""
    landing = flat_landing(server, wanted.of(ROWS))
    what = f"the {len(landing.timed):,} documents of `flat`, settled and read once, by `etl-actors replay`, from its order to its end; nothing has changed"
    first = Side("their first load, from the commit that staged them to the last that landed", landing.service)
    return Bench("replay", what, "rows/s", Side("replay", lambda: _replayed(landing)), first, (Bar(0.7, 1.3),))


def _replayed(landing: Landing) -> Sample:
    """Replay by the daemon that has landed the rows."""
    url = landing.server.database()
    with asleep(url), psycopg.connect(url, autocommit=True) as conn:
        landing.warm(conn)
        awaited(url)
        stage(conn, landing.source, landing.timed)
        awaited(url)
        # It marks the rows as visible: else whoever reads them first after a checkpoint writes their pages to the log whole.
        landing.state(url)
        conn.execute("CHECKPOINT")
        command(url, "replay", "--source", SOURCE, "--yes", "--json")
        rows, took_s = conn.execute(_TOOK).fetchone() or (0, 0.0)
        if rows != len(landing.documents):
            raise RuntimeError(f"{rows} rows were replayed, of {len(landing.documents)}")
    made = landing.state(url)
    landing.server.drop(url)
    return Sample(rows / took_s, made)
