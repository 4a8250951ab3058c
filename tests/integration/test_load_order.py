"""Deadlocks between loads that fill the same tables: what brings them about, and that one order prevents them."""

import random
import threading
from collections.abc import Callable, Sequence

import psycopg
import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Policy
from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from tests.support.documents import one, until_blocked
from tests.support.leases import leased
from tests.support.people import invented, parsed_docs, tables
from tests.support.tables import Note, parsed, shape

ROUNDS = 12
KEYS = 150

Make = Callable[[Lease, random.Random], Parsed]


@pytest.fixture
def impatient(admin: Connection, database: str) -> str:
    """Have the server look for deadlocks at once instead of after a second."""
    name = psycopg.sql.Identifier(admin.info.dbname)
    admin.execute(psycopg.sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '20ms'").format(name))
    return database


@pytest.mark.parametrize(
    "second", ["INSERT INTO t VALUES (2)", "INSERT INTO u VALUES (2)"], ids=["keys_in_another_order", "tables_in_another_order"]
)
def test_naive_upserts_in_opposite_orders_wait_for_each_other_for_ever(impatient: str, second: str) -> None:
    upsert = " ON CONFLICT (id) DO UPDATE SET id = excluded.id"
    one_way, other_way = (
        ("INSERT INTO t VALUES (1)" + upsert, second + upsert),
        (second + upsert, "INSERT INTO t VALUES (1)" + upsert),
    )
    with (
        psycopg.connect(impatient, autocommit=True) as watcher,
        psycopg.connect(impatient) as left,
        psycopg.connect(impatient) as right,
    ):
        watcher.execute("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)")
        left.execute(one_way[0].encode())
        right.execute(other_way[0].encode())
        failures: list[BaseException] = []
        waiting = threading.Thread(target=attempt, args=(left, one_way[1], failures))
        waiting.start()
        until_blocked(watcher, left.info.backend_pid)
        attempt(right, other_way[1], failures)
        waiting.join(60)
    assert [type(error) for error in failures] == [psycopg.errors.DeadlockDetected]


def attempt(conn: Connection, statement: str, failures: list[BaseException]) -> None:
    try:
        conn.execute(statement.encode())
        conn.commit()
    except psycopg.Error as exc:
        failures.append(exc)
        conn.rollback()


def deadlocks(conn: Connection) -> int:
    return int(one(conn, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))


def race(producer: Connection, service_url: str, makers: Sequence[Make]) -> None:
    """Load from one thread a maker, all at once, round after round; the rows of each batch are shuffled."""
    barrier = threading.Barrier(len(makers), timeout=60)
    failures: list[BaseException] = []
    with connect(service_url) as claimer:
        batches = [[leased(producer, claimer, KEYS) for _ in makers] for _ in range(ROUNDS)]

    def run(number: int, make: Make) -> None:
        dice = random.Random(number)
        try:
            with connect(service_url) as conn:
                loading = Loading(conn)
                for leases in batches:
                    given = make(leases[number], dice)
                    barrier.wait()
                    loading.load(leases[number], given)
        except BaseException as exc:  # noqa: BLE001 - shown by the assertion below
            failures.append(exc)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(n, make)) for n, make in enumerate(makers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def shuffled(lease: Lease, dice: random.Random) -> list[Note]:
    """Give every row one of the same few keys, in any order."""
    keys = [dice.randrange(KEYS) for _ in lease.row_ids]
    notes = [
        Note(row_id, key, str(row_id), vendors=[(f"v{key % 40}", key)]) for row_id, key in zip(lease.row_ids, keys, strict=True)
    ]
    dice.shuffle(notes)
    return notes


@pytest.mark.parametrize("policy", [Policy.IGNORE, Policy.UPDATE])
def test_loads_of_the_same_keys_in_any_order_never_deadlock(
    impatient: str, producer: Connection, service_url: str, admin: Connection, policy: Policy
) -> None:
    tables = shape(policy)
    race(producer, service_url, [lambda lease, dice: parsed(tables, shuffled(lease, dice))] * 2)
    assert deadlocks(admin) == 0, "a load retries after one, so it is counted by the server"
    assert one(admin, "SELECT sum(loaded + duplicate) FROM etl.batch WHERE status = 'done'") == ROUNDS * 2 * KEYS
    assert one(admin, "SELECT count(*) FROM note WHERE title::bigint <> _row_id") == 0, "no row is made of two"


def crossed(name: str, first: str, second: str) -> Make:
    """Make the documents of a slip that fills two keyed tables, in its own order."""

    def make(lease: Lease, dice: random.Random) -> Parsed:
        notes = shuffled(lease, dice)
        one_half, other_half = (
            parsed(shape(Policy.UPDATE, name=name, vendor=table), notes, slip=name) for table in (first, second)
        )
        return Parsed(name, name, (*one_half.blocks, other_half.blocks[-1]), (), ())

    return make


def test_two_slips_that_fill_the_same_tables_in_different_orders_never_deadlock(
    impatient: str, producer: Connection, service_url: str, admin: Connection
) -> None:
    race(producer, service_url, [crossed("one", "left_vendor", "right_vendor"), crossed("two", "right_vendor", "left_vendor")])
    assert deadlocks(admin) == 0
    assert one(admin, "SELECT count(*) FROM left_vendor") == one(admin, "SELECT count(*) FROM right_vendor") == 40


@pytest.mark.parametrize("people", [Policy.FILL, Policy.NEWEST])
def test_entities_and_owned_sets_that_all_share_never_deadlock(
    impatient: str, producer: Connection, service_url: str, admin: Connection, people: Policy
) -> None:
    to = tables(Policy.NEWEST, Policy.UPDATE, people)

    def make(lease: Lease, dice: random.Random) -> Parsed:
        return parsed_docs(to, dice.sample(docs := invented(dice, lease.row_ids), len(docs)))

    race(producer, service_url, [make] * 2)
    assert deadlocks(admin) == 0
    for table in to.all:
        held, added = (
            one(admin, f"SELECT count(*) FROM {table.name}"),
            one(admin, "SELECT sum((rows_added->>%s)::int) FROM etl.batch", table.qualified),
        )
        assert held == added > 0, table.name
