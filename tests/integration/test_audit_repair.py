"""The audit's repair: rows that nothing knows of wait again, each once, whoever claims, gives back or repairs meanwhile."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from etl_actors.store.audit.audit import Enqueued, audit, repair
from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import release
from etl_actors.store.ledger import ledger
from tests.support.documents import one, stage, until_blocked
from tests.support.leases import claim

_LOCK = "hashtextextended('etl.enqueue_lost', 0)"


@pytest.fixture
def operator(database: str) -> Iterator[Connection]:
    """Connect with an operator's rights only."""
    with connect(database, role="etl_operator") as conn:
        yield conn


def bypass(admin: Connection, row_id: int, payload: str = "{}", slip: str | None = None, source: str = "shop") -> None:
    """Insert a row straight into a partition, past the trigger."""
    admin.execute(
        "INSERT INTO etl.staging_0000000000000000001 (row_id, source, payload, slip) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s)",
        [row_id, source, payload, slip],
    )


def waiting(conn: Connection) -> list[tuple[object, ...]]:
    runs = "SELECT i.source, u, i.slip FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) u ORDER BY u"
    return conn.execute(runs).fetchall()


def test_what_bypassed_the_trigger_and_what_was_lost_from_the_inbox_waits_afterwards(
    admin: Connection, producer: Connection, operator: Connection
) -> None:
    stage(producer, "shop", [1, 2])
    stage(producer, "web", [{"k": "x" * 50}])
    (size,) = admin.execute("DELETE FROM etl.inbox WHERE source = 'web' RETURNING bytes").fetchall()
    bypass(admin, 100, slip="by_name")
    admin.execute("SET session_replication_role = replica; INSERT INTO etl.staging (source, payload) VALUES ('shop', '4')")
    found = {finding.check for finding in audit(operator, "public").findings}
    assert found == {"unbalanced", "nowhere"}
    assert repair(operator) == (Enqueued("shop", 2, 4), Enqueued("web", 1, 3))
    assert waiting(operator) == [
        ("shop", 1, None),
        ("shop", 2, None),
        ("web", 3, None),
        ("shop", 4, None),
        ("shop", 100, "by_name"),
    ]
    assert one(operator, "SELECT bytes FROM etl.inbox WHERE source = 'web'") == size[0], "as the trigger counts them"
    assert audit(operator, "public").findings == ()


def test_a_repair_is_recorded_and_one_of_nothing_is_not(admin: Connection, operator: Connection) -> None:
    assert repair(operator) == ()
    bypass(admin, 7)
    repair(operator)
    assert repair(operator) == ()
    assert operator.execute("SELECT actor, action, detail FROM etl.action").fetchall() == [
        (operator.info.user, "audit repair", {"enqueued": [{"source": "shop", "rows": 1, "first_row": 7}]})
    ]


def test_a_daemon_that_sleeps_is_woken_by_a_repair(admin: Connection, service: Connection, operator: Connection) -> None:
    service.execute("LISTEN etl_staged")
    bypass(admin, 7)
    repair(operator)
    assert [notice.channel for notice in service.notifies(timeout=60, stop_after=1)] == ["etl_staged"]


def test_what_came_into_a_part_of_staging_that_was_counted_is_counted_again(
    admin: Connection, producer: Connection, operator: Connection
) -> None:
    for _ in range(4):
        stage(producer, "shop", range(5))  # too few to be a run: row 5 can be lost alone
    for _ in range(2):
        admin.execute("SELECT etl.seal_staging_partitions(10)")
    assert one(admin, "SELECT counted_hi, passed_hi FROM etl.staging_partition ORDER BY row_lo LIMIT 1") == (21, 21)
    stage(producer, "shop", [20])
    bypass(admin, 0x7FFF)
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("DELETE FROM etl.staging WHERE row_id = 5")
        admin.execute("DELETE FROM etl.inbox WHERE row_id = 5")
    assert [found.check for found in audit(operator, "public").findings] == ["unbalanced", "sealed", "nowhere"]
    bypass(admin, 5)
    repair(operator)
    assert audit(operator, "public").findings == ()
    (books,) = ledger(operator)
    assert (books.staged, books.pending, books.balanced) == (22, 22, True)


