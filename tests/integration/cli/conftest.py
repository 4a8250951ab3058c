"""Asking the commands within this process, as an operator who may do nothing else."""

from collections.abc import Callable, Iterator

import pytest

from etl_actors.cli.main import execute
from tests.support.servers import Server

Ask = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture(scope="session")
def operator_login(server: Server, template: str) -> Iterator[dict[str, str]]:
    """Make a login that is a member of `etl_operator` only."""
    assert template  # the roles come with the first migration
    with server.login("etl_operator") as login:
        yield login


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a command on a database: its exit status, and its lines on standard output and on standard error."""

    def asked(url: str, *arguments: str) -> tuple[int, list[str], list[str]]:
        monkeypatch.setenv("ETL_DATABASE_URL", url)
        capsys.readouterr()
        status = execute(arguments)
        out, err = capsys.readouterr()
        return status, [line.rstrip() for line in out.splitlines()], err.splitlines()

    return asked
