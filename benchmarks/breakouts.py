"""Documents to tables that nobody described: the service against dlt, from the same staging table into the same server."""

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

import psycopg

from benchmarks.bars import Bar
from benchmarks.census import Census, census_of, census_of_tables
from benchmarks.paired import Bench, Sample, Side
from benchmarks.peers.dlt_ways import WAYS, Way
from benchmarks.peers.environment import peers_python, pinned
from benchmarks.server import Server, stage
from benchmarks.service import asleep, settled
from benchmarks.wanted import Wanted

__all__ = ["breakouts"]

K = TypeVar("K", bound=Hashable)

_SETS = {"films": "wiki_movies/movies", "artworks": "tate/artworks"}
_DATASET = "peer"


@dataclass(slots=True)
class _Contest:
    """Documents of one source, for both.

    Args:
        server: where.
        source: of the documents; the root table has its name.
        python: of the environment that has dlt.
        documents: JSON texts.
        all: what they have.
        distinct: what they have without exact copies.
        way: in which dlt is quickest.
    """

    server: Server
    source: str
    python: Path
    documents: Sequence[str]
    all: Census = field(init=False)
    distinct: Census = field(init=False)
    way: Way = WAYS[0]

    def __post_init__(self) -> None:
        decoded = [json.loads(text) for text in self.documents]
        self.all = census_of(decoded)
        self.distinct = census_of({json.dumps(one, sort_keys=True): one for one in decoded}.values())

    def service(self) -> Sample:
        """Land the documents with a daemon that slept until they were committed."""
        url = self.server.database()
        with asleep(url, UNMATCHED="breakout"), psycopg.connect(url, autocommit=True) as conn:
            committed = stage(conn, self.source, self.documents)
            took_s = settled(url) - committed
        found = census_of_tables(url, "public", self.source, self.distinct)
        self.server.drop(url)
        if (found.rows, found.values) != (self.distinct.rows, self.distinct.values):
            raise RuntimeError(f"the tables of {self.source} do not have what its documents have")
        return self._sample(took_s)

    def dlt(self) -> Sample:
        """Land the documents with a pipeline that has loaded one before."""
        took_s, found = self._load(self.way)
        copies = self.all.rows[""] - self.distinct.rows[""]
        return self._sample(
            took_s,
            (
                "documents that dlt has twice (exact copies; the service has them once, and counts the others as duplicates)",
                copies,
            ),
            ("rows too many or too few in its tables beyond these", _differing(found.rows, self.all.rows)),
            ("values too many or too few in its columns beyond these", _differing(found.values, self.all.values)),
            ("nulls, empty arrays and empty objects that its tables do not tell from what is missing", self.all.bare),
        )

    def choose(self, tell: Callable[[str], None]) -> None:
        """Try all ways, and take the quickest of those that lose no value; the service runs too, so that all is warm."""
        self.service()
        tried: list[tuple[float, Way]] = []
        for way in WAYS:
            took_s, found = self._load(way)
            lost = _differing(found.values, self.all.values)
            tell(f"{self.source}: dlt with {way}: {len(self.documents) / took_s:,.0f} documents/s, {lost:,} values amiss")
            tried += [] if lost else [(took_s, way)]
        if tried:
            _, self.way = min(tried, key=lambda one: one[0])

    def bench(self) -> Bench:
        """Describe the comparison; the way is chosen by then."""
        what = f"{len(self.documents):,} real {self.source} broken out without a slip, from the commit that staged them to the last that landed"
        rival = Side(f"{pinned('dlt')}, append, {self.way}", self.dlt)
        return Bench(f"dlt_{self.source}", what, "documents/s", Side("service", self.service), rival, (Bar(4, 6),))

    def _sample(self, took_s: float, *beside: tuple[str, float]) -> Sample:
        return Sample(len(self.documents) / took_s, len(self.documents), beside)

    def _load(self, way: Way) -> tuple[float, Census]:
        url = self.server.database()
        with psycopg.connect(url, autocommit=True) as conn:
            stage(conn, self.source, self.documents)
        took_s = way.load(self.python, {"url": url, "table": self.source, "dataset": _DATASET})
        found = census_of_tables(url, _DATASET, self.source, self.all)
        self.server.drop(url)
        return took_s, found


def breakouts(server: Server, wanted: Wanted) -> Iterator[Bench]:
    """Give the comparisons, each when it is about to be run: first each side runs once untimed, dlt in each of its ways.

    Args:
        server: that both use.
        wanted: all documents that there are, unless it says how many.
    """
    tell = wanted.tell
    corpus = os.environ.get("ETL_CORPUS")
    if not corpus:
        tell("dlt is left out: it needs real documents, and ETL_CORPUS does not name their folder")
        return
    python = peers_python(tell)
    for source, name in _SETS.items():
        with gzip.open(Path(corpus, "nested", f"{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
            contest = _Contest(server, source, python, [*islice(lines, wanted.rows)])
        contest.choose(tell)
        yield contest.bench()


def _differing(found: Counter[K], expected: Counter[K]) -> int:
    return sum(abs(found[place] - number) for place, number in expected.items())
