"""The books: they balance after every step, and each row's state is told from the data."""

from dataclasses import replace

import pytest

from etl_actors.relational.parsed import Group
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.tables import Policy
from etl_actors.store.database import Connection
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import release, rescue, split
from etl_actors.store.ledger import LedgerRow, glance, ledger
from etl_actors.store.loading.load import Loading
from tests.support.documents import one, stage
from tests.support.leases import OWNER, claim
from tests.support.tables import Note, parsed, shape

NOTE = shape(Policy.UPDATE).root


def books(conn: Connection, source: str = "shop") -> dict[str, int]:
    """Return a source's counts other than 0, after checking that they balance."""
    (row,) = [row for row in ledger(conn) if row.source == source]
    counts = {
        name: getattr(row, name)
        for name in ("staged", "pending", "claimed", "loaded", "duplicate", "skipped", "rejected", "pruned")
    }
    assert row.balanced
    assert counts["staged"] + counts["pruned"] == sum(counts.values()) - counts["staged"] - counts["pruned"]
    assert (row.oldest_pending_at is None) == (row.pending == 0)
    return {name: count for name, count in counts.items() if count}


def test_the_books_balance_after_every_step(producer: Connection, service: Connection) -> None:
    assert ledger(service) == []
    loading = Loading(service)
    stage(producer, "shop", range(10))
    assert books(service) == {"staged": 10, "pending": 10}
    lease = claim(service, 6)
    assert books(service) == {"staged": 10, "pending": 4, "claimed": 6}
    release(service, lease.batch_id, lease.token)
    assert books(service) == {"staged": 10, "pending": 10}
    lease = claim(service, 6)
    left, right = split(service, lease, [Group(None, lease.row_ids[:4]), Group(None, lease.row_ids[4:])])
    assert books(service) == {"staged": 10, "pending": 4, "claimed": 6}
    a, b, c, d = left.row_ids
    rejects = [Reject(c, Stage.MAP, "not_an_int", "expected an int")]
    loading.load(left, parsed(NOTE, [Note(a, 1), Note(b, 1)], rejects, skipped=[d]))
    settled = {"loaded": 1, "duplicate": 1, "skipped": 1, "rejected": 1}
    assert books(service) == {"staged": 10, "pending": 4, "claimed": 2} | settled
    (rescued,) = rescue(service, OWNER + 1, 60, 10)
    assert rescued.batch_id == right.batch_id
    assert books(service) == {"staged": 10, "pending": 4, "claimed": 2} | settled
    loading.load(rescued, parsed(NOTE, [Note(row_id, row_id) for row_id in rescued.row_ids]))
    rest = claim(service)
    loading.load(rest, parsed(NOTE, [Note(row_id, row_id) for row_id in rest.row_ids]))
    assert books(service) == {"staged": 10, "loaded": 7, "duplicate": 1, "skipped": 1, "rejected": 1}


def test_the_books_are_kept_by_source(producer: Connection, service: Connection) -> None:
    stage(producer, "shop", range(3))
    stage(producer, "web", range(2))
    inbox = Inbox(service, OWNER)
    inbox.look()
    (lease,) = inbox.claim(10, 2**30)
    other = {"shop": "web", "web": "shop"}[lease.source]
    rows = {"shop": 3, "web": 2}
    assert books(service, lease.source) == {"staged": rows[lease.source], "claimed": rows[lease.source]}
    assert books(service, other) == {"staged": rows[other], "pending": rows[other]}


