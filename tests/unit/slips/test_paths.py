"""Paths: RFC 9535 without filters; compiled code and the plain evaluator agree."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.expression import parse_expression
from etl_actors.slips.nodes import Path
from etl_actors.slips.paths import located, location_text

from .conftest import mapper_of, rows_of

DOCUMENT = {
    "a": {"b": [{"c": 1}, {"c": 2, "d": None}, 7], "x y": "blank", "": "empty", "it's": "quote", '"': "double", "t\tn\n": "tab"},
    "n": None,
    "list": [0, 1, 2, 3, 4],
    "e\u00e9": "accent",
    "key": "field",
    "type": "kind",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.a.b[0].c", 1),
        ("a.b[-1]", 7),
        ("a.b[3]", None),
        ("a.b[-4]", None),
        ("a.b.c", None),
        ("a.b[2].c", None),
        ("n.x[0].y", None),
        ("missing", None),
        ("@['a']['x y']", "blank"),
        ("a['']", "empty"),
        ("a['it\\'s']", "quote"),
        ('a["it\'s"]', "quote"),
        ("a['\\u0022']", "double"),
        ("a['t\\tn\\n']", "tab"),
        ("e\u00e9", "accent"),
        ("@.key", "field"),
        ("type", "kind"),
        ("a.b[*].c", [1, 2]),
        ("a.b[*].d", [None]),
        ("a.b.*.*", [1, 2, None]),
        ("list[1:3]", [1, 2]),
        ("list[::-2]", [4, 2, 0]),
        ("list[-2:]", [3, 4]),
        ("list[::0]", []),
        ("list[0, 2, 9, -1]", [0, 2, 4]),
        ("a['x y', 'b'][0].c", [1]),
        ("missing[*]", []),
        ("key[*]", []),
        ("$[*][0]", [0]),
        ("@", DOCUMENT),
    ],
)
def test_a_path_finds(path: str, found: Any, value_of: Any) -> None:
    written = value_of(f"{path} | jsonb", DOCUMENT)
    assert (json.loads(written) if written is not None else None) == found


def test_a_document_that_is_no_object_has_no_fields_but_is_itself(value_of: Any) -> None:
    assert value_of("a | text", [1]) is None
    assert value_of("$[0] | text", [1]) == "1"
    assert value_of("$ | text", 5) == "5"
    assert value_of("$.a[*] | jsonb", "x") == "[]"


_NAMES = st.sampled_from(["a", "b", "", "it's", 'q"', "\\", "{x}", "\t", "é"])
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), _NAMES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=4)),
    max_leaves=12,
)
_INDEX = st.integers(-3, 3)
_SELECTORS = st.one_of(
    _NAMES.map(json.dumps),
    _INDEX.map(str),
    st.just("*"),
    st.tuples(*[st.one_of(st.just(""), _INDEX.map(str))] * 3).map(":".join),
)
_SEGMENTS = st.one_of(
    st.sampled_from([".a", ".b", ".*"]),
    st.lists(_SELECTORS, min_size=1, max_size=2).map(lambda parts: f"[{', '.join(parts)}]"),
)
_PATHS = st.tuples(st.sampled_from(["$", "@"]), st.lists(_SEGMENTS, max_size=4)).map(lambda t: t[0] + "".join(t[1]))


@given(_PATHS, _VALUES)
def test_compiled_paths_find_what_the_plain_evaluator_finds(text: str, document: Any) -> None:
    path = parse_expression(text)
    assert isinstance(path, Path)
    matches = [value for _, value in located(document, path.segments)]
    wanted = matches if path.plural else (matches[0] if matches else None)
    rows = rows_of(mapper_of(f"[tables.t]\ncolumns.c = {json.dumps(text + ' | jsonb')}"), document)
    assert isinstance(rows, dict)
    got = rows["t"][0]["c"]
    assert json.dumps(None if got is None else json.loads(got)) == json.dumps(wanted)


@given(_PATHS, _VALUES)
def test_a_location_is_a_path_to_the_same_value(text: str, document: Any) -> None:
    path = parse_expression(text)
    assert isinstance(path, Path)
    for place, value in located(document, path.segments):
        again = parse_expression(location_text(place))
        assert isinstance(again, Path)
        assert not again.plural
        assert located(document, again.segments) == [(place, value)]
