"""The frame of the command line, within this process."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from etl_actors import __version__
from etl_actors.cli import commands, main
from etl_actors.cli.commands import COMMANDS, Command
from etl_actors.cli.context import Invocation, invocation
from etl_actors.errors import DatabaseUnavailable, EtlError, SlipError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a command ``fail`` of whatever is given, and run it."""

    def run(failure: BaseException, *arguments: str) -> int:
        def fail() -> None:
            raise failure

        class Failing(Command):
            def load(self, name: str) -> Any:
                alone = typer.Typer(add_completion=False)
                alone.command(name)(fail)
                return typer.main.get_command(alone)

        monkeypatch.setitem(COMMANDS, "fail", Failing("", ()))
        return main.execute([*arguments, "fail"])

    return run


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (EtlError("It is so."), 1),
        (SlipError("It is so."), 1),
        (DatabaseUnavailable("It is so."), 3),
        (psycopg.OperationalError("It is so"), 3),
        (psycopg.errors.InsufficientPrivilege("It is so"), 1),
        (typer.Exit(5), 5),
    ],
)
def test_each_error_has_its_exit_status(failing: Any, failure: Exception, status: int) -> None:
    assert failing(failure) == status


def test_an_error_is_told_as_its_sentence_on_standard_error(failing: Any, capsys: pytest.CaptureFixture[str]) -> None:
    failing(EtlError("Port 8080 is in use."))
    assert capsys.readouterr() == ("", "Port 8080 is in use.\n")


def test_with_debug_an_error_goes_on_as_it_is(failing: Any) -> None:
    with pytest.raises(EtlError, match="It is so"):
        failing(EtlError("It is so."), "--debug")


def test_an_interrupt_ends_with_130_and_without_a_word(failing: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["runn"], "No such command 'runn'"),
        (["run", "--foo"], "No such option: --foo. Try: etl-actors run --help"),
        (["run", "--workers", "x"], "Invalid value for '--workers'"),
        (["--config"], "Option '--config' requires an argument"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.execute(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(sentence)
    assert err.count("\n") == 1
    assert "--help" in err


def test_wrong_settings_are_told_all_and_end_with_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ETL_LOADERS", "none")
    assert main.execute(["run", "--workers", "0"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "workers: expected at least 1, got 0 (--workers)",
        "loaders: expected a whole number, got 'none' (ETL_LOADERS)",
    ]


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(main.app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"etl-actors {__version__}\n")


def test_without_a_command_the_help_is_shown_as_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.execute([]) == 2
    assert capsys.readouterr().out.startswith("Usage: etl-actors [OPTIONS] COMMAND")


def test_the_help_lists_every_command_with_its_line() -> None:
    output = CliRunner().invoke(main.app, ["--help"]).output
    for name, command in COMMANDS.items():
        assert f"  {name}" in output
        assert command.summary in output


def test_the_help_says_where_all_settings_are_listed() -> None:
    output = CliRunner().invoke(main.app, ["--help"]).output
    (place,) = [line.split(": ")[1] for line in output.splitlines() if "Every setting" in line]
    assert "database_url" in Path(place).read_text("utf-8")


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        (["run", "--debug"], ["--debug", "run"]),
        (["run", "--config", "f", "--once"], ["--config", "f", "run", "--once"]),
        (["--config=f", "run"], ["--config=f", "run"]),
        (["feed", "--", "--debug"], ["feed", "--", "--debug"]),
        (["run", "--config"], ["--config", "run"]),
    ],
)
def test_the_options_before_the_command_may_stand_after_it(written: list[str], understood: list[str]) -> None:
    assert main._options_first(written) == understood


def test_the_settings_file_reaches_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("workers = 7\n")
    seen: list[int] = []

    def show(context: typer.Context) -> None:
        seen.append(invocation(context).settings().workers)

    class Showing(Command):
        def load(self, name: str) -> Any:
            alone = typer.Typer(add_completion=False)
            alone.command(name)(show)
            return typer.main.get_command(alone)

    monkeypatch.setitem(commands.COMMANDS, "show", Showing("", ()))
    assert main.execute(["show", "--config", str(file)]) == 0
    assert seen == [7]


def test_what_stands_before_the_command_is_told_to_the_program() -> None:
    before = Invocation()
    main.execute(["--debug", "--config", "f.toml", "migrate", "--help"], before)
    assert before == Invocation(Path("f.toml"), debug=True)
