"""The PostgreSQL server that a test session uses, and the databases and logins it makes there.

``ETL_TEST_POSTGRES`` chooses a throwaway server: 18 (as by default) or 16 from the wheel, or 15 from Debian's package.
``ETL_TEST_DATABASE_URL`` names a running one instead, as a superuser; databases and logins are removed from it again.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from etl_actors.embedded import Binaries, acquire
from tests.support.folders import passable_folder
from tests.support.variables import OWN

__all__ = ["Server", "running_server"]

_DEBIAN = Path("/usr/lib/postgresql")
_OF_THE_WHEEL = {16, 18}


class Server:
    """A running server, known by a superuser's URL.

    Args:
        url: of any database of it.
    """

    def __init__(self, url: str) -> None:
        self._given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
        self._admin = psycopg.connect(url, autocommit=True)
        self._names = 0
        self._given_up: list[str] = []
        self.token = secrets.token_hex(3)
        """Keeps the names of two sessions on one server apart."""
        self.version = self._admin.info.server_version // 10_000
        """The major version."""

    def admin_url(self, database: str = "postgres") -> str:
        """Give a database's URL as superuser."""
        return self.url(database)

    def url(self, database: str, **instead: str) -> str:
        """Give a database's URL, with other parameters (`user`, `password`) instead of the superuser's."""
        parameters = {**self._given, **instead}
        parameters.pop("dbname", None)
        return f"postgresql:///{quote(database, safe='')}?{urlencode(parameters, safe='/', quote_via=quote)}"

    @property
    def host(self) -> str:
        """Where it listens: a host's name, or the folder of its socket."""
        return self._given.get("host", "")

    def create(self, template: str = "template0") -> str:
        """Make a database and return its name.

        Args:
            template: what it copies; nobody may be connected to that.
        """
        self._names += 1
        name = f"etl_test_{self.token}_{self._names}"
        self._run(
            "CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' STRATEGY file_copy", sql.Identifier(name), sql.Identifier(template)
        )
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it: at once from everybody's sight, and with the next one from the disk.

        A connection that was just closed has a process for some moments more, and PostgreSQL waits 100 ms before it looks again.
        """
        self._admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])
        self._remove_given_up()
        self._given_up.append(database)

    @contextmanager
    def login(self, role: str) -> Iterator[dict[str, str]]:
        """Make a login that is a member of one role and has no other right.

        Args:
            role: such as `etl_service`; it must exist.

        Yields:
            What to give to `url`: user and password.
        """
        user, password = f"{role}_test_{self.token}", secrets.token_hex(16)
        self._run(
            "CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}", sql.Identifier(user), sql.Literal(password), sql.Identifier(role)
        )
        try:
            yield {"user": user, "password": password}
        finally:
            self._remove_given_up()  # a login that has rights in a database cannot be removed before it
            self._run("DROP ROLE {}", sql.Identifier(user))

    def close(self) -> None:
        """Remove what is left to remove, and close the connection that makes and drops."""
        self._remove_given_up()
        self._admin.close()

    def _remove_given_up(self) -> None:
        while self._given_up:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", sql.Identifier(self._given_up.pop()))

    def _run(self, statement: str, *parts: sql.Composable) -> None:
        self._admin.execute(sql.SQL(statement).format(*parts))


@contextmanager
def running_server() -> Iterator[Server]:
    """Start the session's throwaway server, or use the one that is named, and tidy up."""
    if url := OWN.get("ETL_TEST_DATABASE_URL"):
        with closing(Server(url)) as server:
            yield server
        return
    version = int(OWN.get("ETL_TEST_POSTGRES", "18"))
    binaries = None if version in _OF_THE_WHEEL else Binaries(_DEBIAN / str(version) / "bin")
    with (
        passable_folder() as folder,
        acquire(folder, version, throwaway=True, binaries=binaries) as lease,
        closing(Server(lease.url)) as server,
    ):
        yield server
