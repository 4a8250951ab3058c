"""What the documentation names is there: links, settings, commands, and slips that can be read."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from etl_actors.cli.main import app
from etl_actors.settings import Settings
from etl_actors.slips.reading.read import read_slip

_TOP = Path(__file__).parent.parent.parent
_PAGES = [_TOP / "README.md", _TOP / "CONTRIBUTING.md", _TOP / "CHANGELOG.md", *sorted((_TOP / "docs").glob("*.md"))]
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"(`+)[^\n]+?\1")  # in a line: what looks like a link there is none
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"\bETL_([A-Z][A-Z_]*[A-Z])\b")
_COMMAND = re.compile(r"etl-actors (?:--config \S+ )?([a-z]+)(.*)")
_OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]*")
# Variables of the project's own tests and of placeholders: no settings.
_NO_SETTINGS = {"CORPUS", "TEST_DATABASE_URL", "TEST_POSTGRES"}
# Words that follow the program's name in sentences and in a connection's name.
_NO_COMMANDS = {"master", "listener", "liveness", "parser", "loader", "in"}

_each_page = pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)


def _prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def _blocks(language: str) -> list[str]:
    right = [page for page in _PAGES if page.name != "wrong_slips.md"]
    return [text for page in right for kind, text in _FENCED.findall(page.read_text(encoding="utf-8")) if kind == language]


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    headings = _HEADING.findall(_prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _commands() -> dict[str, set[str]]:
    """Return every command's options, those of a group's commands as ``slips list``."""
    return dict(_options(typer.main.get_command(app), ""))


def _options(group: Any, above: str) -> Iterator[tuple[str, set[str]]]:
    with group.make_context("etl-actors", ["--help"], resilient_parsing=True) as ctx:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            yield f"{above}{name}", {"--help", *(o for p in command.params for o in p.opts)}
            if isinstance(command, typer.core.TyperGroup):
                yield from _options(command, f"{name} ")


def _named_commands(page: Path) -> list[tuple[str, str]]:
    """Return the commands that a page names in code, with the rest of their line."""
    text = page.read_text(encoding="utf-8")
    code = [block for kind, block in _FENCED.findall(text) if kind not in {"toml", "json", "sql"}]
    code += re.findall(r"`([^`\n]+)`", _FENCED.sub("", text))
    named = [found for piece in code for line in piece.splitlines() for found in _COMMAND.findall(line.partition("#")[0])]
    return [(name, rest) for name, rest in named if name not in _NO_COMMANDS]


@_each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    """Links to files and headings; those to other sites are not followed."""
    lost = []
    for link in _LINK.findall(_CODE.sub("", _prose(page))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)
    assert not lost


@_each_page
def test_every_variable_named_is_a_setting(page: Path) -> None:
    """`ETL_X` and `ETL_X_FILE`."""
    named = {name.removesuffix("_FILE") for name in _VARIABLE.findall(page.read_text(encoding="utf-8"))}
    assert {name.lower() for name in named - _NO_SETTINGS} <= Settings.model_fields.keys()


def test_the_page_on_operating_names_every_setting() -> None:
    text = (_TOP / "docs" / "operating.md").read_text(encoding="utf-8")
    table = text.partition("## Settings that change how it works")[2].partition("\n## ")[0]
    listed = tomllib.loads((_TOP / "config" / "default.toml").read_text(encoding="utf-8"))
    named = {word for row in table.splitlines() if row.startswith("| `") for word in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == listed.keys()


@_each_page
def test_every_command_named_exists_with_its_options(page: Path) -> None:
    commands = _commands()
    unknown = []
    for word, rest in _named_commands(page):
        member = re.match(r" ([a-z]+)", rest)
        name = f"{word} {member[1]}" if member and any(known.startswith(f"{word} ") for known in commands) else word
        if name not in commands:
            unknown.append(name)
        elif name != "psql":  # whose options are psql's
            unknown += [f"{name} {option}" for option in _OPTION.findall(rest) if option not in commands[name]]
    assert not unknown


def test_commands_are_found_in_the_pages() -> None:
    """The test above would hold of pages in which it finds nothing."""
    named = {name for page in _PAGES for name, _ in _named_commands(page)}
    assert {"run", "feed", "status", "audit", "migrate", "psql"} <= named


_SLIPS_SHOWN = [block for block in _blocks("toml") if block.startswith("name") and "\n[tables." in block]


@pytest.mark.parametrize("text", _SLIPS_SHOWN)
def test_every_slip_shown_can_be_read(text: str) -> None:
    slip = read_slip({"slip.toml": text, "line.lark": _blocks("lark")[0]}, "public")
    assert slip.targets
