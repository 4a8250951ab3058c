"""Bring schema etl up to date. Whoever only asks for the revision imports `revision`: Alembic takes longer than all the rest."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from alembic import command, op
from alembic.config import Config
from alembic.util import CommandError
from psycopg import errors as pg
from psycopg import sql

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.resources import resource
from etl_actors.store.database import Connection, connect, describe, translated
from etl_actors.store.queries import queries
from etl_actors.store.revision import require_accepted

__all__ = ["migrate", "run_file"]

_SQL = queries("migrate")
_ADD_PARTITIONS = queries("staging")["add_partitions"]


def migrate(url: str, target_schema: str = "public", partition_rows: int = 1_000_000) -> list[str]:
    """Bring the schema up to date; safe while others do the same, here and in other databases of the cluster.

    Args:
        url: a libpq URL whose login may create schemas (and the four roles, unless they are there).
        target_schema: where the service may create tables; made if missing.
        partition_rows: rows of one staging partition.

    Returns:
        The revisions that were applied, oldest first; empty where nothing was to do.

    Raises:
        DatabaseUnavailable: no server answers.
        DatabaseUnsuitable: the server is too old, the login lacks a privilege, or a later release has been here; the text
            says what to run. Where only the target schema is closed to the service, the migration is done all the same, so
            that its owner has a role to open it to.
    """
    conn = connect(url, role=None, application_name="etl-actors migrate")
    conn.autocommit = False
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: conn, poolclass=sa.pool.NullPool)
    applied: list[str] = []
    config = _config()
    config.attributes["applied"] = applied
    try:
        with translated(url), _unwrapped(), engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _open_target(conn, target_schema)
            conn.execute(_ADD_PARTITIONS, {"partition_rows": partition_rows})
            closed = _why_closed(conn, target_schema)
    except CommandError:
        require_accepted(url)  # Alembic does not know the revision: this says it in a sentence
        raise
    finally:
        engine.dispose()
        conn.close()
    if closed:
        raise DatabaseUnsuitable(closed)
    return applied


def run_file(name: str) -> None:
    """Run ``migrations/sql/<name>`` on the migration's connection; for Alembic's version scripts.

    The text goes to the driver without parameters: SQLAlchemy would take its colons and percent signs for placeholders.

    Raises:
        DatabaseUnsuitable: there is no connection.
    """
    text = resource("migrations").joinpath("sql", name).read_text("utf-8")
    conn = op.get_bind().connection.driver_connection
    if conn is None:
        msg = "migrations run on a live connection only"
        raise DatabaseUnsuitable(msg)
    conn.execute(text.encode())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resource("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Let the driver's errors out of what SQLAlchemy wraps around them."""
    try:
        yield
    except sa.exc.DBAPIError as exc:
        raise exc.orig or exc from exc


def _open_target(conn: Connection, schema: str) -> None:
    name = sql.Identifier(schema)
    if conn.execute(_SQL["is_missing"], {"schema": schema}).fetchone() == (True,):
        conn.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    with suppress(pg.InsufficientPrivilege), conn.transaction():  # not ours to open: `_why_closed` says what is missing
        conn.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO etl_service").format(name))
        conn.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO etl_reader, etl_operator").format(name))


def _why_closed(conn: Connection, schema: str) -> str:
    closed = conn.execute(_SQL["closed_to_service"], {"schema": schema}).fetchone()
    if closed is None:
        return ""
    owner, grant = closed
    where = describe(conn.info.dsn)
    return f"The service may not make tables in the schema {schema} of {where}: its owner, {owner}, runs: {grant}"
