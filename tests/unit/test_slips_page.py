"""`docs/slips.md` shows what is so: its tutorial is run, its tables are held to the language."""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from etl_actors.cli.slips.group import SLIPS
from etl_actors.combinators.grammar import load_grammar
from etl_actors.slips.casts import column_type as types
from etl_actors.slips.model.slip import InputForm
from etl_actors.slips.reading import columns as read_columns
from etl_actors.slips.reading import read
from etl_actors.slips.reading import tables as read_tables
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.steps import known as steps
from etl_actors.slips.trying.trial import Outcome, Trier
from tests.support.tutorial import ANEW, PAGE, played, tutorial


def test_the_tutorial_shows_what_its_commands_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ETL_PARSERS", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    shown, printed = zip(*played(tutorial(), tmp_path), strict=True)
    assert shown == printed, ANEW
    assert len(shown) >= 6


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    section = PAGE.read_text("utf-8").partition(f"\n{heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table
    lines = table[0].splitlines()[2:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def _code(cell: str) -> str:
    return cell.removeprefix("`").removesuffix("`")


SLIP = """\
name = "s"
[grammars]
weight = {{ text = '''
start: AMOUNT " " UNIT
AMOUNT: /[0-9]+/
UNIT: /[a-z]+/
''' }}
[maps.colours]
r = "red"
[tables.product]
key = ["sku"]
columns.sku = "sku | text"
[tables.t]
parent = "product"
columns.c = {expression}
"""


def _value(expression: str) -> str | None:
    """Return a column's text; raise LookupError where it is refused."""
    quoted = json.dumps(expression)
    trial = Trier(read_slip({"slip.toml": SLIP.format(expression=quoted)}, "public")).attempt(b'{"sku": "A-1"}')
    if trial.outcome is not Outcome.ROWS:
        raise LookupError(trial.rejects[0].message)
    return trial.rows["t"][0]["c"]


@pytest.mark.parametrize("row", _rows("### Steps"), ids=lambda row: _code(row[0])[:30])
def test_the_example_of_a_step_gives_what_is_shown(row: list[str]) -> None:
    expression, shown = _code(row[3]), row[4]
    if shown == "*refused*":
        with pytest.raises(LookupError):
            _value(f"{expression} | jsonb")
        return
    made = _value(f"{expression} | jsonb")
    assert (None if made is None else json.loads(made)) == json.loads(_code(shown))


@pytest.mark.parametrize("row", _rows("### Types"), ids=lambda row: _code(row[0])[:30])
def test_the_example_of_a_type_gives_what_is_shown(row: list[str]) -> None:
    assert _value(_code(row[3])) == _code(row[4])


def test_every_step_and_type_is_in_its_table_and_nothing_else() -> None:
    def named(heading: str) -> set[str]:
        return {name for row in _rows(heading) for name in re.findall(r"`([a-z_0-9]+)", row[0])}

    assert named("### Steps") == set(steps.step_names())
    aliases = set(re.findall(r"Aliases:\s+`([^`]+)`", PAGE.read_text("utf-8"))[0].split())
    assert named("### Types") | aliases == set(types.type_names())


@pytest.mark.parametrize("row", _rows("### The value of a text"), ids=lambda row: row[0][:40])
def test_the_value_of_a_text_is_what_is_shown(row: list[str]) -> None:
    rules = "\n".join(re.findall(r"`([^`]+)`", row[1]))
    grammar = load_grammar(f"{rules}\nKEY: /[a-z]/\nVALUE: /[0-9]/\n", name="line.lark", find=lambda _file: None)
    result: Any = grammar.read(_code(row[2]))
    assert result.value == json.loads(_code(row[3]))


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("## The file", read._KNOWN),
        ("## Tables", read_tables._KNOWN),
        ("### Columns", set(read_columns._KNOWN) - {"expr"}),
        ("### Input", InputForm.__dataclass_fields__),
    ],
)
def test_every_key_is_in_its_table_and_no_other(heading: str, known: Collection[str]) -> None:
    named = {re.findall(r"[a-z_]+", row[0])[0] for row in _rows(heading)}
    assert named == set(known)


def test_every_reason_is_in_the_table_of_reasons() -> None:
    """Those that `feed` and the database give apart, which are as many as theirs."""
    raised = re.compile(r'(?:Refused|Undecodable|Reject)\(\s*(?:(?:staged\.)?row_id, )?(?:Stage\.\w+, )?"([a-z_]+)"')
    code = "".join(path.read_text("utf-8") for path in (PAGE.parent.parent / "etl_actors").rglob("*.py"))
    shown = set(re.findall(r"`([a-z_]+)`", "".join(row[1] for row in _rows("## What rejects a value"))))
    assert set(raised.findall(code)) <= shown


def test_every_command_is_in_the_table_of_commands() -> None:
    assert [re.findall(r"slips (\w+)", row[0])[0] for row in _rows("## The commands")] == list(SLIPS)
