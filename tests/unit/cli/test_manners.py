"""What holds for every command, those of groups too."""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from typer.core import TyperOption

from etl_actors.cli import main
from etl_actors.cli.commands import COMMANDS, EXIT_STATUS, Command, Group


def _every() -> Iterator[tuple[str, Command, Any]]:
    """Find the words of each command, its entry in the registry, and what the parser has of it."""
    for name, command in COMMANDS.items():
        yield name, command, command.load(name)
        if isinstance(command, Group):
            members: dict[str, Command] = getattr(import_module(f"etl_actors.cli.{name}.group"), name.upper())
            for member, entry in members.items():
                yield f"{name} {member}", entry, entry.load(f"{name}_{member}")


EVERY = list(_every())
LEAVES = [each for each in EVERY if not isinstance(each[1], Group)]
# They print no finding of theirs: a log, a report to be looked at, another program's output, files.
WITHOUT_JSON = {"run", "demo", "psql", "slips new", "rejects export"}

every = pytest.mark.parametrize(("words", "entry", "parsed"), EVERY, ids=[words for words, _, _ in EVERY])
# What it does not know is psql's.
STRICT = [each for each in LEAVES if each[0] != "psql"]

leaves = pytest.mark.parametrize(("words", "entry", "parsed"), LEAVES, ids=[words for words, _, _ in LEAVES])


def _help(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main.execute([*words.split(), "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return str(out)


@every
def test_help_says_what_it_does_with_examples_and_what_exit_statuses_mean(
    words: str, entry: Command, parsed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _help(words, capsys)
    usage, said = shown.split("\n\n")[:2]
    assert usage.startswith(f"Usage: etl-actors {words} ")
    assert re.match(r"  [A-Z]", said)
    assert "." in said
    assert entry.examples
    for example in entry.examples:
        assert f"    {example}\n" in shown
        assert f"etl-actors {words.split(maxsplit=1)[0]}" in example
    assert " ".join(shown.split()).endswith(EXIT_STATUS)


@every
def test_the_summary_fits_a_line_of_the_list_and_is_a_sentence(words: str, entry: Command, parsed: Any) -> None:
    assert entry.summary[0].isupper()
    assert entry.summary.endswith(".")
    assert len(entry.summary) <= 66


@leaves
def test_every_option_and_argument_is_explained(words: str, entry: Command, parsed: Any) -> None:
    silent = [param.name for param in parsed.params if not param.hidden and not getattr(param, "help", None)]
    assert silent == []


@leaves
def test_help_does_not_speak_python(words: str, entry: Command, parsed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert re.findall(r"<[^>|]*>|\bNone\b|\bTrue\b|\bFalse\b", _help(words, capsys)) == []


@leaves
def test_brackets_in_the_usage_are_set_once(words: str, entry: Command, parsed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "[[" not in _help(words, capsys)


@leaves
def test_what_reads_can_be_read_by_programs(words: str, entry: Command, parsed: Any) -> None:
    options = {name for param in parsed.params if isinstance(param, TyperOption) for name in param.opts}
    assert ("--json" in options) == (words not in WITHOUT_JSON)


@leaves
@pytest.mark.parametrize("width", [60, 100])
def test_help_fits_the_terminal_but_for_what_may_not_be_broken(
    words: str, entry: Command, parsed: Any, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = _help(words, capsys)
    examples = {f"    {example}" for example in entry.examples}
    assert [line for line in shown.splitlines() if len(line) > width and line not in examples] == []


@pytest.mark.parametrize(("words", "entry", "parsed"), STRICT, ids=[words for words, _, _ in STRICT])
def test_wrong_usage_is_one_line_that_names_the_help_and_ends_with_2(
    words: str, entry: Command, parsed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.execute([*words.split(), "--no-such-option"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("No such option: --no-such-option")
    assert err.endswith(f". Try: etl-actors {words} --help\n")


def test_a_group_without_a_command_shows_its_help_as_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for name, entry in COMMANDS.items():
        if isinstance(entry, Group):
            assert main.execute([name]) == 2
            assert capsys.readouterr().out.startswith(f"Usage: etl-actors {name} ")
