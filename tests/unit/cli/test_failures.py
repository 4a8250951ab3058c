import errno
import os
import sys
from typing import TextIO

import psycopg
import pytest
import sqlalchemy as sa

from etl_actors.cli import main
from etl_actors.cli.failures import database_errors, database_failed, output_failed, tell, unexpected


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
        "Invalid value for '--format': expected one of 'jsonl', 'json', 'csv', 'tsv', 'lines', got 'xml'. Try: etl-actors feed --help\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("batches --limit 0", "Invalid value for '--limit': expected at least 1, got '0'. Try: etl-actors batches --help"),
        ("run --workers x", "Invalid value for '--workers': expected a whole number, got 'x'. Try: etl-actors run --help"),
        ("replay --rate x", "Invalid value for '--rate': expected a number, got 'x'. Try: etl-actors replay --help"),
    ],
)
def test_the_words_of_a_validator_are_put_into_ours(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.execute(words.split()) == 2
    assert told(capsys) == f"{said}\n"


def _to_nobody() -> TextIO:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w")


def test_a_table_that_nobody_reads_any_more_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with _to_nobody() as nobody:
        monkeypatch.setattr("sys.stdout", nobody)
        monkeypatch.setattr("sys.stderr", sys.stderr)  # the parser wraps both
        assert main.execute(["slips", "list"]) == 0


def test_a_failure_that_nobody_reads_any_more_keeps_its_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    with _to_nobody() as nobody:
        monkeypatch.setattr("sys.stderr", nobody)
        assert main.execute(["slips", "nosuch"]) == 2


def test_that_a_reader_has_seen_enough_is_no_problem_and_a_full_disk_is(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.dup2", lambda *_: None)
    assert output_failed(BrokenPipeError(errno.EPIPE, "Broken pipe")) == 0
    assert output_failed(OSError(errno.ENOSPC, "No space left on device")) == 1
    assert capfd.readouterr().err == "The output cannot be written: No space left on device.\n"
