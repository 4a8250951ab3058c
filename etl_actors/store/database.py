"""Connections: opened in one way, as one role, with driver errors translated in one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable, SettingsError

__all__ = ["MINIMUM_VERSION", "Connection", "connect", "describe", "prepare_anew", "translated"]

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
# What our statements and the texts of keys rest on; it comes after the URL's own options, so that those cannot change it. A database may
# have another isolation for its default, and each statement of ours must see what others have committed before it.
_SESSION = (
    "-c TimeZone=UTC -c DateStyle=ISO,MDY -c IntervalStyle=postgres -c bytea_output=hex"
    " -c jit=off -c client_min_messages=warning -c extra_float_digits=1 -c default_transaction_isolation=read\\ committed"
)
# libpq sends PGTZ and PGDATESTYLE of the environment so that they go over any options.
_OVER_THE_OPTIONS = {"TimeZone": "UTC", "DateStyle": "ISO, MDY"}
# The server ends the session with these; class 08 too, and where there is no code, libpq speaks of its end of the connection.
_LOST = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04"})
_SHORT_OF = {
    "53100": "The database's disk is full",
    "53200": "The database has no memory left",
    "53300": "The database takes no more connections",
}


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
        SettingsError: libpq does not understand the URL.
        DatabaseUnavailable: nobody answers, or the login is refused.
        DatabaseUnsuitable: the server is older than PostgreSQL 15, or the role is not there or not ours to take.
    """
    options = f"{_given_options(url)} {_SESSION}".strip()
    if idle_limit_s is not None:
        options += f" -c idle_in_transaction_session_timeout={round(idle_limit_s * 1000)}"
    with translated(url):
        conn: Connection = psycopg.connect(url, autocommit=True, application_name=application_name, options=options, **_KEEPALIVE)
        try:
            _require_version(conn)
            _pin(conn)
            if role is not None:
                _become(conn, role)
        except BaseException:
            conn.close()
            raise
    return conn


def prepare_anew(conn: Connection) -> None:
    """Forget what was prepared over a connection, here and in the server; outside a transaction.

    The driver does so where a transaction is rolled back. Of a DEALLOCATE ALL that is sent to it as a statement it may take no notice the
    second time, and go on naming what is no longer there.
    """
    with conn.transaction(force_rollback=True):
        pass


def _given_options(url: str) -> str:
    try:
        return str(conninfo_to_dict(url).get("options") or "")
    except (psycopg.Error, ValueError):
        # libpq's text may quote the password, so it is not repeated, not even as the cause.
        msg = "ETL_DATABASE_URL is not a connection URL that libpq understands (postgresql://user@host:port/database)."
        raise SettingsError(msg) from None


def _require_version(conn: Connection) -> None:
    version = conn.info.server_version
    if version < MINIMUM_VERSION:
        msg = f"PostgreSQL 15 or later is needed, and {describe(conn.info.dsn)} is version {version // 10000}.{version % 10000}."
        raise DatabaseUnsuitable(msg)


def _pin(conn: Connection) -> None:
    for name, value in _OVER_THE_OPTIONS.items():
        if conn.info.parameter_status(name) != value:
            conn.execute(sql.SQL("SET {} TO {}").format(sql.Identifier(name), sql.Literal(value)))


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
    except (psycopg.Error, ValueError):
        return "the database that ETL_DATABASE_URL names"
    host = parts.get("host") or "the local socket"
    return f"database {parts.get('dbname') or parts.get('user') or 'postgres'} on {host}:{parts.get('port') or 5432}"


@contextmanager
def translated(url: str = "") -> Iterator[None]:
    """Turn the driver's errors that are no bug and no data into ours; everything else passes.

    Args:
        url: of the database, for the sentence; empty where it is not at hand.

    Raises:
        DatabaseUnavailable: the server cannot be reached, went away meanwhile, or has no disk, memory or connection left.
        DatabaseUnsuitable: a right is missing.
    """
    try:
        yield
    except psycopg.Error as exc:
        state = exc.sqlstate or ""
        where = describe(url) if url else "the database"
        if _is_lost(exc):
            msg = f"No answer from {where}: {_said(exc)}"
        elif state.startswith("53"):
            msg = f"{_SHORT_OF.get(state, 'The database is short of something')}: {_said(exc)}"
        elif isinstance(exc, pg.InsufficientPrivilege):
            msg = f"The rights in {where} do not suffice: {_said(exc)}"
            raise DatabaseUnsuitable(msg) from exc
        else:
            raise
        raise DatabaseUnavailable(msg) from exc


def _is_lost(exc: psycopg.Error) -> bool:
    if exc.sqlstate is not None:
        return exc.sqlstate in _LOST or exc.sqlstate.startswith("08")
    if isinstance(exc, pg.InterfaceError):  # most are wrong uses of the driver
        return "connection" in str(exc)
    return isinstance(exc, pg.OperationalError)


def _said(exc: psycopg.Error) -> str:
    """Return the error's first line as the end of a sentence; the lines after it may quote a row."""
    text = exc.diag.message_primary or str(exc).strip() or type(exc).__name__
    first = text.splitlines()[0].rstrip(". ")
    return first if first.endswith(";") else f"{first}."