def test_rows_that_are_claimed_or_given_back_at_the_same_moment_are_left_alone(
    producer: Connection, service: Connection, operator: Connection
) -> None:
    """A claim and a release move a row in one statement: a snapshot has it in one place or in the other."""
    stage(producer, "shop", [1, 2])
    with service.transaction():
        lease = claim(service)
        assert repair(operator) == ()
    assert repair(operator) == ()
    with service.transaction():
        release(service, lease.batch_id, lease.token)
        assert repair(operator) == ()
    assert waiting(operator) == [("shop", 1, None), ("shop", 2, None)]
    assert audit(operator, "public").findings == ()


def test_a_second_repair_does_not_enqueue_what_the_first_one_did_and_a_daemon_has_claimed_since(
    admin: Connection, database: str, service: Connection, operator: Connection
) -> None:
    """With a snapshot from before the first repair's end it would see the row nowhere, and the inbox has no row to collide with."""
    bypass(admin, 7)
    second: list[tuple[Enqueued, ...]] = []
    with connect(database, role="etl_operator") as late:
        admin.execute(f"SELECT pg_advisory_lock({_LOCK})".encode())
        thread = threading.Thread(target=lambda: second.append(repair(late)))
        thread.start()
        try:
            until_blocked(admin, late.info.backend_pid)
            assert admin.execute("SELECT * FROM etl.enqueue_lost()").fetchall() == [("shop", 1, 7)]
            assert claim(service).row_ids == (7,)
        finally:
            admin.execute(f"SELECT pg_advisory_unlock({_LOCK})".encode())
            thread.join(60)
    assert second == [()]
    assert waiting(operator) == []
    assert audit(operator, "public").findings == ()


@pytest.mark.parametrize(
    ("meanwhile", "enqueued"),
    [
        ([("shop", 3, 1)], [("shop", 7, 4), ("web", 3, 11)]),
        ([("shop", 3, 8)], [("web", 3, 11)]),
        ([("shop", 6, 2), ("web", 11, 1)], [("shop", 6, 3), ("web", 2, 12)]),
        ([("shop", 3, 1), ("web", 12, 2)], [("shop", 7, 4), ("web", 1, 11)]),
        ([("shop", 5, 1), ("shop", 8, 3), ("web", 11, 3)], [("shop", 4, 3)]),
    ],
    ids=["its_first_row", "all_of_it", "rows_within_it", "the_end_of_another", "much_of_both"],
)
def test_rows_that_are_put_into_the_inbox_by_hand_meanwhile_wait_once_and_none_is_left_out(
    admin: Connection,
    database: str,
    operator: Connection,
    meanwhile: list[tuple[str, int, int]],
    enqueued: list[tuple[str, int, int]],
) -> None:
    """Rows 3 to 10 of shop and 11 to 13 of web are lost. One run by hand begins as one of the repair's, which waits for its commit."""
    for row_id in range(3, 14):
        bypass(admin, row_id, source="shop" if row_id < 11 else "web")
    found: list[tuple[Any, ...]] = []
    with psycopg.connect(database) as hand, connect(database, role="etl_operator") as late:
        for source, first, rows in meanwhile:
            hand.execute("INSERT INTO etl.inbox (source, row_id, rows, bytes) VALUES (%s, %s, %s, 1)", [source, first, rows])
        thread = threading.Thread(target=lambda: found.extend(late.execute("SELECT * FROM etl.enqueue_lost()").fetchall()))
        thread.start()
        until_blocked(admin, late.info.backend_pid)
        hand.commit()
        thread.join(60)
    assert found == enqueued
    assert [(source, row_id) for source, row_id, _ in waiting(admin)] == [
        ("shop" if row_id < 11 else "web", row_id) for row_id in range(3, 14)
    ]
    assert audit(operator, "public").findings == ()


def test_a_repair_in_a_transaction_that_does_not_see_what_others_commit_is_refused(operator: Connection) -> None:
    with operator.transaction():
        operator.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(psycopg.errors.RaiseException, match="call it under READ COMMITTED"):
            repair(operator)


def test_a_repair_since_a_moment_leaves_earlier_rows_alone(admin: Connection, operator: Connection) -> None:
    bypass(admin, 7)
    assert repair(operator, datetime.now(UTC) + timedelta(hours=1)) == ()
    assert repair(operator, datetime.now(UTC) - timedelta(hours=1)) == (Enqueued("shop", 1, 7),)


@pytest.mark.parametrize("who", ["service_url", "producer_url"])
def test_only_an_operator_repairs(request: pytest.FixtureRequest, who: str) -> None:
    with psycopg.connect(request.getfixturevalue(who), autocommit=True) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="enqueue_lost"):
            conn.execute("SELECT etl.enqueue_lost()")
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
