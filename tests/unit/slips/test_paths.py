"""Paths: RFC 9535 without filters; compiled code and the plain evaluator agree."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.node import Node
from etl_actors.relational.breakout.asked import place_of
from etl_actors.slips.expressions.expression import parse_expression
from etl_actors.slips.expressions.nodes import Path, Segment
from etl_actors.slips.expressions.paths import fields, located, location_text, members, named_members
from etl_actors.slips.values.compared import equal, kind_of

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
        ("a..c", [1, 2]),
        ("$..d", [None]),
        ("$..[0]", [{"c": 1}, 0]),
        ("a..['c', 'd']", [1, 2, None]),
        ("a.b..*", [{"c": 1}, {"c": 2, "d": None}, 7, 1, 2, None]),
        ("a..b[*].c", [1, 2]),
        ("key..x", []),
        ("a.b[*]..c", [1, 2]),
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
    st.sampled_from([".a", ".b", ".*", "..a", "..*", "..[0]", "..['b', 1:]"]),
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


@pytest.mark.parametrize("name", ["a \U000e0001", "\U000e0001", "\x7f", "\ufeff", "\U0001f600", "a.b", "it's", "", "a\\b", "\n"])
def test_a_location_names_any_member(name: str) -> None:
    path = parse_expression(location_text((name, 0, name)))
    assert isinstance(path, Path)
    assert located({name: [{name: 1}]}, path.segments) == [((name, 0, name), 1)]


def test_parents_come_before_what_is_below_them_and_places_are_whole() -> None:
    path = parse_expression("$..x")
    assert isinstance(path, Path)
    document = {"a": {"x": 1}, "x": {"x": [{"x": 2}]}, "b": [{"x": 3}]}
    assert [location_text(place) for place, _ in located(document, path.segments)] == [
        "$.x",
        "$.a.x",
        "$.x.x",
        "$.x.x[0].x",
        "$.b[0].x",
    ]


def test_a_value_of_any_depth_is_searched() -> None:
    path = parse_expression("$..x")
    assert isinstance(path, Path)
    document: Any = {"x": 1}
    for _ in range(5_000):
        document = [document]
    assert [value for _, value in located(document, path.segments)] == [1]


def segments_of(text: str) -> tuple[Segment, ...]:
    path = parse_expression(text)
    assert isinstance(path, Path)
    return path.segments


def test_the_value_of_a_grammars_rule_is_an_object_as_others_are() -> None:
    text = "k 1 2"
    one, other = (Node.within(text, at, at + 1, {"x": text[at]}, {"x": at}) for at in (2, 4))
    node = Node.within(text, 0, 5, {"k": one, "l": [other]}, {})
    texts = ("$.k.x", "$.*", "$.l[*].x", "$..x")
    found = {text: [value for _, value in located(node, segments_of(text))] for text in texts}
    assert found == {"$.k.x": ["1"], "$.*": [node["k"], node["l"]], "$.l[*].x": ["2"], "$..x": ["1", "2"]}
    assert members(node) == [node["k"], node["l"]]
    assert fields([node, node["k"]], "x") == ["1"]
    assert named_members(node) == [("k", node["k"]), ("l", node["l"])]
    assert kind_of(node) == "object"
    assert equal(node["k"], {"x": "1"})


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), min_size=1, max_size=3))
def test_a_location_is_read_as_the_place_that_it_is_of(names: list[str]) -> None:
    assert place_of(location_text(tuple(names), "$")) == tuple(names)
