"""What looks at a private value, however it goes about it, is told as private; other columns say what they got."""

import json
import random
from typing import Any

import pytest

from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.compile import compile_slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged

MARK = "Xq7secret9Z"
PRIVATE = 'columns.ssn = { expr = "obj.ssn | text", private = true }\n'


def rejects(toml: str, document: Any, steps: str = "") -> list[Reject]:
    files = {"slip.toml": f'name = "s"\n{toml}'} | ({"steps.py": steps} if steps else {})
    mapper = compile_slip(read_slip(files, "public"))
    lines = mapper.begin()
    outcome = mapper.map(Staged(3, b"{}", "s", ""), document, lines)
    return [outcome] if isinstance(outcome, Reject) else lines.rejects


def told(several: list[Reject]) -> str:
    return json.dumps([[one.reason, one.message, one.detail] for one in several])


@pytest.mark.parametrize(
    "expression",
    [
        "cat | concat(obj.ssn) | int",
        "obj | text | null_if('null') | date",
        "@ | text | date",
        "$ | text | date",
        "$.* | jsonb | date",
        "$..ssn | first | int",
        "$..* | jsonb | int",
        "obj.ssn | upper | int",
        "obj.ssn | split('7') | last | int",
        "obj['ssn'] | int",
        "obj.* | first | int",
        "cat | default(obj.ssn) | concat(obj.ssn) | int",
        "obj.ssn | match('^.(.*)$') | int",
        "if(obj.ssn == 'a', 1, obj.ssn) | int",
        "copy | int",
        "longer | int",
        "piece | int",
        "shouted | int",
    ],
)
@pytest.mark.parametrize("let", [False, True])
def test_what_looks_at_a_private_value_does_not_show_it(expression: str, let: bool) -> None:  # noqa: FBT001
    document = {
        "cat": "x",
        "obj": {"ssn": MARK},
        "copy": MARK,
        "longer": f"a {MARK}!",
        "piece": MARK[2:8],
        "shouted": MARK.upper(),
    }
    column = f"columns.c = {json.dumps(expression)}\n"
    if let:
        inner, _, last = expression.rpartition(" | ")
        column = f'let.mix = {json.dumps(inner)}\ncolumns.c = "mix | {last}"\n'
    found = rejects(f"[tables.t]\n{PRIVATE}{column}", document)
    assert "got a private value" in found[0].message
    assert MARK[2:8].casefold() not in told(found).casefold()


def test_a_neighbour_of_a_private_field_says_what_it_got() -> None:
    document = {"obj": {"ssn": MARK, "age": "old"}, "age": "young", "parts": "a,b"}
    for expression in ("obj.age | int", "age | int", "parts | split(',') | first | int"):
        (reject,) = rejects(f'[tables.t]\n{PRIVATE}columns.c = "{expression}"\n', document)
        assert "private" not in reject.message


def test_of_a_list_that_is_cut_the_other_pieces_are_shown() -> None:
    toml = """
[let]
parts = "line | split(',')"
[tables.t]
columns.ssn = { expr = "parts[1] | text", private = true }
columns.age = "parts[0] | int"
"""
    assert rejects(toml, {"line": f"old,{MARK}"})[0].message.endswith("got 'old'")


def test_that_a_private_column_is_null_is_no_secret() -> None:
    toml = '[tables.t]\ncolumns.ssn = { expr = "obj.ssn | required | text", private = true, null = false }\n'
    assert rejects(toml, {"obj": {}})[0].message.endswith("got null")


CHILD = """
[tables.t]
columns.a = "a | text"
[tables.card]
parent = "t"
each = "cards"
{on_error}
columns.pin = {{ expr = "pin | text", private = true }}
columns.other = "{expression}"
"""


@pytest.mark.parametrize("on_error", ["", 'on_error = "item"'])
@pytest.mark.parametrize(
    "expression", ["@ | text | date", "$.cards | text | date", "n | concat(@up.obj.pin, pin) | int", "$.cards[0].pin | int"]
)
def test_items_beside_a_private_column_are_not_shown(expression: str, on_error: str) -> None:
    document = {"a": "b", "cards": [{"n": "1", "pin": MARK}]}
    found = rejects(CHILD.format(expression=expression, on_error=on_error), document)
    assert found
    assert MARK not in told(found)


def test_an_item_below_shows_no_private_value_of_the_one_above() -> None:
    toml = f'[tables.t]\n{PRIVATE}[tables.c]\nparent = "t"\neach = "list"\ncolumns.c = "n | concat(@up.obj.ssn) | int"\n'
    found = rejects(toml, {"obj": {"ssn": MARK}, "list": [{"n": "1"}]})
    assert "private value" in found[0].message
    assert MARK not in told(found)


