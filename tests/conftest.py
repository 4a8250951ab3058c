"""Fixtures for all tests: a throwaway server, one fresh database a test, and logins with no more than a role's rights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from etl_actors.store.migrate import migrate
from tests.support.folders import passable_folder
from tests.support.servers import Server, running_server
from tests.support.variables import OWN

# How long an example takes says how busy the machine is, and nothing else; so does how long it takes to make one.
settings.register_profile("etl-actors", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("etl-actors")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run one server for the session; `tests/support/servers.py` says which."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    """Migrate one database, which the tests' databases are copies of; this is its name."""
    name = server.create()
    migrate(server.admin_url(name))
    yield name
    server.drop(name)


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """Make a database with nothing in it; this is its URL as superuser."""
    name = server.create()
    yield server.admin_url(name)
    server.drop(name)


@pytest.fixture
def database_name(server: Server, template: str) -> Iterator[str]:
    """Make a migrated database; this is its name."""
    name = server.create(template)
    yield name
    server.drop(name)


@pytest.fixture
def database(server: Server, database_name: str) -> str:
    """Give the URL of a migrated database as superuser."""
    return server.admin_url(database_name)


@pytest.fixture(scope="session")
def service_login(server: Server, template: str) -> Iterator[dict[str, str]]:
    """Make a login that is a member of `etl_service` only."""
    assert template  # the roles come with the first migration
    with server.login("etl_service") as login:
        yield login


@pytest.fixture(scope="session")
def producer_login(server: Server, template: str) -> Iterator[dict[str, str]]:
    """Make a login that is a member of `etl_producer` only."""
    assert template  # the roles come with the first migration
    with server.login("etl_producer") as login:
        yield login


@pytest.fixture
def service_url(server: Server, database_name: str, service_login: dict[str, str]) -> str:
    """Give the URL of the test's `database` for the daemon: as a member of `etl_service` only."""
    return server.url(database_name, **service_login)


@pytest.fixture
def producer_url(server: Server, database_name: str, producer_login: dict[str, str]) -> str:
    """Give the URL of the test's `database` for a producer: as a member of `etl_producer` only."""
    return server.url(database_name, **producer_login)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Make a data folder for an embedded server of the test's own."""
    with passable_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Give the folder of real documents that ``ETL_CORPUS`` names."""
    folder = OWN.get("ETL_CORPUS")
    if not folder:
        pytest.skip("ETL_CORPUS is not set: it names a folder of real documents")
    return Path(folder)
