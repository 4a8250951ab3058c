"""What producers pay: commits of single rows into staging against a bare table of the same columns.

The clients are pgbench's: on few cores those of Python would be much of what is measured.
"""

import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import psycopg

from benchmarks.bars import Bar
from benchmarks.documents import PRODUCT_BYTES, products
from benchmarks.flat import SOURCE
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server
from benchmarks.service import asleep, running
from benchmarks.wanted import Wanted
from etl_actors.embedded import binary

__all__ = ["producers", "producers_alone", "producers_asleep", "rate_of"]

_Beside = Callable[[str], AbstractContextManager[object]]

_ROWS = 80_000
_CLIENTS, _THREADS = 16, 2
_LIMIT_S = 600.0
_SKU = "SKU-00000000"  # of the document that is written into the script, where pgbench puts a number in its place

_BARE: LiteralString = (
    "CREATE TABLE bare (row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL, payload jsonb NOT NULL, "
    "slip text, trace text, received_at timestamptz NOT NULL DEFAULT now())"
)
_COUNTS: dict[str, LiteralString] = {"bare": "SELECT count(*) FROM bare", "etl.staging": "SELECT count(*) FROM etl.staging"}


def producers(server: Server, wanted: Wanted) -> Bench:
    """Producers beside a daemon that loads what they stage: it sleeps until the first row, then works on the same cores."""
    return _bench(server, wanted, "producers", "a daemon beside them that loads what they stage", asleep, Bar(0.5, 0.7))


def producers_asleep(server: Server, wanted: Wanted) -> Bench:
    """Producers beside a daemon that sleeps: it claims none of their rows, so that what rings finds it asleep again and again."""

    def beside(url: str) -> AbstractContextManager[object]:
        return running(url, SOURCES="none of theirs")

    with_what = "a daemon beside them that is rung, finds nothing that it may claim, and sleeps on"
    return _bench(server, wanted, "producers_asleep", with_what, beside, Bar(0.7, 0.85))


def producers_alone(server: Server, wanted: Wanted) -> Bench:
    """Producers without a daemon: what the trigger and the inbox cost."""
    return _bench(server, wanted, "producers_alone", "no daemon running", lambda _url: nullcontext())


def _bench(server: Server, wanted: Wanted, name: str, with_what: str, beside: _Beside, *bars: Bar) -> Bench:
    each = max(1, wanted.of(_ROWS) // _CLIENTS)

    def staging() -> Sample:
        return _measured(server, "etl.staging", each, beside)

    def bare() -> Sample:
        return _measured(server, "bare", each, lambda _url: nullcontext())

    what = f"{each * _CLIENTS:,} commits of one row of {PRODUCT_BYTES} bytes by {_CLIENTS} clients of pgbench, {with_what}"
    return Bench(name, what, "commits/s", Side("etl.staging", staging), Side("a bare table of the same columns", bare), bars)


def _measured(server: Server, table: str, each: int, beside: _Beside) -> Sample:
    url = server.database()
    with psycopg.connect(url) as conn:
        conn.execute(_BARE)
    with beside(url):
        rate = _produce(url, table, each)
    with psycopg.connect(url) as conn:
        held = conn.execute(_COUNTS[table]).fetchone()
    server.drop(url)
    return Sample(rate, held)


def _produce(url: str, table: str, each: int) -> float:
    """Have each client commit so many rows, and return the commits a second."""
    with TemporaryDirectory() as folder:
        script = Path(folder, "produce.sql")
        script.write_text(_script(table), encoding="utf-8")
        told = ["--no-vacuum", f"--client={_CLIENTS}", f"--jobs={_THREADS}", f"--transactions={each}", f"--file={script}", url]
        done = subprocess.run([str(binary("pgbench")), *told], capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    return rate_of(done.stdout)


def rate_of(report: str) -> float:
    """Read the transactions a second from what pgbench says."""
    found = re.search(r"^tps = ([0-9.]+)", report, re.MULTILINE)
    if not found:
        raise RuntimeError(f"expected a line of pgbench that begins with tps, got {report[-500:]!r}")
    return float(found[1])


def _script(table: str) -> str:
    (document,) = products(1)
    assert _SKU in document
    assert "'" not in document
    return f"\\set n random(10000000, 99999999)\nINSERT INTO {table} (source, payload) VALUES ('{SOURCE}', '{document.replace(_SKU, 'SKU-:n')}');\n"
