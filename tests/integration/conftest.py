"""Connections for the integration tests: as the service, as a producer, and as superuser."""

from collections.abc import Iterator

import psycopg
import pytest

from etl_actors.store.database import Connection, connect
from tests.support.retained import settle_some, small_partitions
from tests.support.servers import Server
from tests.support.variables import OWN

# On another version than the wheel's only what asks a server something of its own is run: what is told of it on a terminal, and
# how files and processes are dealt with, or how much memory Python takes, has nothing to do with it, the embedded server is the
# wheel's in any case, and what a row costs besides time is measured on Debian's in any case.
_OF_NO_VERSION = [
    "cli",
    "test_audit_sets.py",
    "test_demo.py",
    "test_embedded.py",
    "test_embedded_places.py",
    "test_feed.py",
    "test_fixtures.py",
    "test_load_any_order.py",
    "test_pieces.py",
    "test_replay_preview.py",
    "test_replays.py",
    "test_upkeep.py",
    "test_versions.py",
    "test_versions_of_slips.py",
    "test_waiting.py",
    "test_workers.py",
]
collect_ignore = [] if OWN.get("ETL_TEST_POSTGRES", "18") == "18" else _OF_NO_VERSION


@pytest.fixture(scope="session")
def server(server: Server) -> Server:
    """Let the server vacuum and analyse nothing by itself: plans, and what transactions are open, are those that a test makes."""
    if not OWN.get("ETL_TEST_DATABASE_URL"):  # that one is somebody's
        with psycopg.connect(server.admin_url(), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET autovacuum = off")
            admin.execute("SELECT pg_reload_conf()")
    return server


@pytest.fixture
def service(service_url: str) -> Iterator[Connection]:
    """Connect as the daemon does."""
    with connect(service_url) as conn:
        yield conn


@pytest.fixture
def producer(producer_url: str) -> Iterator[Connection]:
    """Connect as a producer, in autocommit mode."""
    with psycopg.connect(producer_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def admin(database: str) -> Iterator[Connection]:
    """Connect as superuser, in autocommit mode."""
    with psycopg.connect(database, autocommit=True) as conn:
        yield conn


@pytest.fixture(scope="module")
def far_east(server: Server, template: str) -> Iterator[Connection]:
    """Connect as superuser to a database for all tests of a module, each of which leaves nothing behind; the time zone must not show."""
    name = server.create(template)
    with psycopg.connect(server.admin_url(name)) as conn:
        conn.execute("SET TimeZone = 'Asia/Kolkata'")
        conn.commit()
        yield conn
    server.drop(name)


@pytest.fixture
def small(admin: Connection, service: Connection) -> Connection:
    """Let the service have partitions of ten rows, and a slip for them."""
    small_partitions(admin, service)
    return service


@pytest.fixture
def settled(small: Connection, producer: Connection) -> Connection:
    """Settle 25 rows in them."""
    settle_some(small, producer)
    return small
