"""What the demonstration waits for and measures, without a daemon."""

from collections.abc import Iterator

import psycopg
import pytest

from etl_actors.demo import books, latency
from etl_actors.demo.books import settled
from etl_actors.errors import EtlError
from etl_actors.store.database import Connection, connect


class Daemon:
    """Stands for a daemon: alive, and with a log."""

    def check(self) -> None:
        """Be alive."""

    def last_lines(self) -> str:
        return "the end of the log"


class Dead(Daemon):
    def check(self) -> None:
        msg = "it ended"
        raise EtlError(msg)


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    with connect(database) as connection:
        yield connection


def _stage(database: str) -> None:
    with psycopg.connect(database) as producer:
        producer.execute("INSERT INTO etl.staging (source, payload) VALUES ('shop', '{}'), ('other', '{}')")


def test_nothing_staged_is_settled(conn: Connection) -> None:
    assert settled(conn, ["shop"], Daemon()) == []


def test_rows_that_never_move_are_told_with_the_books_and_the_log(
    database: str, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "IDLE_S", 0.1)
    _stage(database)
    with pytest.raises(EtlError, match=r"(?s)1 rows still wait: shop: staged 1, pending 1, .*the end of the log"):
        settled(conn, ["shop"], Daemon())


def test_a_daemon_that_ended_is_not_waited_for(database: str, conn: Connection) -> None:
    _stage(database)
    with pytest.raises(EtlError, match="it ended"):
        settled(conn, ["shop"], Dead())


def test_other_sources_are_not_waited_for(database: str, conn: Connection) -> None:
    _stage(database)
    assert settled(conn, ["none"], Daemon()) == []


def test_rows_that_do_not_land_are_counted_as_missing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "_WAIT_S", 0.05)
    measured = latency.measure(database, "shop", [b"{}", b"[]"], per_second=1_000)
    assert measured == latency.Latency((), 2)


def test_a_row_s_time_ends_when_its_batch_is_seen_done(database: str) -> None:
    """Let the inserts themselves finish their batches: each row is landed when its commit is confirmed, or soon after."""
    with psycopg.connect(database) as admin:
        admin.execute(
            "CREATE FUNCTION land() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
            "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, outcomes, status, owner, loaded) "
            "SELECT source, ARRAY[row_id], row_id, row_id, 1, 'l', 'done', 1, 1 FROM new_rows; RETURN NULL; END $$"
        )
        admin.execute(
            "CREATE TRIGGER land AFTER INSERT ON etl.staging REFERENCING NEW TABLE AS new_rows "
            "FOR EACH STATEMENT EXECUTE FUNCTION land()"
        )
    measured = latency.measure(database, "shop", [b"{}"] * 20, per_second=200)
    assert measured.missing == 0
    assert len(measured.seconds) == 20
    assert sorted(measured.seconds) == list(measured.seconds)
    assert measured.percentile(1.0) < 5
