"""What the driver says, and which of our errors it becomes; without a server."""

import psycopg
import pytest
from psycopg import errors as pg

from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable, SettingsError
from etl_actors.store.database import connect, describe, translated


def met(error: Exception) -> Exception:
    """Return what becomes of `error` on its way out."""
    with pytest.raises(Exception) as caught, translated("postgresql://me:hunter2@db:5433/shop"):  # noqa: PT011  # any
        raise error
    return caught.value


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:hunter2@[db/x", "pg://me:hunter2@db", "hunter2", "postgresql://me:hunter2%ZZ@db", "hunter2 = \udc80"],
)
def test_a_url_that_libpq_does_not_understand_is_a_wrong_setting_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="ETL_DATABASE_URL is not a connection URL that libpq understands") as caught:
        connect(url)
    assert caught.value.exit_status == 2
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert describe(url) == "the database that ETL_DATABASE_URL names"


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("the connection is closed"),
        psycopg.InterfaceError("the connection is lost"),
        pg.AdminShutdown("terminating"),
        pg.CannotConnectNow("starting up"),
        pg.ConnectionFailure("gone"),
        pg.DatabaseDropped("dropped"),
        pg.IdleInTransactionSessionTimeout("frozen for too long"),
    ],
)
def test_a_loss_of_the_connection_is_no_answer_from_the_database(error: psycopg.Error) -> None:
    told = met(error)
    assert isinstance(told, DatabaseUnavailable)
    assert str(told) == f"No answer from database shop on db:5433: {error}."
    assert told.__cause__ is error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (pg.DiskFull("could not extend file"), "The database's disk is full: could not extend file."),
        (pg.OutOfMemory("out of memory"), "The database has no memory left: out of memory."),
        (pg.TooManyConnections("sorry"), "The database takes no more connections: sorry."),
        (pg.InsufficientResources("sorry"), "The database is short of something: sorry."),
    ],
)
def test_a_shortage_is_waited_for_but_named(error: psycopg.Error, sentence: str) -> None:
    told = met(error)
    assert isinstance(told, DatabaseUnavailable)
    assert str(told) == sentence


def test_a_missing_right_is_said_to_be_missing() -> None:
    told = met(pg.InsufficientPrivilege("permission denied for table staging\nCONTEXT: a row"))
    assert isinstance(told, DatabaseUnsuitable)
    assert str(told) == "The rights in database shop on db:5433 do not suffice: permission denied for table staging."


def test_a_sentence_that_ends_with_a_command_ends_with_it() -> None:
    assert str(met(pg.InsufficientPrivilege("an administrator runs: GRANT a TO b;"))).endswith("runs: GRANT a TO b;")


@pytest.mark.parametrize(
    "error",
    [
        psycopg.ProgrammingError("the query has 0 placeholders but 1 parameters were passed"),
        psycopg.InterfaceError("the cursor is closed"),
        pg.DeadlockDetected("deadlock"),
        pg.LockNotAvailable("locked"),
        pg.QueryCanceled("canceled"),
        pg.IoError("could not read"),
        pg.UndefinedTable("no such table"),
        pg.NumericValueOutOfRange("too large"),
        ValueError("a bug"),
    ],
)
def test_bugs_data_and_what_a_retry_mends_pass_as_they_are(error: Exception) -> None:
    assert met(error) is error