_SECRETS = ("obj.ssn", "obj", "line | split(';') | last", "$..ssn | first", "people[0].ssn", "$.keyed", "obj.ssn | lower")
_OTHERS = (
    "name", "obj", "obj.ssn", "@", "$", "$.*", "line", "line | split(';')", "line | match('^.*?;(.*)$')", "people", "people[*]",
    "people[*].ssn", "people | map(jsonb)", "keyed", "keyed | as_list", "name | concat(obj.ssn)", "name | concat(line, '/')",
    "(name | int / obj.ssn)", "if(exists(name), obj.ssn, line)", "$..*", "obj | jsonb", "line | from_json", "copy", "obj.ssn | own",
)  # fmt: skip
_TYPES = (
    "text | int",
    "text | date",
    "text | upper | inet",
    "jsonb | text | int",
    "int",
    "own | text | int",
    "text | trim | uuid",
)
_STEPS = """
from etl_actors import step

@step
def own(value: str) -> str:
    raise ValueError(f"anything but {value.upper()}")
"""
_TEMPLATES = (
    "[tables.t]\ncolumns.p = {{ expr = {secret}, private = true }}\ncolumns.c = {other}\n",
    "[let]\nx = {other_value}\ny = 'x'\n[tables.t]\ncolumns.p = {{ expr = {secret}, private = true }}\ncolumns.c = 'y | {type}'\n",
    (
        "[tables.t]\ncolumns.n = 'name | text'\n[tables.c]\nparent = 't'\neach = {other_value}\ncolumns.c = '@ | {type}'\n"
        "[tables.p]\nparent = 't'\ncolumns.p = {{ expr = {secret}, private = true }}\n"
    ),
    (
        "[tables.t]\ncolumns.p = {{ expr = {secret}, private = true }}\n[tables.c]\nparent = 't'\neach = 'people[*]'\n"
        "on_error = 'item'\nwhen = \"@up | {type} > 1\"\ncolumns.c = '@ | {type}'\n"
    ),
    (
        "[tables.t]\ncolumns.n = 'name | text'\n[tables.c]\nparent = 't'\neach = '$.keyed.*'\n"
        "columns.p = {{ expr = '@key | text', private = true }}\n[tables.d]\nparent = 't'\neach = {other_value}\ncolumns.c = '@ | {type}'\n"
    ),
)


_FIELD = {"obj.ssn": "obj", "obj": "obj", "line | split(';') | last": "line", "$..ssn | first": "obj", "people[0].ssn": "people",
          "$.keyed": "keyed", "obj.ssn | lower": "obj"}  # fmt: skip


def _document(chance: random.Random, field: str) -> dict[str, Any]:
    secret = chance.choice([MARK, f'{MARK}"\n\\é', f"a {MARK}"])

    def one(name: str) -> str:
        return secret if name == field else "other"

    document = {
        "name": chance.choice(["n", None, "12"]),
        "obj": {"ssn": one("obj"), "age": 3},
        "line": f"key;{one('line')}",
        "people": [{"ssn": one("people"), "n": 1}],
        "keyed": {one("keyed"): {"n": "x"}},
        "copy": 1 if field == "line" else chance.choice([secret, f"<{secret}>", 1]),  # of a piece no copy is known elsewhere
    }
    for name in chance.sample(sorted(document.keys() - {field}), chance.randrange(3)):
        del document[name]
    return document


@pytest.mark.parametrize("seed", range(40))
def test_no_reject_of_any_slip_shows_what_is_private(seed: int) -> None:
    chance = random.Random(seed)
    refused = 0
    for _ in range(25):
        secret, other, kind = chance.choice(_SECRETS), chance.choice(_OTHERS), chance.choice(_TYPES)
        template = chance.choice(_TEMPLATES)
        toml = template.format(
            secret=json.dumps(f"{secret} | text"),
            other=json.dumps(f"{other} | {kind}"),
            other_value=json.dumps(other),
            type=kind,
        )
        field = "keyed" if "'@key | text'" in template else _FIELD[secret]
        document = _document(chance, field)
        found = rejects(toml, document, _STEPS)
        refused += len(found)
        assert MARK.casefold() not in told(found).casefold(), toml + told(found)
    assert refused > 5


def test_private_names_above_an_item_are_not_in_its_path() -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.c]
parent = "t"
each = "$..*"
columns.p = { expr = "@key | text", private = true }
columns.n = "n | int"
"""
    found = rejects(toml, {"a": None, "b": {MARK: {"x": {"n": "y"}}}})
    assert found[0].detail["path"] == "$..[*].n"
    assert MARK not in told(found)
