"""Runs: what a statement stages waits as few rows of the inbox, each of consecutive ids of one source and slip."""

import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from etl_actors.relational.parsed import Group
from etl_actors.store.audit.audit import audit, repair
from etl_actors.store.database import Connection, connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import release, rescue, split
from etl_actors.store.ledger import ledger
from tests.support.documents import one, stage, until_blocked, waiting
from tests.support.leases import OWNER, claim

_ROWS = "INSERT INTO etl.staging (source, payload, slip) SELECT s, '{}', p FROM unnest(%s::text[], %s::text[]) AS u (s, p)"


def runs(conn: Connection) -> list[tuple[Any, ...]]:
    return conn.execute("SELECT source, row_id, rows FROM etl.inbox ORDER BY row_id").fetchall()


def lengths(conn: Connection) -> list[int]:
    return [rows for *_, rows in runs(conn)]


def feed(admin: Connection, sources: Sequence[str], slips: Sequence[str | None] | None = None) -> None:
    """Stage a row for each of these sources, in one statement; all without a slip, where none are given."""
    admin.execute(_ROWS, [list(sources), list(slips or [None] * len(sources))])


def status(conn: Connection, row_id: int) -> str | None:
    found: str | None = one(conn, "SELECT status FROM etl.row_status WHERE row_id = %s", row_id)
    return found


@pytest.mark.parametrize(
    ("rows", "made"),
    [(0, []), (1, [1]), (8, [1] * 8), (9, [9]), (500, [500]), (501, [500, 1]), (1200, [500, 500, 200])],
    ids=str,
)
def test_a_statement_of_more_than_a_few_rows_makes_runs_of_500_at_most(
    producer: Connection, service: Connection, rows: int, made: list[int]
) -> None:
    row_ids = stage(producer, "shop", range(rows))
    assert lengths(service) == made
    assert waiting(service) == row_ids


def test_copy_makes_runs(producer: Connection, service: Connection) -> None:
    with producer.cursor() as cursor, cursor.copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for n in range(700):
            copy.write_row(("shop", str(n)))
    assert runs(service) == [("shop", 1, 500), ("shop", 501, 200)]


def test_a_run_ends_where_another_source_begins(admin: Connection) -> None:
    feed(admin, ["shop"] * 10 + ["web"] * 5 + ["shop"] * 10)
    assert runs(admin) == [("shop", 1, 10), ("web", 11, 5), ("shop", 16, 10)]


def test_sources_that_take_turns_make_runs_of_one_row(admin: Connection) -> None:
    feed(admin, ["shop", "web"] * 10)
    assert runs(admin) == [(("shop", "web")[(n - 1) % 2], n, 1) for n in range(1, 21)]


def test_a_run_ends_where_another_slip_is_named(admin: Connection) -> None:
    feed(admin, ["shop"] * 12, ["a"] * 5 + [None] * 4 + ["b"] * 3)
    found = admin.execute("SELECT row_id, rows, slip FROM etl.inbox ORDER BY row_id").fetchall()
    assert found == [(1, 5, "a"), (6, 4, None), (10, 3, "b")]


def test_rows_whose_ids_are_not_in_the_order_of_the_statement_make_the_same_runs(admin: Connection) -> None:
    admin.execute(
        "INSERT INTO etl.staging (row_id, source, payload) OVERRIDING SYSTEM VALUE "
        "SELECT n, 'shop', '{}' FROM generate_series(40, 1, -1) n WHERE n NOT IN (7, 20, 21)"
    )
    assert runs(admin) == [("shop", 1, 6), ("shop", 8, 12), ("shop", 22, 19)]


