"""Steps on texts and lists: what each gives, that null passes, and what each refuses."""

from typing import Any

import pytest

from etl_actors.combinators.node import Node
from etl_actors.slips.steps.known import STEPS, step_names
from etl_actors.slips.values.refused import Refused

from .evaluated import evaluated

RULE = Node.within("a = 1", 0, 5, {"k": "a"}, {"k": 0})


@pytest.mark.parametrize(
    ("expression", "value", "wanted"),
    [
        ("a | concat('-', b, null, 1.50)", "x", "x-y1.50"),
        ("a | concat(b)", 1.5, "1.5y"),
        ("a | concat(b)", True, "truey"),
        ("a | concat(b)", ["x"], '["x"]y'),
        ("a | concat(b)", RULE, "a = 1y"),
        ("a | concat(missing)", "x", "x"),
        (
            "a | from_entries",
            [{"key": "x", "value": 1}, {"key": "", "value": None}, {"key": "y", "more": 2}],
            {"x": 1, "": None, "y": None},
        ),
        ("a | from_entries", [], {}),
        ("a | from_entries.x", [{"key": "x", "value": [1]}], [1]),
        ("a | from_entries | jsonb", [{"key": "x", "value": RULE}], '{"x":{"k":"a"}}'),
        ("a | unquote", '"x"', "x"),
        ("a | unquote", "'x'", "x"),
        ("a | unquote", '"a\\"b\\n\\t\\\\\\u00e9\\x41\\q"', 'a"b\n\t\\éAq'),
        ("a | unquote", '"\\ud83d\\ude00"', "😀"),
        ("a | unquote", '"', '"'),
        ("a | unquote", "", ""),
        ("a | unquote", '""', ""),
        ("a | unquote", '"a" b', '"a" b'),
        ("a | unquote", '"a" "b"', '"a" "b"'),
        ("a | unquote", "plain \\n", "plain \\n"),
        ("a | match('[0-9]+')", "ab 12 34", "12"),
        ("a | match('^[0-9]+$')", "12", "12"),
        ("a | match('k=([a-z]*)')", "k=abc;", "abc"),
        ("a | match('(?:x|y)(z)?')", "x", None),
        ("a | match('(?P<k>\\w+)=(?P<v>\\d+)')", "n: foo=12", {"k": "foo", "v": "12"}),
        ("a | match('(?P<k>\\w+)=(?P<v>\\d+)').v | int", "foo=12", "12"),
        ("a | match('(?P<k>\\w+)=(?P<v>\\d+)?')", "foo=", {"k": "foo", "v": None}),
        ("a | match('(?P<k>\\w+)=') | text", "x: foo=12", "foo="),
        ("a | match('it\\'s \\\\d')", "it's 5", "it's 5"),
        ("a | lookup(country)", "de", "Germany"),
        ("a | lookup(country)", "", None),
        ("a | lookup(level) | add(1)", "high", 3),
        ("a | map(trim | lower)", [" X", None, "y "], ["x", None, "y"]),
        ("a | map(split(',')[0])", ["a,b", "c"], ["a", "c"]),
        ("a | map(first)", [[1, 2], []], [1, None]),
        ("a | map(map(int))", [["1"], []], [[1], []]),
        ("a | map(default(b))", [None, 1], ["y", 1]),
        ("a | map(numeric(6,2))[0] | text", ["1.005"], "1.01"),
        ("a | map(int)", [], []),
        ("a | split(',')[1]", "a,b", "b"),
        ("a | first.x", [{"x": 1}], 1),
        ("a | first.x", [RULE], None),
        ("a | first.k", [RULE], "a"),
        ("a | as_list", RULE, [RULE]),
        ("a | text", RULE, "a = 1"),
        ("a | text[]", [RULE, "x"], "{a = 1,x}".replace("a = 1", '"a = 1"')),
        ("a | jsonb", RULE, '{"k":"a"}'),
        ("a | null_if(b)", "y", None),
    ],
)
def test_a_step_gives(expression: str, value: Any, wanted: Any) -> None:
    assert evaluated(expression, {"a": value, "b": "y"}) == wanted


@pytest.mark.parametrize(
    ("expression", "value", "reason", "sentence"),
    [
        ("a | unquote", 1, "not_text", "expected a string (`text` makes one), got 1"),
        ("a | trim", RULE, "not_text", "expected a string (`text` makes one), got an object of 1 key"),
        ("a | match('[0-9]+')", "abc", "no_match", "expected a text in which [0-9]+ matches, got 'abc'"),
        ("a | match('x')", 1, "not_text", "expected a string (`text` makes one), got 1"),
        ("a | lookup(country)", "xx", "not_in_map", "expected 'de', 'fr' or '', got 'xx'"),
        ("a | lookup(level)", 1, "not_text", "expected a string (`text` makes one), got 1"),
        ("a | map(trim)", "x", "not_an_array", "expected an array (`as_list` makes one), got 'x'"),
        ("a | map(int)", ["1", "x"], "not_an_integer", "expected an integer (int), got 'x'"),
        ("a | from_entries", {"x": 1}, "not_an_array", "expected an array (`as_list` makes one), got an object of 1 key"),
        ("a | from_entries", [1], "not_an_entry", "expected an object with a `key` that is a string, got 1"),
        (
            "a | from_entries",
            [{"key": 1}],
            "not_an_entry",
            "expected an object with a `key` that is a string, got an object of 1 key",
        ),
        ("a | from_entries", [{"key": "x"}, {"key": "x"}], "key_twice", "expected each key once, got an object of 1 key"),
        ("a | join(',')", [RULE], "not_text", "expected strings, numbers and booleans to join, got an object of 1 key"),
    ],
)
def test_a_step_refuses(expression: str, value: Any, reason: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        evaluated(expression, {"a": value})
    assert (refused.value.reason, refused.value.sentence) == (reason, sentence)


def test_a_refusal_within_a_list_tells_which_element_it_was() -> None:
    with pytest.raises(Refused) as refused:
        evaluated("a | map(int)", {"a": ["1", "2", "x"]})
    assert refused.value.elements == (2,)


@pytest.mark.parametrize("name", sorted(set(step_names()) - {"required", "default", "ref"}))
def test_null_passes_every_step_but_two(name: str) -> None:
    usage = STEPS[name].usage or name
    for known, ours in {
        "combined": "pair",
        "line": "pair",
        "item": "pair",
        "countries": "country",
        "discount": "b",
        ", name": ", b",
    }.items():
        usage = usage.replace(known, ours)
    assert evaluated(f"a | {usage}", {"a": None, "b": 1}) is None


def test_default_and_required_are_the_two_that_see_null() -> None:
    assert evaluated("a | default(b)", {"b": 1}) == 1
    with pytest.raises(Refused, match="missing"):
        evaluated("a | required", {})
