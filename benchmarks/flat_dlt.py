"""Flat documents with a key: the service against dlt, from the same staging table into the same server."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.bars import Bar
from benchmarks.flat import flat_landing
from benchmarks.landing import Landing, Made
from benchmarks.paired import Bench, Sample, Side
from benchmarks.peers.dlt_ways import WAYS, Way
from benchmarks.peers.environment import peers_python, pinned
from benchmarks.server import Server, stage
from benchmarks.wanted import Wanted

__all__ = ["flat_dlt"]

_ROWS = 100_000
_DATASET = "peer"
# dlt makes doubles of the numbers; two digits behind the point they hold.
_MADE = sql.SQL(
    "SELECT count(*), sum(hashtextextended(ROW(sku, title, brand, category, price::numeric(12,2), currency, rating::numeric(3,1), reviews::bigint, "
    "in_stock, scraped_at::timestamptz, description, _row_id)::text, 0)) FROM {}"
)
_OURS = _MADE.format(sql.Identifier("bench_product"))
_PEERS = _MADE.format(sql.Identifier(_DATASET, "bench_product"))


@dataclass(frozen=True, slots=True)
class _Peer:
    """How dlt lands the documents.

    Args:
        landing: the documents; dlt has none before those that are timed, it is warm by others.
        python: of the environment that has dlt.
    """

    landing: Landing
    python: Path

    def load(self, way: Way) -> tuple[float, Made]:
        """Land all documents; give the seconds and what came of it."""
        landing = self.landing
        url = landing.server.database()
        with psycopg.connect(url, autocommit=True) as conn:
            landing.warm(conn)
            stage(conn, landing.source, landing.timed)
        took_s = way.load(self.python, {"url": url, "table": "bench_product", "dataset": _DATASET, "key": "sku"})
        with psycopg.connect(url) as conn:
            made = tuple(conn.execute(_PEERS).fetchall())
        landing.server.drop(url)
        return took_s, made

    def sample(self, way: Way) -> Sample:
        """Time it: of a few documents more than the service has."""
        took_s, made = self.load(way)
        return Sample(len(self.landing.documents) / took_s, made)


def flat_dlt(server: Server, wanted: Wanted) -> Bench:
    """Hold the service against dlt in the quickest of its ways that lose nothing, tried in a round that is not counted."""
    landing = flat_landing(server, wanted.of(_ROWS), _OURS)
    peer = _Peer(landing, peers_python(wanted.tell))
    expected = landing.service().made
    tried = []
    for way in WAYS:
        took_s, made = peer.load(way)
        wanted.tell(
            f"flat_dlt: {way}: {len(landing.documents) / took_s:,.0f} rows/s, {'as expected' if made == expected else 'not the same rows'}"
        )
        tried += [(took_s, way)] if made == expected else []
    if not tried:
        raise RuntimeError("dlt has no way that makes the rows that the service makes")
    _, best = min(tried, key=lambda one: one[0])
    what = f"{len(landing.timed):,} of the documents of `flat`, of those with one key the first, from their commit to the last that landed"
    rival = Side(f"{pinned('dlt')}, merge by delete-insert with the key, {best}", lambda: peer.sample(best))
    return Bench("flat_dlt", what, "rows/s", Side("service", landing.service), rival, (Bar(8, 12),))