def test_the_oldest_waiting_row_is_shown(producer: Connection, service: Connection) -> None:
    first, _ = stage(producer, "shop", [1, 2])
    (row,) = ledger(service)
    assert row.oldest_pending_at == one(service, "SELECT received_at FROM etl.staging WHERE row_id = %s", first)


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM etl.inbox WHERE row_id = (SELECT min(row_id) FROM etl.inbox)",
        "INSERT INTO etl.inbox (source, row_id, bytes) VALUES ('shop', 999, 1)",
        "UPDATE etl.batch SET status = 'released'",
    ],
    ids=["a_waiting_row_is_lost", "a_row_waits_that_is_not_staged", "a_claimed_batch_is_lost"],
)
def test_the_books_show_that_something_is_lost_or_invented(
    producer: Connection, service: Connection, admin: Connection, harm: str
) -> None:
    """`staged` is counted from staging itself: derived from the other counts, it would balance whatever happens."""
    stage(producer, "shop", range(4))
    claim(service, 2)
    books(service)
    admin.execute(harm.encode())
    (row,) = ledger(service)
    assert isinstance(row, LedgerRow)
    assert not row.balanced


def state(conn: Connection, row_id: int) -> tuple[object, ...]:
    row: tuple[object, ...] = one(
        conn, "SELECT status, batch_id, slip, reason, message FROM etl.row_status WHERE row_id = %s", row_id
    )
    return row


def test_row_status_tells_every_state(producer: Connection, service: Connection) -> None:
    loading = Loading(service)
    waiting = (None, None, None, None)
    a, b, c, d = stage(producer, "shop", range(4))
    assert state(service, a) == ("pending", *waiting)
    lease = claim(service)
    assert state(service, a) == ("claimed", lease.batch_id, None, None, None)
    release(service, lease.batch_id, lease.token)
    assert state(service, a) == ("pending", *waiting)
    lease = claim(service)
    rejects = [Reject(c, Stage.MAP, "not_an_int", "expected an int")]
    loading.load(lease, parsed(NOTE, [Note(a, 1), Note(b, 1)], rejects, skipped=[d]))
    done = (lease.batch_id, "note")
    assert state(service, a) == ("duplicate", *done, None, None)
    assert state(service, b) == ("loaded", *done, None, None)
    assert state(service, c) == ("rejected", *done, "not_an_int", "expected an int")
    assert state(service, d) == ("skipped", *done, None, None)


def test_row_status_follows_a_row_through_a_split(producer: Connection, service: Connection) -> None:
    a, b = stage(producer, "shop", range(2))
    lease = claim(service)
    left, right = split(service, lease, [Group("one", (a,)), Group("two", (b,))])
    assert state(service, a) == ("claimed", left.batch_id, "one", None, None)
    assert state(service, b) == ("claimed", right.batch_id, "two", None, None)


def test_a_row_that_bypassed_the_trigger_has_no_status(producer: Connection, service: Connection, admin: Connection) -> None:
    admin.execute("SET session_replication_role = replica")
    (row_id,) = stage(admin, "shop", [1])
    assert state(service, row_id) == (None,) * 5


def test_at_a_glance_the_books_are_those_of_the_ledger_as_long_as_not_too_much_waits(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    assert glance(service) == []
    for n in range(3):
        stage(producer, "shop", [n])
    stage(producer, "web", [3])
    claim(service, 1)
    assert glance(service) == glance(service, 0, 3) == ledger(service)
    assert all(row.balanced for row in ledger(service))
    told = glance(service, 0, 2)
    assert [replace(row, balanced=True) for row in told] == ledger(service), "pending is what the others leave"
    assert [row.balanced for row in told] == [None, None], "and so proves nothing"


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM etl.inbox WHERE source = 'shop'",
        "UPDATE etl.carried SET loaded = 2 WHERE source = 'shop'",
        "INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner) VALUES ('shop', '{7,8,9}', 7, 9, 1, 1)",
    ],
    ids=["what_waits_is_lost", "what_waits_is_settled", "more_is_claimed_than_was_staged"],
)
def test_at_a_glance_the_books_are_off_where_what_waits_cannot_be_what_is_left(
    producer: Connection, service: Connection, admin: Connection, harm: str
) -> None:
    for source in ("shop", "shop", "web", "web", "web"):
        stage(producer, source, [1])
    admin.execute("INSERT INTO etl.carried VALUES ('shop', 0, 0, 0, 0)")
    admin.execute(harm.encode())
    assert {row.source: row.balanced for row in glance(service, 0, 1)} == {"shop": False, "web": None}
