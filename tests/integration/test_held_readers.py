"""Readers of a break-out's tables are not held while these change, whoever else has them."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from etl_actors.relational.breakout.seen import seen_in
from etl_actors.relational.parsed import Parsed
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import Connection
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import leased

SLIP = read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public")
CHILDREN = tuple("abcdefghijkl")
TABLES = ["shop", *(f"shop__{name}" for name in CHILDREN)]
DATED: dict[str, Any] = {"at": "2024-03-09", "m": {"x": 1}} | {name: ["2024-03-09"] for name in CHILDREN}
TEXTS: dict[str, Any] = {"at": "soon"} | {name: ["soon"] for name in CHILDREN}
MAPS: dict[str, Any] = {"m": {"2024": 1}}
STEP_S = 0.4  # each child is somebody's for so much longer than the one before: less than a change of one table waits


def _land(service: Connection, producer: Connection, document: dict[str, Any]) -> None:
    lease = leased(producer, service, [document])
    parser = BatchParser(lambda row_ids: fetch(service, row_ids), "public", growing=Breakouts(service, "public"))
    parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(SLIP.digest, SLIP.files),))))
    assert isinstance(parsed, Parsed)
    assert Loading(service).load(lease, parsed).loaded == 1


@contextmanager
def _reading(url: str, table: str) -> Iterator[list[float]]:
    """Read a table again and again; yield how long each read took, in seconds."""
    over, took = threading.Event(), [0.0]

    def read() -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as conn:
            while not over.wait(0.005):
                began = time.monotonic()
                conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
                took.append(time.monotonic() - began)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield took
    finally:
        over.set()
        reader.join()


@contextmanager
def _had(url: str, tables: Sequence[str]) -> Iterator[None]:
    """Let each table be read by a transaction that goes on for a while, each a step longer than the one before."""
    held = threading.Barrier(len(tables) + 1)

    def hold(table: str, for_s: float) -> None:
        with psycopg.connect(url) as conn:
            conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            held.wait()
            time.sleep(for_s)

    threads = [threading.Thread(target=hold, args=(table, STEP_S * number)) for number, table in enumerate(tables, 1)]
    for thread in threads:
        thread.start()
    held.wait()
    yield
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("news", [TEXTS, MAPS], ids=["in place", "filled anew"])
def test_a_reader_does_not_wait_until_all_tables_are_free_one_after_the_other(
    service: Connection, producer: Connection, database: str, news: dict[str, Any]
) -> None:
    """Read the first and the last table: whichever is locked first."""
    ensure_tables(service, SLIP.targets, SLIP.name)
    remember(service, SLIP)
    _land(service, producer, DATED)
    first, *others, last = TABLES
    with _reading(database, first) as took, _reading(database, last) as took_too, _had(database, others):
        Breakouts(service, "public").grow(SLIP, seen_in(news))
    assert min(len(took), len(took_too)) > 2
    # It waits behind a change for half a second; until all are free, it would be eleven steps of 0.4 s.
    longest = max(took + took_too)
    assert longest < 4.5 * STEP_S, f"a reader waited {longest:.2f} s"
