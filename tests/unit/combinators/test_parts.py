"""Parsers of fields and elements, and of texts: what they take, and what they say of other values."""

import re
from typing import Any

import pytest

from etl_actors.combinators.joined import sequence
from etl_actors.combinators.parser import Parser
from etl_actors.combinators.parts import at, element, field
from etl_actors.combinators.result import Failure, Success
from etl_actors.combinators.texts import grammar, literal, pattern, whole
from tests.support.grammars import loaded

A = literal("a")


def test_a_field_is_parsed_from_its_start() -> None:
    assert field("x", A).parse({"x": "ab"}) == Success("a", 0)


def test_fields_are_parsed_side_by_side() -> None:
    assert sequence(field("x", A), field("y", literal("b"))).parse({"x": "a", "y": "b"}) == Success(("a", "b"), 0)


def test_a_path_leads_through_names_and_indexes() -> None:
    assert at(("x", 1, "y"), A).parse({"x": [0, {"y": "a"}]}) == Success("a", 0)
    assert at(("x", -1), A).parse({"x": ["b", "a"]}) == Success("a", 0)


@pytest.mark.parametrize(
    ("parser", "value", "expected", "got", "path"),
    [
        (field("x", A), {}, 'the field "x"', "an object without it", ()),
        (field("x", A), [], "an object", "an array", ()),
        (field("x", A), {"x": 1}, '"a"', "a number", ("x",)),
        (field("x", A), {"x": None}, '"a"', "null", ("x",)),
        (at(("x", 2), A), {"x": ["a"]}, "an element at 2", "an array of 1", ("x",)),
        (at((0,), A), "a", "an array", "'a'", ()),
        (at(("x", -1), A), {"x": ["a", "b"]}, '"a"', "'b'", ("x", 1)),
        (element(A), [], "an element", "the end", ()),
        (element(A), {}, "an array", "an object", ()),
        (element(A), [True], '"a"', "a boolean", (0,)),
        (A, "bc", '"a"', "'bc'", ()),
        (A, "", '"a"', "the end", ()),
        (literal('"\n'), "x", r'"\"\n"', "'x'", ()),
        (pattern("[0-9]+"), 1, "/[0-9]+/", "a number", ()),
        (whole(A), "ab", "the end", "'b'", ()),
        (whole(element(A)), ["a", 1], "the end", "a number", ()),
        (grammar(loaded("start: /x/")), 5, "a text", "a number", ()),
        (whole(grammar(loaded("start: /x/"))), [], "a text", "an array", ()),
    ],
)
def test_a_value_of_another_kind_is_told(
    parser: Parser[Any], value: Any, expected: str, got: str, path: tuple[str | int, ...]
) -> None:
    result = parser.parse(value)
    assert isinstance(result, Failure)
    assert (result.expected, result.got, result.path) == ((expected,), got, path)


def test_a_pattern_takes_flags_of_its_own() -> None:
    assert pattern(re.compile("A", re.IGNORECASE)).parse("a") == Success("a", 1)


def test_whole_takes_what_leaves_nothing() -> None:
    assert whole(pattern("a+")).parse("aaa") == Success("aaa", 3)
    assert whole(field("x", A)).parse({"x": "ab"}) == Success("a", 0)
