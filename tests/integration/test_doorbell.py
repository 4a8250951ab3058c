"""The doorbell: nobody rings without need, and no row waits for a ring that never comes."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from etl_actors.store.daemons import Node
from etl_actors.store.database import Connection, connect
from etl_actors.store.doorbell import Doorbell, Rest
from etl_actors.store.inbox import Inbox
from etl_actors.store.queries import queries
from tests.support.daemon import wait_until
from tests.support.documents import one, stage, until_blocked


@pytest.fixture
def node(service_url: str) -> Iterator[Node]:
    made = Node(service_url)
    yield made
    made.close()


@pytest.fixture
def doorbell(service: Connection, node: Node) -> Doorbell:
    return Doorbell(service, node.number, poll_s=0.25, asleep_s=20.0, safety_poll_s=5.0)


@pytest.fixture
def listener(service_url: str) -> Iterator[Connection]:
    """Listen as the daemon's listener does."""
    with connect(service_url) as conn:
        conn.execute(queries("daemons")["listen"])
        yield conn


def rung(listener: Connection, by: Connection) -> bool:
    """Tell whether the bell was rung before now: notifications come in the order of the commits, so a last one ends the wait."""
    by.execute("SELECT pg_notify('etl_staged', 'last')")
    heard = []
    for notice in listener.notifies(timeout=60):
        heard.append(notice.payload)
        if notice.payload == "last":
            break
    assert heard[-1:] == ["last"]
    return len(heard) > 1


def asleep_until(conn: Connection, node: Node) -> object:
    return one(conn, "SELECT nullif(asleep_until, '-infinity') FROM etl.daemon WHERE node = %s", node.number)


def fall_asleep(doorbell: Doorbell, now: float = 100.0) -> None:
    doorbell.empty(now)

    def sleeps() -> bool:
        doorbell.empty(now + 1)
        return doorbell.rest is Rest.ASLEEP

    wait_until(sleeps, "nobody has a transaction open, the server's own included")


def test_a_daemon_polls_a_while_before_it_sets_its_flag(service: Connection, node: Node, doorbell: Doorbell) -> None:
    assert doorbell.empty(100.0) == pytest.approx(0.01)
    assert doorbell.empty(100.2) == pytest.approx(0.01)
    assert (doorbell.rest, asleep_until(service, node)) == (Rest.AWAKE, None)
    assert doorbell.empty(100.3) == 0.0, "once more, before it relies on the bell"
    assert doorbell.rest is Rest.ASLEEP
    assert asleep_until(service, node) is not None
    assert doorbell.empty(100.4) == pytest.approx(5.0)


def test_work_in_between_begins_the_wait_anew(doorbell: Doorbell) -> None:
    doorbell.empty(100.0)
    doorbell.found()
    assert doorbell.empty(100.3) == pytest.approx(0.01)
    assert doorbell.rest is Rest.AWAKE


def test_nobody_rings_while_the_daemon_is_awake(
    producer: Connection, service: Connection, listener: Connection, node: Node
) -> None:
    assert asleep_until(service, node) is None
    stage(producer, "shop", [1])
    assert not rung(listener, service)


def test_a_producer_rings_for_a_sleeper_and_no_longer_once_it_has_woken(
    producer: Connection, service: Connection, listener: Connection, node: Node, doorbell: Doorbell
) -> None:
    fall_asleep(doorbell)
    stage(producer, "shop", [1])
    assert rung(listener, service)
    doorbell.found()
    assert asleep_until(service, node) is None
    stage(producer, "shop", [1])
    assert not rung(listener, service)


def test_the_row_that_a_naive_flag_would_miss_is_found_by_polling_on(
    producer_url: str, service: Connection, listener: Connection, node: Node, doorbell: Doorbell
) -> None:
    with psycopg.connect(producer_url) as late:
        stage(late, "shop", ["looked at the flag before it was set"])
        inbox = Inbox(service, node.number)
        assert not inbox.look()
        doorbell.empty(100.0)
        assert doorbell.empty(101.0) == pytest.approx(0.1)
        assert asleep_until(service, node) is not None
        assert not inbox.look(), "the flag is set, the last poll was empty: a naive daemon would go to sleep here"
        for now in (102.0, 103.0):
            assert doorbell.empty(now) == pytest.approx(0.1)
            assert doorbell.rest is Rest.DOZING
        late.commit()
    assert not rung(listener, service), "and nobody would wake it"
    assert doorbell.empty(104.0) == 0.0
    assert doorbell.rest is Rest.ASLEEP
    assert Inbox(service, node.number).look(), "the poll after the last older transaction finds the row"


