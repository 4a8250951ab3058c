"""Whatever a text holds, its value has the shape that the grammar has, and covers what it says it covers."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.node import Node
from etl_actors.combinators.result import Failure, Success
from tests.support.grammars import conforms, loaded

CALCULATION = loaded(
    '?start: product | start "+" product -> add\n?product: atom | product "*" atom -> mul\n'
    '?atom: NUMBER | "-" atom -> minus | "(" start ")"\nNUMBER: /[0-9]+/\n%ignore " "'
)
JSON = loaded(
    'start: value\n?value: object | array | STRING | NUMBER | "true" -> true | "null" -> null\n'
    'object: "{" [pair ("," pair)*] "}"\npair: STRING ":" value\narray: "[" [value ("," value)*] "]"\n'
    'STRING: /"[a-z]*"/\nNUMBER: /[0-9]+/\n%ignore " "'
)
LINES = loaded(
    'start: (event | _skipped)*\nevent: LEVEL ":" words trace? NL\nwords: _sep{WORD, " "}\n_sep{x, by}: x (by x)*\n'
    '!trace: "<" (WORD | ":")* ">"\n_skipped: "#" NL\nLEVEL: "E" | "W"\nWORD: /[a-z]+/\nNL: "\\n"'
)


def within(value: Any) -> Iterator[Node]:
    """Find every rule of a value."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Node):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def check(made: Any, text: str) -> None:
    """Hold a text against a grammar."""
    result = made.read(text)
    if isinstance(result, Failure):
        assert 0 <= result.at <= len(text)
        assert result.expected
        return
    assert conforms(result.value, made.shape)
    for node in within(result.value):
        assert text[node.start : node.start + len(node.source)] == node.source
        for key, at in node.starts.items():
            assert text[at : at + len(node[key])] == node[key]


NUMBERS = st.sampled_from(["1", "22"])
SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "*", " + "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=12,
)
VALUES = st.recursive(
    st.sampled_from(["true", "null", '"a"', "7"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, max_size=3).map(lambda items: "{" + ",".join(f'"k": {item}' for item in items) + "}"),
    ),
    max_leaves=12,
)


@given(SUMS)
def test_calculations_have_the_shape_of_their_grammar(text: str) -> None:
    assert isinstance(CALCULATION.read(text), Success)
    check(CALCULATION, text)


@given(VALUES)
def test_json_has_the_shape_of_its_grammar(text: str) -> None:
    assert isinstance(JSON.read(text), Success)
    check(JSON, text)


@given(
    st.lists(st.sampled_from(["E:a b", "W:a", "E:a<b:c>", "W:ab<>", "#"])).map(
        lambda lines: "".join(f"{line}\n" for line in lines)
    )
)
def test_lines_have_the_shape_of_their_grammar(text: str) -> None:
    assert isinstance(LINES.read(text), Success)
    check(LINES, text)


@given(st.text("12+*-() ", max_size=12))
def test_any_text_is_a_value_or_a_failure(text: str) -> None:
    check(CALCULATION, text)


@given(st.text('{}[]":, atrue7', max_size=14))
def test_any_text_is_json_or_a_failure(text: str) -> None:
    check(JSON, text)


@given(st.text("EW:ab #<>\n", max_size=14))
def test_any_text_is_lines_or_a_failure(text: str) -> None:
    check(LINES, text)
