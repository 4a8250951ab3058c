"""Bring schema etl up to date, and say whether a database is at a revision that this release accepts."""

import psycopg
import sqlalchemy as sa
from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg import sql

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.resources import resource
from etl_actors.store.database import Connection, connect, describe, translated

__all__ = ["ACCEPTED", "check", "migrate", "require_accepted", "run_file"]

ACCEPTED = ("0001",)
"""The revisions that this release's daemon works with; `migrate` makes the last one."""


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
            says what to run.
    """
    conn = connect(url, role=None, application_name="etl-actors migrate")
    conn.autocommit = False
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: conn, poolclass=sa.pool.NullPool)
    applied: list[str] = []
    config = _config()
    config.attributes["applied"] = applied
    try:
        with translated(url), engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _open_target(conn, target_schema)
            conn.execute("SELECT etl.add_staging_partitions(%s)", [partition_rows])
    except CommandError:
        require_accepted(url)  # Alembic does not know the revision: this says it in a sentence
        raise
    except psycopg.errors.InsufficientPrivilege as exc:
        raise DatabaseUnsuitable(_refusal(exc, url)) from exc
    except sa.exc.DBAPIError as exc:
        if isinstance(exc.orig, psycopg.errors.InsufficientPrivilege):
            raise DatabaseUnsuitable(_refusal(exc.orig, url)) from exc
        raise
    finally:
        engine.dispose()
        conn.close()
    return applied


def check(url: str) -> tuple[str | None, bool]:
    """Return the database's revision (None where schema etl is not there) and whether this release accepts it."""
    with translated(url), connect(url, role=None, application_name="etl-actors check") as conn:
        if conn.execute("SELECT to_regclass('etl.alembic_version')").fetchone() == (None,):
            return None, False
        row = conn.execute("SELECT version_num FROM etl.alembic_version").fetchone()
    revision = None if row is None else row[0]
    return revision, revision in ACCEPTED


def require_accepted(url: str) -> None:
    """Refuse a database that this release does not work with.

    Raises:
        DatabaseUnsuitable: the sentence says what to run.
    """
    revision, accepted = check(url)
    if accepted:
        return
    where = describe(url)
    if revision is None:
        msg = f"The schema etl is not in {where}: run `etl-actors migrate`."
    elif revision in {script.revision for script in _scripts().walk_revisions()}:
        msg = f"The schema etl in {where} is at revision {revision}, and {ACCEPTED[-1]} is needed: run `etl-actors migrate`."
    else:
        msg = (
            f"The schema etl in {where} is at revision {revision}, which this release does not know "
            f"(it accepts {', '.join(ACCEPTED)}): install the release that made it."
        )
    raise DatabaseUnsuitable(msg)


def run_file(name: str) -> None:
    """Run ``migrations/sql/<name>`` on the migration's connection; for Alembic's version scripts.

    The text goes to the driver without parameters: SQLAlchemy would take its colons and percent signs for placeholders.
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


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _open_target(conn: Connection, schema: str) -> None:
    name = sql.Identifier(schema)
    if conn.execute("SELECT to_regnamespace(quote_ident(%s)) IS NULL", [schema]).fetchone() == (True,):
        conn.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    conn.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO etl_service").format(name))
    conn.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO etl_reader, etl_operator").format(name))


def _refusal(exc: psycopg.Error, url: str) -> str:
    return f"The schema etl cannot be made in {describe(url)}: {exc.diag.message_primary or exc}."