def test_a_transaction_that_begins_after_the_flag_keeps_nobody_awake(
    producer_url: str, service: Connection, listener: Connection, doorbell: Doorbell
) -> None:
    doorbell.empty(100.0)
    with psycopg.connect(producer_url) as early:
        stage(early, "shop", [1])
        assert doorbell.empty(101.0) == pytest.approx(0.1)
        with psycopg.connect(producer_url) as later:
            stage(later, "shop", [2])
            early.commit()
            doorbell.empty(102.0)
            assert doorbell.rest is Rest.ASLEEP, "it has seen the flag, and rings"
            later.commit()
    assert rung(listener, service)


def test_a_producer_whose_snapshot_is_older_than_the_flag_rings(
    producer_url: str, admin: Connection, service: Connection, listener: Connection, doorbell: Doorbell
) -> None:
    with psycopg.connect(producer_url) as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("SELECT 1")
        with admin.transaction():
            admin.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            flag = "SELECT count(*) FROM etl.daemon WHERE asleep_until > clock_timestamp()"
            assert one(admin, flag) == 0
            fall_asleep(doorbell)
            assert one(admin, flag) == 0, "such a snapshot cannot see who fell asleep meanwhile"
            assert one(service, flag) == 1
        stage(old, "shop", [1])
        old.commit()
    assert rung(listener, service)


def test_a_producer_with_a_snapshot_of_its_own_does_not_ring_for_nobody(
    producer_url: str, service: Connection, listener: Connection
) -> None:
    with psycopg.connect(producer_url) as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        stage(old, "shop", [1])
        old.commit()
    assert not rung(listener, service)


def test_who_wakes_or_leaves_hides_no_other_sleeper(
    producer: Connection, service: Connection, service_url: str, listener: Connection, node: Node, doorbell: Doorbell
) -> None:
    def rings() -> bool:
        stage(producer, "shop", [1])
        return rung(listener, service)

    other = Node(service_url)
    fall_asleep(Doorbell(service, other.number, poll_s=0.25, asleep_s=30.0, safety_poll_s=5.0))
    fall_asleep(doorbell)
    doorbell.found()
    assert rings(), "the other sleeps on"
    fall_asleep(doorbell)
    other.forget(service)
    other.close()
    assert rings(), "the one that is left sleeps"
    node.forget(service)
    assert not rings()


def test_producers_ring_until_the_last_of_the_flags_expires(
    service: Connection, service_url: str, admin: Connection, doorbell: Doorbell
) -> None:
    other = Node(service_url)
    fall_asleep(doorbell)
    fall_asleep(Doorbell(service, other.number, poll_s=0.25, asleep_s=10.0, safety_poll_s=5.0))
    until = "SELECT extract(epoch FROM max(d.asleep_until)) * 1000000, min(b.last_value) FROM etl.daemon d, etl.doorbell b"
    (last, told) = admin.execute(until).fetchone() or (None, None)
    assert last == told
    other.close()


def test_who_wakes_while_another_falls_asleep_does_not_hide_it(
    producer: Connection, admin: Connection, service: Connection, service_url: str, listener: Connection, doorbell: Doorbell
) -> None:
    """It cannot see the other's flag yet: so it waits until it can."""
    other = Node(service_url)
    fall_asleep(doorbell)
    with connect(service_url) as falling:
        with falling.transaction():
            falling.execute(
                "UPDATE etl.daemon SET asleep_until = clock_timestamp() + interval '20 s' WHERE node = %s", [other.number]
            )
            waking = threading.Thread(target=doorbell.found)
            waking.start()
            until_blocked(admin, service.info.backend_pid)
        waking.join(60)
    stage(producer, "shop", [1])
    assert rung(listener, admin)
    other.close()


def test_a_flag_that_has_expired_makes_nobody_ring(
    producer: Connection, service: Connection, listener: Connection, node: Node
) -> None:
    dead = Doorbell(service, node.number, poll_s=0.25, asleep_s=0.0, safety_poll_s=5.0)
    dead.empty(100.0)
    dead.empty(101.0)
    assert asleep_until(service, node) is not None
    stage(producer, "shop", [1])
    assert not rung(listener, service)


