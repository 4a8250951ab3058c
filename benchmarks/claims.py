"""Work that gives nothing: rows that are claimed, fetched, parsed and finished as skipped, against jobs of pgqueuer that do nothing."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.bars import Bar
from benchmarks.landing import WARM, Landing
from benchmarks.paired import Bench, Sample, Side
from benchmarks.peers.environment import peers_python, pinned
from benchmarks.peers.process import timed_peer
from benchmarks.server import Server
from benchmarks.wanted import Wanted

__all__ = ["claims"]

_ROWS = 100_000
_TRIED = 20_000  # jobs of the round that chooses
_MADE = "SELECT sum(skipped) FROM etl.batch WHERE status = 'done'"


@dataclass(frozen=True, slots=True)
class _Way:
    """A way in which pgqueuer can work, each of its consumers with a connection."""

    processes: int
    consumers: int
    batch_size: int

    def __str__(self) -> str:
        consumers = f"{self.consumers} consumer{'s' if self.consumers > 1 else ''}"
        return f"{self.processes} process{'es' if self.processes > 1 else ''} of {consumers}, batches of {self.batch_size:,}"

    def run(self, server: Server, python: Path, jobs: int) -> float:
        """Work off jobs that do nothing, and return the jobs a second."""
        url = server.database()
        parts = psycopg.conninfo.conninfo_to_dict(url)
        address: dict[str, object] = {name: parts[name] for name in ("host", "user", "password", "port") if name in parts}
        order = {
            "server": {**address, "database": parts["dbname"]},
            "jobs": jobs,
            "processes": self.processes,
            "consumers": self.consumers,
            "batch_size": self.batch_size,
        }
        took_s = timed_peer(python, "with_pgqueuer.py", order)
        server.drop(url)
        return jobs / took_s


_WAYS = [_Way(1, 1, 100), _Way(1, 2, 1_000), _Way(2, 1, 100), _Way(2, 1, 1_000), _Way(2, 2, 1_000), _Way(3, 1, 300)]


def claims(server: Server, wanted: Wanted) -> Bench:
    """Hold the service against pgqueuer in the quickest of its ways, tried in a round that is not counted."""
    python = peers_python(wanted.tell)
    rows = wanted.of(_ROWS)
    landing = Landing(server, "bench_job", [f'{{"n": {n}}}' for n in range(rows + WARM)], _MADE)
    tried: list[tuple[float, _Way]] = []
    for way in _WAYS:
        tried.append((way.run(server, python, min(rows, _TRIED)), way))
        wanted.tell(f"claims: pgqueuer, {way}: {tried[-1][0]:,.0f} jobs/s")
    best = max(tried, key=lambda one: one[0])[1]

    def service() -> Sample:
        found = landing.service()
        if found.made != ((len(landing.documents),),):
            raise RuntimeError(f"{found.made} rows were skipped, of {len(landing.documents)}")
        return Sample(found.value, rows)

    return Bench(
        "claims",
        f"{rows:,} rows or jobs that give nothing; the service's are claimed, fetched, parsed and finished as skipped, from their commit to the "
        "end of the last; pgqueuer's were enqueued before, from the start of its warm loop to the last that it logs as successful",
        "rows/s",
        Side("service, a slip whose `when` is false", service),
        Side(f"{pinned('pgqueuer')}, asyncpg and uvloop, {best}", lambda: Sample(best.run(server, python, rows), rows)),
        (Bar(8, 15),),
    )
