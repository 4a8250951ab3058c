"""Connections: opened in one way, as one role, with driver errors translated in one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable

__all__ = ["MINIMUM_VERSION", "Connection", "connect", "describe", "translated"]

MINIMUM_VERSION = 150000

Connection = psycopg.Connection[Any]

# A peer that vanishes without a word (power, cable, firewall) would hold a half-open connection for hours.
_KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # ms
    "connect_timeout": 10,  # s
}
_SESSION = "-c TimeZone=UTC -c DateStyle=ISO -c jit=off -c client_min_messages=warning -c extra_float_digits=1"


def connect(
    url: str, *, role: str | None = "etl_service", application_name: str = "etl-actors", idle_limit_s: float | None = None
) -> Connection:
    """Open a connection in autocommit mode.

    Args:
        url: a libpq URL or conninfo string.
        role: the role to act as, so that even a superuser's URL works with the least privilege; None keeps the login's.
        application_name: shown in pg_stat_activity.
        idle_limit_s: seconds after which the server ends a transaction that we leave idle: a frozen process would hold its
            row locks, and everybody who waits for them, for ever. None for no limit.

    Raises:
        DatabaseUnavailable: nobody answers, or the login is refused.
        DatabaseUnsuitable: the server is older than PostgreSQL 15, or the role is not there or not ours to take.
    """
    with translated(url):
        given = conninfo_to_dict(url).get("options") or ""
        options = f"{_SESSION} {given}".strip()
        if idle_limit_s is not None:
            options += f" -c idle_in_transaction_session_timeout={round(idle_limit_s * 1000)}"
        conn: Connection = psycopg.connect(url, autocommit=True, application_name=application_name, options=options, **_KEEPALIVE)
    try:
        _require_version(conn)
        if role is not None:
            _become(conn, role)
    except BaseException:
        conn.close()
        raise
    return conn


def _require_version(conn: Connection) -> None:
    version = conn.info.server_version
    if version < MINIMUM_VERSION:
        msg = f"PostgreSQL 15 or later is needed, and {describe(conn.info.dsn)} is version {version // 10000}.{version % 10000}."
        raise DatabaseUnsuitable(msg)


def _become(conn: Connection, role: str) -> None:
    try:
        conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    except (pg.InvalidParameterValue, pg.UndefinedObject) as exc:
        msg = f"The role {role} does not exist on the server: run `etl-actors migrate` first."
        raise DatabaseUnsuitable(msg) from exc
    except pg.InsufficientPrivilege as exc:
        msg = f"The login {conn.info.user} may not act as {role}: an administrator runs: GRANT {role} TO {conn.info.user};"
        raise DatabaseUnsuitable(msg) from exc


def describe(url: str) -> str:
    """Say which database `url` names, without its password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "the database that ETL_DATABASE_URL names"
    host = parts.get("host") or "the local socket"
    return f"database {parts.get('dbname') or parts.get('user') or 'postgres'} on {host}:{parts.get('port') or 5432}"


@contextmanager
def translated(url: str = "") -> Iterator[None]:
    """Turn the driver's loss of a connection into `DatabaseUnavailable`; everything else passes.

    Raises:
        DatabaseUnavailable: the server cannot be reached, or went away meanwhile.
    """
    try:
        yield
    except (pg.OperationalError, pg.InterfaceError) as exc:
        if isinstance(exc, pg.DeadlockDetected | pg.SerializationFailure | pg.LockNotAvailable | pg.QueryCanceled):
            raise
        first = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
        where = describe(url) if url else "the database"
        msg = f"No answer from {where}: {first}"
        raise DatabaseUnavailable(msg) from exc
    except psycopg.ProgrammingError as exc:
        if exc.sqlstate is not None:
            raise
        # libpq refuses the URL itself; its text may quote the password, so it is not repeated.
        msg = "ETL_DATABASE_URL is not a connection URL that libpq understands (postgresql://user@host:port/database)."
        raise DatabaseUnavailable(msg) from None
