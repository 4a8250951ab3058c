"""What producers pay: commits of single rows into staging against a bare table of the same columns."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from typing import LiteralString

import psycopg

from benchmarks.documents import products
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server
from benchmarks.service import asleep

__all__ = ["producers", "producers_alone"]

_PROCESSES, _THREADS = 2, 4
_HEAD_START_S = 1.5  # until all processes have imported and connected

_BARE: LiteralString = (
    "CREATE TABLE bare (row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL, payload jsonb NOT NULL, "
    "slip text, trace text, received_at timestamptz NOT NULL DEFAULT now())"
)
_INTO: dict[str, tuple[LiteralString, LiteralString]] = {
    "bare": ("INSERT INTO bare (source, payload) VALUES (%s, %s)", "SELECT count(*) FROM bare"),
    "staging": ("INSERT INTO etl.staging (source, payload) VALUES (%s, %s)", "SELECT count(*) FROM etl.staging"),
}


@dataclass(frozen=True, slots=True)
class _Order:
    """What one client process is to do; it begins at `start_at` of the clock that all processes share."""

    url: str
    table: str
    rows: int
    seed: int
    start_at: float


def producers(server: Server, rows: int) -> Bench:
    """Producers beside a daemon that was asleep: it wakes at the first row, and works on the same cores."""
    return _bench(server, rows, "producers", "a daemon that sleeps at the beginning beside it", asleep)


def producers_alone(server: Server, rows: int) -> Bench:
    """Producers without a daemon: what the trigger and the inbox cost."""
    return _bench(server, rows, "producers_alone", "no daemon running", lambda _url: nullcontext())


def _bench(server: Server, rows: int, name: str, with_what: str, beside: Callable[[str], AbstractContextManager[None]]) -> Bench:
    count = max(1, rows // 4 // (_PROCESSES * _THREADS)) * _PROCESSES * _THREADS

    def staging() -> Sample:
        return _measured(server, "staging", count, beside)

    def bare() -> Sample:
        return _measured(server, "bare", count, lambda _url: nullcontext())

    what = f"{count:,} commits of one row by {_PROCESSES * _THREADS} threads in {_PROCESSES} processes, {with_what}"
    return Bench(name, what, "commits/s", Side("etl.staging", staging), Side("a bare table of the same columns", bare))


def _measured(server: Server, table: str, count: int, beside: Callable[[str], AbstractContextManager[None]]) -> Sample:
    url = server.database()
    with psycopg.connect(url) as conn:
        conn.execute(_BARE)
    with beside(url):
        took_s = _produce(url, table, count)
    with psycopg.connect(url) as conn:
        held = conn.execute(_INTO[table][1]).fetchone()
    server.drop(url)
    return Sample(count / took_s, held)


def _produce(url: str, table: str, count: int) -> float:
    start_at = time.monotonic() + _HEAD_START_S
    orders = [_Order(url, table, count // _PROCESSES, seed, start_at) for seed in range(_PROCESSES)]
    with get_context("spawn").Pool(_PROCESSES) as pool:
        ends = pool.map(_client, orders, chunksize=1)
    return max(ends) - start_at


def _client(order: _Order) -> float:
    """Be one client process: return when the last of its threads was done."""
    documents = products(order.rows, seed=order.seed)
    with ThreadPoolExecutor(_THREADS) as pool:
        return max(pool.map(lambda place: _thread(order, documents[place::_THREADS]), range(_THREADS)))


def _thread(order: _Order, documents: list[str]) -> float:
    statement = _INTO[order.table][0]
    with psycopg.connect(order.url, autocommit=True) as conn:
        late_s = time.monotonic() - order.start_at
        if late_s > 0:
            raise RuntimeError(f"a client was {late_s:.1f} s late; give it a longer head start")
        time.sleep(-late_s)
        for document in documents:
            conn.execute(statement, ("bench_shop", document))
    return time.monotonic()