def test_sessions_whose_ids_interleave_make_runs_of_what_is_consecutive(
    producer: Connection, producer_url: str, admin: Connection
) -> None:
    slow = (
        b"INSERT INTO etl.staging (source, payload) SELECT 'shop', "
        b"to_jsonb(CASE n WHEN 11 THEN pg_advisory_xact_lock(1)::text ELSE '' END) FROM generate_series(1, 20) n"
    )
    admin.execute("SELECT pg_advisory_lock(1)")
    with psycopg.connect(producer_url, autocommit=True) as other:
        inserting = threading.Thread(target=other.execute, args=(slow,))
        inserting.start()
        try:
            until_blocked(admin, other.info.backend_pid)
            assert stage(producer, "shop", range(15)) == list(range(11, 26))
            assert runs(admin) == [("shop", 11, 15)]
        finally:
            admin.execute("SELECT pg_advisory_unlock(1)")
            inserting.join(60)
    assert runs(admin) == [("shop", 1, 10), ("shop", 11, 15), ("shop", 26, 10)]


def test_a_large_document_is_alone(producer: Connection, service: Connection) -> None:
    documents: list[object] = [{}] * 20
    documents[7] = documents[8] = "x" * 300_000
    stage(producer, "shop", documents)
    assert lengths(service) == [7, 1, 1, 11]
    sizes = [size for (size,) in service.execute("SELECT bytes FROM etl.inbox ORDER BY row_id")]
    assert sizes[0] < 100
    assert 300_000 < sizes[1] == sizes[2] < 300_100
    assert sizes[3] < 200


def test_a_run_ends_with_the_row_that_makes_it_256_kilobytes(producer: Connection, service: Connection) -> None:
    stage(producer, "shop", ["x" * 100_000] * 12)
    found = service.execute("SELECT rows, bytes FROM etl.inbox ORDER BY row_id").fetchall()
    assert [rows for rows, _ in found] == [3, 3, 2, 3, 1]
    assert all(100_000 * rows < size < 100_100 * rows for rows, size in found)


def test_documents_of_a_run_that_were_taken_compressed_count_what_they_hold(admin: Connection) -> None:
    admin.execute("CREATE TABLE archive (document jsonb)")
    admin.execute("INSERT INTO archive SELECT to_jsonb(repeat('etl ', 5000)) FROM generate_series(1, 12)")
    assert one(admin, "SELECT max(pg_column_size(document)) FROM archive") < 1000
    admin.execute("INSERT INTO etl.staging (source, payload) SELECT 'shop', document FROM archive")
    assert one(admin, "SELECT sum(rows), sum(bytes) / 12 - 20000 BETWEEN 0 AND 100 FROM etl.inbox") == (12, True)
    assert len(lengths(admin)) < 3


