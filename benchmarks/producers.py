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

from benchmarks.bars import Bar
from benchmarks.documents import products
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server
from benchmarks.service import asleep, running
from benchmarks.wanted import Wanted

__all__ = ["producers", "producers_alone", "producers_asleep"]

_Beside = Callable[[str], AbstractContextManager[object]]

_ROWS = 16_000
_PROCESSES, _THREADS = 2, 8
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


def producers(server: Server, wanted: Wanted) -> Bench:
    """Producers beside a daemon that loads what they stage: it sleeps until the first row, then works on the same cores."""
    return _bench(server, wanted, "producers", "a daemon beside them that loads what they stage", asleep, Bar(0.5, 0.7))


def producers_asleep(server: Server, wanted: Wanted) -> Bench:
    """Producers beside a daemon that sleeps: it claims none of their rows, so that what rings finds it asleep again and again."""

    def beside(url: str) -> AbstractContextManager[object]:
        return running(url, SOURCES="none of theirs")

    with_what = "a daemon beside them that is rung awake, finds nothing that it may claim, and sleeps again"
    return _bench(server, wanted, "producers_asleep", with_what, beside, Bar(0.7, 0.85))


def producers_alone(server: Server, wanted: Wanted) -> Bench:
    """Producers without a daemon: what the trigger and the inbox cost."""
    return _bench(server, wanted, "producers_alone", "no daemon running", lambda _url: nullcontext())


def _bench(server: Server, wanted: Wanted, name: str, with_what: str, beside: _Beside, *bars: Bar) -> Bench:
    count = max(1, wanted.of(_ROWS) // (_PROCESSES * _THREADS)) * _PROCESSES * _THREADS

    def staging() -> Sample:
        return _measured(server, "staging", count, beside)

    def bare() -> Sample:
        return _measured(server, "bare", count, lambda _url: nullcontext())

    what = f"{count:,} commits of one row by {_PROCESSES * _THREADS} clients, threads of {_PROCESSES} processes, {with_what}"
    return Bench(name, what, "commits/s", Side("etl.staging", staging), Side("a bare table of the same columns", bare), bars)


def _measured(server: Server, table: str, count: int, beside: _Beside) -> Sample:
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
