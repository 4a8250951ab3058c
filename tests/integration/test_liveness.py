"""Liveness: a dead daemon's batches are taken over at once, a living one's never."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable
from etl_actors.store.daemons import Node
from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import LOCK_BASE, rescue
from tests.support.daemon import wait_until
from tests.support.documents import one, stage
from tests.support.leases import leased
from tests.support.servers import Server

_DAEMON = """
import sys
from etl_actors.store.daemons import Node
from etl_actors.store.database import connect
from etl_actors.store.inbox import Inbox

node = Node(sys.argv[1])
with connect(sys.argv[1]) as conn:
    inbox = Inbox(conn, node.number)
    assert inbox.look()
    assert inbox.claim(100, 2**30)
    print(node.number, flush=True)
    sys.stdin.read()
"""


@contextmanager
def daemon(url: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a process that takes a node and claims what waits; give its number once it has."""
    process = subprocess.Popen([sys.executable, "-c", _DAEMON, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture
def node(service_url: str) -> Iterator[Node]:
    made = Node(service_url)
    yield made
    made.close()


def locked(conn: Connection, number: int) -> bool:
    key = LOCK_BASE + number
    found = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 1 AND granted"
    )
    return bool(one(conn, found, key >> 32, key & 0xFFFFFFFF))


def test_a_killed_daemons_batch_is_taken_over_at_once(
    producer: Connection, service: Connection, service_url: str, node: Node
) -> None:
    row_ids = stage(producer, "shop", range(3))
    with daemon(service_url) as (process, dead):
        assert locked(service, dead)
        assert rescue(service, node.number, 60, 10) == (), "while it lives, nobody takes its batch"
        before = one(service, "SELECT batch_id, lease_token, attempt FROM etl.batch")
        process.kill()
        began = time.monotonic()
        wait_until(lambda: not locked(service, dead), "the lock of the killed daemon goes")
        (ours,) = rescue(service, node.number, 60, 10)
        assert time.monotonic() - began < 30, "by the lock, and not by the lease of 60 s"
    assert list(ours.row_ids) == row_ids
    assert (ours.batch_id, ours.attempt) == (before[0], before[2] + 1)
    assert ours.token > before[1]
    assert one(service, "SELECT owner, status FROM etl.batch") == (node.number, "claimed")


def test_a_living_daemon_that_has_not_beaten_for_a_lease_loses_its_batch(
    producer: Connection, service: Connection, service_url: str, admin: Connection, node: Node
) -> None:
    """The second line: a half-open connection keeps the lock although its daemon is long gone."""
    other = Node(service_url)
    try:
        leased(producer, service, owner=other.number)
        assert rescue(service, node.number, 60, 10) == ()
        admin.execute("UPDATE etl.daemon SET beat_at = beat_at - interval '61 s' WHERE node = %s", [other.number])
        other.confirm()
        assert rescue(service, node.number, 60, 10) == (), "it has beaten again"
        admin.execute("UPDATE etl.daemon SET beat_at = beat_at - interval '61 s' WHERE node = %s", [other.number])
        assert locked(service, other.number)
        (taken,) = rescue(service, node.number, 60, 10)
        assert taken.attempt == 2
    finally:
        other.close()


def test_a_daemon_does_not_rescue_from_itself(producer: Connection, service: Connection, node: Node) -> None:
    leased(producer, service, owner=node.number)
    node.close()
    assert rescue(service, node.number, 60, 10) == ()


@pytest.mark.parametrize("number", [2**31, 2**32 + 1, 2**39])
def test_nodes_beyond_the_int_of_a_server_live_and_are_seen_to(
    producer: Connection, service: Connection, service_url: str, admin: Connection, node: Node, number: int
) -> None:
    admin.execute(psycopg.sql.SQL("ALTER TABLE etl.daemon ALTER node RESTART WITH {}").format(number))
    far = Node(service_url)
    try:
        far.confirm()
        assert far.number == number
        assert locked(service, number)
        leased(producer, service, owner=number)
        assert rescue(service, node.number, 60, 10) == ()
    finally:
        far.close()
    wait_until(lambda: not locked(service, number), "its lock is gone")
    assert len(rescue(service, node.number, 60, 10)) == 1


def test_an_applications_lock_of_two_ints_proves_no_daemon_alive(
    producer: Connection, service: Connection, admin: Connection, node: Node
) -> None:
    leased(producer, service, owner=node.number + 77)
    key = LOCK_BASE + node.number + 77
    admin.execute("SELECT pg_advisory_lock(%s::int, %s::int)", [key >> 32, key & 0xFFFFFFFF])
    assert len(rescue(service, node.number, 60, 10)) == 1


def test_a_batch_of_a_node_that_nobody_knows_is_rescued(producer: Connection, service: Connection, node: Node) -> None:
    leased(producer, service, owner=node.number + 77)
    assert len(rescue(service, node.number, 60, 10)) == 1


def test_a_daemon_of_another_database_with_the_same_number_proves_nothing(
    producer: Connection, service: Connection, server: Server, template: str, service_login: dict[str, str], node: Node
) -> None:
    """Advisory locks are of one database, and so are node numbers; pg_locks shows those of the whole cluster."""
    gone = Node(service.info.dsn + f" password={service.info.password}")
    leased(producer, service, owner=gone.number)
    other = server.create(template)
    twins: list[Node] = []
    try:
        while not twins or twins[-1].number < gone.number:
            twins.append(Node(server.url(other, **service_login)))
        gone.close()
        wait_until(lambda: len(rescue(service, node.number, 60, 10)) == 1, "the batch is rescued")
        assert locked(service, gone.number), "the twin's lock is there all along"
    finally:
        for twin in twins:
            twin.close()
        server.drop(other)


def test_a_daemon_whose_liveness_connection_was_ended_learns_it_and_claims_no_more(node: Node, admin: Connection) -> None:
    node.confirm()
    backend = "SELECT pid FROM pg_stat_activity WHERE application_name = 'etl-actors liveness' AND datname = current_database()"
    admin.execute("SELECT pg_terminate_backend(%s)", [one(admin, backend)])
    with pytest.raises(DatabaseUnavailable):
        node.confirm()
    wait_until(lambda: not locked(admin, node.number), "its lock is gone")


def test_a_pooler_that_gives_each_transaction_another_session_is_noticed(node: Node, service_url: str) -> None:
    direct = node._conn
    with connect(service_url) as another:
        node._conn = another
        with pytest.raises(DatabaseUnsuitable, match="a connection pooler in transaction mode stands between"):
            node.confirm()
        node._conn = direct
    node.confirm()


def test_a_node_whose_row_is_gone_stops(node: Node, service: Connection) -> None:
    node.forget(service)
    with pytest.raises(DatabaseUnavailable, match="is gone"):
        node.confirm()


def test_a_clean_end_forgets_itself_and_the_long_dead_but_no_owner_of_a_batch(
    producer: Connection, service: Connection, admin: Connection, node: Node
) -> None:
    add = "INSERT INTO etl.daemon (name, version, beat_at) VALUES ('gone:1', '0', now() - interval '2 hours') RETURNING node"
    idle, owner = one(admin, add), one(admin, add)
    leased(producer, service, owner=owner)
    node.forget(service)
    left = {number for (number,) in service.execute("SELECT node FROM etl.daemon").fetchall()}
    assert left == {owner}
    assert idle not in left


def test_each_incarnation_has_a_number_of_its_own(node: Node, service_url: str) -> None:
    again = Node(service_url)
    try:
        assert again.number != node.number
        with psycopg.connect(service_url) as conn:
            assert locked(conn, again.number)
            assert locked(conn, node.number)
    finally:
        again.close()
