"""What a shell completes, asked as bash and zsh ask."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from etl_actors.cli import main
from etl_actors.cli.commands import COMMANDS
from etl_actors.cli.slips.group import SLIPS

Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Complete:
    """Complete the last word of a line, as bash asks."""

    def asked(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv("_ETL_ACTORS_COMPLETE", "complete_bash")
        with pytest.raises(SystemExit) as ended:
            main.execute([])
        out, err = capsys.readouterr()
        assert (ended.value.code, err) == (0, "")
        return out.split()

    return asked


@pytest.fixture
def slips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, text in (
        ("book", 'name = "book"\nsource = ["library", "shop"]\n'),
        ("broken", 'name = "bird"\nsource = "garden"\ncolumns = \n'),
        ("nameless", 'when = "exists(a)"\n'),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "slip.toml").write_text(text)
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path))


def test_commands_are_completed_also_those_of_a_group(complete: Complete) -> None:
    assert complete("etl-actors ") == list(COMMANDS)
    assert complete("etl-actors stat") == ["status"]
    assert complete("etl-actors slips ") == list(SLIPS)
    assert complete("etl-actors --config mine.toml slips sh") == ["show"]


def test_options_are_completed(complete: Complete) -> None:
    assert complete("etl-actors status --j") == ["--json"]
    assert complete("etl-actors run --w") == ["--workers"]
    assert "--debug" in complete("etl-actors --")


def test_words_to_choose_from_are_completed(complete: Complete) -> None:
    assert set(complete("etl-actors feed shop --format ")) >= {"jsonl", "lines"}
    assert complete("etl-actors feed shop --format l") == ["lines"]


@pytest.mark.usefixtures("slips")
def test_slips_are_completed_broken_ones_too(complete: Complete) -> None:
    for line in ("slips show ", "slips check book ", "feed library --slip ", "slips apply --retire "):
        assert complete(f"etl-actors {line}") == ["bird", "book", "nameless"]
    assert complete("etl-actors slips try bo") == ["book"]


@pytest.mark.usefixtures("slips")
def test_sources_are_those_that_slips_take(complete: Complete) -> None:
    assert complete("etl-actors feed ") == ["garden", "library", "shop"]
    assert complete("etl-actors slips explain books.jsonl --source l") == ["library"]


def test_the_settings_file_says_which_slips_there_are(complete: Complete, tmp_path: Path) -> None:
    (tmp_path / "slips" / "book").mkdir(parents=True)
    (tmp_path / "slips" / "book" / "slip.toml").write_text('name = "book"\n')
    (tmp_path / "mine.toml").write_text(f'parsers = "{tmp_path}/slips"\n')
    assert complete(f"etl-actors --config {tmp_path}/mine.toml slips show ") == ["book"]


def test_where_settings_are_wrong_nothing_is_completed_and_nothing_said(
    complete: Complete, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_PARSERS", "/nowhere")
    monkeypatch.setenv("ETL_LOADERS", "none")
    assert complete("etl-actors slips show ") == []


def test_what_is_a_file_is_left_to_the_shell(complete: Complete) -> None:
    assert complete("etl-actors feed shop ") == []
    assert complete("etl-actors slips try book ") == []


def test_zsh_shows_the_summary_beside_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "etl-actors mig")
    monkeypatch.setenv("_ETL_ACTORS_COMPLETE", "complete_zsh")
    with pytest.raises(SystemExit):
        main.execute([])
    assert f'"migrate":"{COMMANDS["migrate"].summary}"' in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_the_program(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: (shell, f"/bin/{shell}"))
    with pytest.raises(SystemExit) as ended:
        main.execute(["--show-completion"])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert f"_ETL_ACTORS_COMPLETE=complete_{shell}" in out


def test_to_complete_a_command_imports_none_of_them() -> None:
    code = (
        "import os, sys\n"
        "os.environ |= {'_ETL_ACTORS_COMPLETE': 'complete_bash', 'COMP_WORDS': 'etl-actors ', 'COMP_CWORD': '1'}\n"
        "from etl_actors.cli.main import execute\n"
        "try: execute([])\n"
        "except SystemExit: print('', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.splitlines()[-1].split())
    assert "etl_actors.cli.main" in imported
    assert imported & {"psycopg", "sqlalchemy", "pykka", "structlog", "lark", "uvicorn"} == set()
