"""Whatever stands in a slip, it is read or refused with sentences that have places: nothing else is raised."""

import copy
import json
import re
import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.errors import SlipError
from etl_actors.slips.mapping.compile import compile_slip
from tests.support.slips import read

FULL = tomllib.loads(r"""
name = "s"
source = ["a"]
when = "exists(a)"
priority = 1
[input]
format = "lines"
begins = "^x"
origin = true
[maps.m]
a = 1
[grammars]
g = { text = "start: A B\nA: /a/\nB: /b/" }
[let]
x = "m | parse(g)"
[tables.t]
key = ["a"]
on_duplicate = "newest(b)"
when = "exists(x.a)"
schema = "mine"
index = [["a"], "b"]
columns.a = "a | int"
columns.b = { expr = "b | date", null = false, check = "b > '2024-01-01'", comment = "x", private = true }
[tables.e]
each = "$.e"
recurse = "c[*]"
key = ["id"]
on_duplicate = "fill"
on_error = "item"
let.y = "x.b"
columns.id = "id | int"
columns.up = "@up.id | ref('e')"
columns.y = "y | lookup(m) | text"
[tables.u]
parent = "t"
each = "@.u[*]"
columns.e = "e | ref('e')"
[tables.v]
parent = "u"
""")

_EXPRESSIONS = ["a", "@", "$", "x.c", "a |", "a | f", "exists(a)", "@up.id | int", "@depth | int", "a | ref('t')", "("]
_WORDS = st.sampled_from([*_EXPRESSIONS, "newest(a)", "fill", "item", "lines", "t", "u", "std:ip", "no.lark", "\n"])
_SCALARS = st.one_of(
    st.integers(-3, 3), st.booleans(), st.floats(), _WORDS, st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)
_NAMES = st.sampled_from(["a", "expr", "let", "columns", "each", "parent", "key", "x y", "", "text", "null"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=3)), max_leaves=5
)
_PROBLEM = re.compile(r"slip\.toml:\d+:\d+: .+\n    .*\n    +\^")


def _places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inner for place in [(*above, key), *_places(one, (*above, key))]]


def _written(value: Any) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{_written(str(key))} = {_written(one)}" for key, one in value.items()) + " }"
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case float():
            return repr(value).replace("e", ".0e", 1) if re.fullmatch(r"-?\d+e.*", repr(value)) else repr(value)
        case _:
            return json.dumps(value).replace("\x7f", "\\u007f") if isinstance(value, str) and value.isascii() else _quoted(value)


def _quoted(value: Any) -> str:
    return '"' + "".join(f"\\U{ord(one):08x}" for one in value) + '"' if isinstance(value, str) else json.dumps(value)


def _toml(slip: dict[str, Any]) -> str:
    return "\n".join(f"{_written(key)} = {_written(value)}" for key, value in slip.items())


def test_the_slip_that_is_broken_on_purpose_is_right_before() -> None:
    assert len(compile_slip(read(_toml(FULL))).tables) == 4


@settings(max_examples=200)
@given(st.data())
def test_a_slip_of_anything_is_read_or_refused_with_places(data: st.DataObject) -> None:
    slip = copy.deepcopy(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, key = data.draw(st.sampled_from(_places(slip)))
        inner: Any = slip
        for step in above:
            inner = inner[step]
        if isinstance(inner, dict) and data.draw(st.booleans()):
            key = data.draw(_NAMES)
        inner[key] = data.draw(_VALUES)
    try:
        compile_slip(read(_toml(slip)))
    except SlipError as refused:
        problems = re.split(r"\n(?=slip\.toml:)", str(refused))
        assert all(_PROBLEM.fullmatch(problem) for problem in problems), problems