def test_a_sleeper_sets_its_flag_anew_before_it_expires(service: Connection, node: Node, doorbell: Doorbell) -> None:
    fall_asleep(doorbell)
    first = asleep_until(service, node)
    assert doorbell.empty(105.0) == pytest.approx(5.0)
    assert asleep_until(service, node) == first
    doorbell.empty(112.0)
    renewed = asleep_until(service, node)
    assert renewed is not None
    assert renewed > first  # type: ignore[operator]
    assert doorbell.rest is Rest.ASLEEP


def test_rings_for_nothing_keep_it_awake_twice_as_long_each_time(doorbell: Doorbell) -> None:
    stays = []
    now = 100.0
    for _ in range(7):
        doorbell.rung_in_vain(now)
        began = now
        while doorbell.rest is Rest.AWAKE:
            now += 0.05
            doorbell.empty(now)
        stays.append(now - began)
        now += 0.01  # and the next commit rings
    assert stays == pytest.approx([0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0], abs=0.15), "no longer than a safety poll"
    now += 60
    doorbell.rung_in_vain(now)
    doorbell.empty(now)
    doorbell.empty(now + 0.3)
    assert doorbell.rest is not Rest.AWAKE, "a ring that comes alone is nothing to wait for"


def test_work_makes_it_forget_the_rings_that_were_for_nothing(doorbell: Doorbell) -> None:
    for now in (100.0, 100.1, 100.2, 100.3):
        doorbell.rung_in_vain(now)
    doorbell.found()
    doorbell.empty(101.0)
    doorbell.empty(101.3)
    assert doorbell.rest is not Rest.AWAKE


def test_a_ring_for_nothing_lets_producers_commit_without_a_ring(
    producer: Connection, service: Connection, listener: Connection, doorbell: Doorbell
) -> None:
    fall_asleep(doorbell)
    doorbell.rung_in_vain(102.0)
    stage(producer, "shop", [1])
    assert not rung(listener, service)


def test_a_sleeper_whose_flag_expired_before_it_came_to_renew_it_waits_for_who_saw_none(
    producer_url: str, service: Connection, listener: Connection, node: Node
) -> None:
    """A suspended machine, a poll that was blocked: the flag lapses, and a producer that looks meanwhile does not ring."""
    doorbell = Doorbell(service, node.number, poll_s=0.25, asleep_s=0.3, safety_poll_s=5.0)
    fall_asleep(doorbell)
    time.sleep(0.4)
    with psycopg.connect(producer_url) as late:
        stage(late, "shop", ["looked after the flag had expired"])
        inbox = Inbox(service, node.number)
        assert not inbox.look(), "the last poll before it sleeps on"
        doorbell.asleep_s = 20.0
        doorbell.empty(200.0)
        resting = doorbell.rest
        late.commit()
    assert resting is Rest.DOZING or rung(listener, service), "nobody rang, and it sleeps for a safety poll"


def test_a_delete_that_is_rolled_back_hides_no_sleeper(
    producer: Connection, service: Connection, admin: Connection, listener: Connection, node: Node, doorbell: Doorbell
) -> None:
    fall_asleep(doorbell)
    with admin.transaction(force_rollback=True):
        admin.execute("DELETE FROM etl.daemon WHERE node = %s", [node.number])
    stage(producer, "shop", [1])
    assert rung(listener, service)


def test_a_transaction_that_stays_open_on_a_daemons_row_keeps_no_other_from_waking_or_falling_asleep(
    producer: Connection, service: Connection, admin: Connection, listener: Connection, node: Node, doorbell: Doorbell
) -> None:
    gone = one(admin, "INSERT INTO etl.daemon (name, version) VALUES ('gone', '0') RETURNING node")
    with admin.transaction(force_rollback=True):
        admin.execute("DELETE FROM etl.daemon WHERE node = %s", [gone])
        doorbell.empty(100.0)
        doorbell.empty(101.0)
        dozes = doorbell.rest is Rest.DOZING
        assert dozes, "it polls on while there is an older transaction, but its flag is set"
        stage(producer, "shop", [1])
        assert rung(listener, service)
        doorbell.found()
        assert doorbell.rest is Rest.AWAKE
