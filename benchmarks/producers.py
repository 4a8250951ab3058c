"""What producers pay: commits of single rows into staging against a bare table of the same columns."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import LiteralString

import psycopg

from benchmarks.documents import products
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server
from benchmarks.service import asleep

__all__ = ["producers", "producers_alone"]

_PROCESSES, _THREADS = 2, 4
_LIMIT_S = 60.0  # for all clients to be connected

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
    """What one client process is to do."""

    url: str
    table: str
    rows: int
    seed: int


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
    """Return the seconds from the moment that all clients are connected to the end of the last one."""
    context = get_context("spawn")
    orders = [_Order(url, table, count // _PROCESSES, seed) for seed in range(_PROCESSES)]
    with context.Pool(_PROCESSES, _meet, (context.Barrier(_PROCESSES * _THREADS),)) as pool:
        spans = pool.map(_client, orders, chunksize=1)
    return max(end for _, end in spans) - min(begin for begin, _ in spans)


_start: list[Barrier] = []  # of this client process: where all threads of all processes wait for one another


def _meet(barrier: Barrier) -> None:
    _start.append(barrier)


def _client(order: _Order) -> tuple[float, float]:
    """Be one client process: return when its threads began and were done, by the clock that all processes share."""
    documents = products(order.rows, seed=order.seed)
    with ThreadPoolExecutor(_THREADS) as pool:
        spans = list(pool.map(lambda place: _thread(order, documents[place::_THREADS]), range(_THREADS)))
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def _thread(order: _Order, documents: list[str]) -> tuple[float, float]:
    statement = _INTO[order.table][0]
    with psycopg.connect(order.url, autocommit=True) as conn:
        _start[0].wait(_LIMIT_S)
        began = time.monotonic()
        for document in documents:
            conn.execute(statement, ("bench_shop", document))
        return began, time.monotonic()
