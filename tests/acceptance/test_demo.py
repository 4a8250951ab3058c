"""`etl-actors demo`, as `make demo` runs it."""

import psycopg
import pytest

from etl_actors.demo.daemon import Daemon
from etl_actors.errors import EtlError
from etl_actors.settings import load_settings
from tests.support.contents import settled
from tests.support.daemon import environment, etl

TABLES = ("python_distribution", "python_requirement", "python_file", "shop_product", "shop_offer")


def _demo(database: str) -> str:
    done = etl("demo", "--documents", 1_500, env=environment(database))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def _counts(database: str) -> dict[str, int]:
    with psycopg.connect(database) as conn:
        return {table: _count(conn, f"SELECT count(*) FROM public.{table}") for table in TABLES}


def _count(conn: psycopg.Connection, query: str) -> int:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_it_ends_well_twice_and_the_tables_do_not_grow(database: str) -> None:
    """Run it on an empty database and again: it says what it did, leaves nothing waiting and no daemon, and adds no row."""
    first = _demo(database)
    assert settled(database)
    for said in ("The books", "Throughput:", "p50", "p99", "clean.", "not_a_timestamp", *TABLES):
        assert said in first
    assert "had been fed before" not in first
    counts = _counts(database)
    assert all(counts.values())

    second = _demo(database)
    assert settled(database)
    assert "had been fed before" in second
    assert _counts(database) == counts
    with psycopg.connect(database) as conn:
        assert _count(conn, "SELECT count(*) FROM etl.daemon") == 0
        assert _count(conn, "SELECT count(*) FROM etl.reject WHERE stage = 'stage'") > 0
        assert _count(conn, "SELECT count(*) FROM etl.ledger WHERE NOT balanced") == 0


def test_a_daemon_that_cannot_start_is_told_with_the_end_of_its_log() -> None:
    nowhere = "postgresql:///etl?host=/nowhere-at-all"
    with (
        pytest.raises(EtlError, match=r"(?s)The daemon ended with status 3; its log ends so:.*No answer"),
        Daemon(load_settings(), nowhere, ["shop"]),
    ):
        pytest.fail("it started")
