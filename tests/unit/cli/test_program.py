"""The command line as a program of its own: exit statuses, and nothing on standard error but sentences."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys

import pytest

_QUIET = {name: value for name, value in os.environ.items() if not name.startswith("ETL_")}


def program(*arguments: str, code: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    what = ["-c", code] if code else ["-m", "etl_actors"]
    return subprocess.run(
        [sys.executable, *what, *arguments], env={**_QUIET, **environ}, capture_output=True, text=True, check=False, timeout=60
    )


def test_no_server_at_the_address_is_one_sentence_without_the_password_and_3() -> None:
    done = program("status", ETL_DATABASE_URL="postgresql://etl:hunter2@127.0.0.1:1/etl")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("No answer from database etl on 127.0.0.1:1: ")
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def test_with_debug_the_traceback_is_shown() -> None:
    done = program("status", "--debug", ETL_DATABASE_URL="postgresql://127.0.0.1:1/etl")
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr


def test_an_error_that_nobody_foresaw_is_one_sentence_and_1() -> None:
    code = (
        "import etl_actors.settings as s\n"
        "def boom(*_, **__): raise ZeroDivisionError('by zero')\n"
        "s.load_settings = boom\n"
        "from etl_actors.cli.main import main\n"
        "main()"
    )
    done = program("status", code=code)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "etl-actors failed in a way nobody foresaw (ZeroDivisionError: by zero)."
        " With --debug before the command the traceback is shown.\n"
    )


def test_an_interrupt_ends_with_130_and_without_a_word() -> None:
    code = (
        "import os, signal\n"
        "import etl_actors.settings as s\n"
        f"s.load_settings = lambda *_, **__: signal.raise_signal({int(signal.SIGINT)})\n"
        "from etl_actors.cli.main import main\n"
        "main()"
    )
    done = program("status", code=code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def redirected(arguments: str, redirection: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a shell, which sends its standard output somewhere."""
    line = f'"{sys.executable}" -m etl_actors {arguments} {redirection}'
    return subprocess.run(["bash", "-c", line], env=_QUIET, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", ["--help", "slips list"])
def test_a_reader_that_goes_away_is_no_problem(arguments: str) -> None:
    done = redirected(arguments, "| true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", ["--help", "slips list"])
def test_a_full_disk_is_one_sentence_and_1(arguments: str) -> None:
    done = redirected(arguments, "> /dev/full")
    assert (done.returncode, done.stderr) == (1, "The output cannot be written: No space left on device.\n")


def test_standard_streams_may_be_closed() -> None:
    done = redirected("slips list", "<&- >&-")
    assert (done.returncode, done.stderr) == (0, "")


def at_a_terminal(*arguments: str, **environ: str) -> str:
    """Run the program at a terminal and return what it shows, control sequences included."""
    ours, terminal = pty.openpty()
    with os.fdopen(ours, "rb") as shown:
        done = subprocess.Popen(
            [sys.executable, "-m", "etl_actors", *arguments],
            env={**_QUIET, "TERM": "xterm-256color", "COLUMNS": "60", **environ},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        text = b""
        with contextlib.suppress(OSError):  # as Linux has the end of a terminal
            while more := shown.read1():
                text += more
        done.wait()
    return text.decode()


def test_at_a_terminal_of_sixty_columns_tables_fit() -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", at_a_terminal("slips", "list"))
    lines = [line.rstrip() for line in shown.splitlines()]
    assert "4 slips." in lines
    assert max(map(len, lines)) <= 60


def test_a_daemon_starts_without_what_only_a_migration_needs() -> None:
    imported = set(program(code="import sys, etl_actors.app\nprint('', *sys.modules)").stdout.splitlines()[-1].split())
    assert "etl_actors.store.revision" in imported
    assert imported & {"sqlalchemy", "alembic"} == set()


def test_help_imports_nothing_that_only_a_command_needs() -> None:
    code = "import sys\nfrom etl_actors.cli.main import execute\nexecute(['--help'])\nprint('', *sys.modules)"
    imported = set(program(code=code).stdout.splitlines()[-1].split())
    assert "etl_actors.cli.main" in imported
    assert imported & {"psycopg", "sqlalchemy", "pykka", "structlog", "pydantic", "rich", "lark", "uvicorn"} == set()
