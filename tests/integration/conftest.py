"""Connections for the integration tests: as the service, as a producer, and as superuser."""

from collections.abc import Iterator

import psycopg
import pytest

from etl_actors.store.database import Connection, connect
from tests.support.variables import OWN

# The embedded server is the wheel's, whatever server the other tests are run on.
collect_ignore = [] if OWN.get("ETL_TEST_POSTGRES", "18") == "18" else ["test_embedded.py", "test_embedded_places.py"]


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