def test_the_status_of_each_row_of_a_run_is_told(admin: Connection, service: Connection) -> None:
    feed(admin, ["shop"] * 600 + ["web"], ["named"] * 600 + [None])
    assert lengths(service) == [500, 100, 1]
    admin.execute("DELETE FROM etl.inbox WHERE row_id IN (501, 601)")
    told = {row_id: status(service, row_id) for row_id in (1, 2, 250, 499, 500, 501, 600, 601)}
    assert told == dict.fromkeys((1, 2, 250, 499, 500), "pending") | dict.fromkeys((501, 600, 601))
    assert one(service, "SELECT slip FROM etl.row_status WHERE row_id = 250") == "named"
    counted = service.execute("SELECT status, slip, count(*) FROM etl.row_status GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
    assert counted == [("pending", "named", 500), (None, None, 101)]


def test_a_row_does_not_wait_in_a_run_of_another_source(admin: Connection) -> None:
    feed(admin, ["shop"] * 20)
    admin.execute("UPDATE etl.inbox SET source = 'other'")
    assert status(admin, 1) is None
    assert status(admin, 20) is None


def test_the_ledger_counts_the_rows_of_runs(producer: Connection, service: Connection) -> None:
    stage(producer, "shop", range(600))
    (books,) = ledger(service)
    assert (books.staged, books.pending, books.balanced) == (600, 600, True)
    lease = claim(service, 130)
    (books,) = ledger(service)
    assert (books.pending, books.claimed, books.balanced) == (470, 130, True)
    release(service, lease.batch_id, lease.token)
    (books,) = ledger(service)
    assert (books.pending, books.claimed, books.balanced) == (600, 0, True)


def test_what_is_given_back_waits_as_runs_and_weighs_what_it_weighed(producer: Connection, service: Connection) -> None:
    row_ids = stage(producer, "shop", ["x" * 100] * 9000)
    size = one(service, "SELECT sum(bytes) FROM etl.inbox")
    lease = claim(service)
    assert release(service, lease.batch_id, lease.token) == 9000
    assert runs(service) == [("shop", first, 500) for first in range(1, 9000, 500)]
    assert waiting(service) == row_ids
    assert one(service, "SELECT sum(bytes) FROM etl.inbox") == size == lease.nbytes


def test_what_is_given_back_of_a_batch_with_gaps_waits_as_its_islands(admin: Connection, service: Connection) -> None:
    feed(admin, ["shop"] * 10 + ["web"] * 5 + ["shop"] * 10)
    inbox = Inbox(service, OWNER)
    inbox.look()
    for _ in range(2):
        for lease in inbox.claim(100, 2**30):
            release(service, lease.batch_id, lease.token)
    assert runs(service) == [("shop", 1, 10), ("web", 11, 5), ("shop", 16, 10)]


def test_large_rows_are_given_back_in_runs_of_256_kilobytes(producer: Connection, service: Connection) -> None:
    stage(producer, "shop", ["x" * 50_000] * 20)
    lease = claim(service)
    release(service, lease.batch_id, lease.token)
    assert lengths(service) == [5, 5, 5, 5]
    assert one(service, "SELECT max(bytes) FROM etl.inbox") < 262_144


def test_the_children_of_a_batch_are_given_back_each_as_runs_of_its_own(producer: Connection, service: Connection) -> None:
    row_ids = stage(producer, "shop", range(30))
    lease = claim(service)
    split(service, lease, [Group("a", lease.row_ids[::3]), Group("b", lease.row_ids[1::3] + lease.row_ids[2::3])])
    for child in rescue(service, OWNER + 1, 60, 10):
        release(service, child.batch_id, child.token)
    assert waiting(service) == row_ids
    assert lengths(service) == [1, 2] * 10
    assert claim(service).row_ids == tuple(row_ids)


def test_rows_of_a_batch_that_name_different_slips_are_given_back_each_with_its_own(
    admin: Connection, service: Connection
) -> None:
    """No claim makes such a batch; a run that began with one of them would have the others' ids."""
    feed(admin, ["shop"] * 12, ["a", "b", "b"] * 4)
    inbox = Inbox(service, OWNER)
    inbox.look()
    a, b = sorted(inbox.claim(12, 2**30), key=lambda lease: lease.slip or "")
    admin.execute("DELETE FROM etl.batch WHERE batch_id = %s", [b.batch_id])
    admin.execute("UPDATE etl.batch SET row_ids = %s, row_hi = 12 WHERE batch_id = %s", [list(range(1, 13)), a.batch_id])
    assert release(service, a.batch_id, a.token) == 12
    found = service.execute("SELECT row_id, rows, slip FROM etl.inbox ORDER BY row_id").fetchall()
    assert found == [run for n in range(1, 12, 3) for run in ((n, 1, "a"), (n + 1, 2, "b"))]


def test_rows_that_are_enqueued_by_a_repair_wait_as_runs(admin: Connection, database: str) -> None:
    feed(admin, ["shop"] * 700)
    admin.execute("UPDATE etl.inbox SET rows = 100, bytes = bytes / 5 WHERE row_id = 1")
    admin.execute("UPDATE etl.inbox SET rows = 50, bytes = bytes / 4 WHERE row_id = 501")
    with connect(database, role="etl_operator") as operator:
        assert [(row.source, row.rows, row.first_row) for row in repair(operator)] == [("shop", 550, 101)]
        assert audit(operator, "public").findings == ()
    assert runs(admin) == [("shop", 1, 100), ("shop", 101, 400), ("shop", 501, 50), ("shop", 551, 100), ("shop", 651, 50)]


def test_a_run_over_more_rows_than_a_look_for_one_goes_back_is_refused(admin: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute("INSERT INTO etl.inbox (source, row_id, rows, bytes) VALUES ('shop', 1, 501, 1)")
