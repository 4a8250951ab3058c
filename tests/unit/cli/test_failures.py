import psycopg
import pytest
import sqlalchemy as sa

from etl_actors.cli import main
from etl_actors.cli.failures import database_errors, database_failed, tell, unexpected


def told(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_an_error_that_nobody_foresaw_is_one_sentence_and_the_way_to_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    unexpected(ZeroDivisionError, ZeroDivisionError("by zero\nand more"), None)
    assert told(capsys) == (
        "etl-actors failed in a way nobody foresaw (ZeroDivisionError: by zero)."
        " With --debug before the command the traceback is shown.\n"
    )


def test_an_interrupt_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    unexpected(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert told(capsys) == ""


def test_what_is_told_holds_no_password_and_no_escape(capsys: pytest.CaptureFixture[str]) -> None:
    tell("No answer from postgresql://u:hunter2@h/db\x1b[2J")
    assert told(capsys) == "No answer from postgresql://u:***@h/db\\u001b[2J\n"


def test_a_lost_connection_is_told_as_the_database_out_of_reach(capsys: pytest.CaptureFixture[str]) -> None:
    assert database_failed(psycopg.OperationalError("the connection is closed")) == 3
    assert told(capsys) == "No answer from the database: the connection is closed.\n"


def test_a_missing_right_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert database_failed(psycopg.errors.InsufficientPrivilege("permission denied for view ledger")) == 1
    assert told(capsys) == "The rights in the database do not suffice: permission denied for view ledger.\n"


def test_a_refusal_of_the_database_is_a_problem_met_and_only_its_first_line_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert database_failed(psycopg.errors.RaiseException("no.\nDETAIL: (private)")) == 1
    assert told(capsys) == "The database refused: no. With --debug before the command the traceback is shown.\n"


def test_what_sqlalchemy_wraps_that_is_not_the_drivers_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert database_failed(sa.exc.DBAPIError("SELECT 1", None, TypeError("never"))) == 1
    assert told(capsys).startswith("The database refused: never.")


def test_an_error_that_comes_by_way_of_sqlalchemy_is_the_drivers(capsys: pytest.CaptureFixture[str]) -> None:
    assert database_failed(sa.exc.OperationalError("SELECT 1", None, psycopg.OperationalError("gone"))) == 3
    assert told(capsys) == "No answer from the database: gone.\n"


def test_the_drivers_errors_are_known_once_it_is_imported() -> None:
    assert set(database_errors()) >= {psycopg.Error, sa.exc.DBAPIError}


def test_wrong_usage_is_told_in_our_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.execute(["feed", "shop", "a.log", "--format", "xml"]) == 2
    assert told(capsys) == (
        "Invalid value for '--format': 'xml' is not one of 'jsonl', 'json', 'csv', 'tsv', 'lines'. Try: etl-actors feed --help\n"
    )
