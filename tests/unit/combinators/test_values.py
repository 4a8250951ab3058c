"""A parse tree becomes a value: each rule of it, with the shape that is known before any text is."""

import pytest

from etl_actors.combinators.node import Node
from tests.support.grammars import conforms, loaded, shown, value, value_of

WORDS = 'A: "a"\nB: "b"\nC: "c"\nN: /[0-9]/\n'


@pytest.mark.parametrize(
    ("grammar", "shape", "text", "expected"),
    [
        pytest.param("start: A N", "start{a: text, n: text}", "a1", {"a": "a", "n": "1"}, id="a rule is an object"),
        pytest.param("start: A x\nx: B N", "start{a: text, x: x{b: text, n: text}}", "ab1", {"a": "a", "x": {"b": "b", "n": "1"}}, id="rules in rules"),
        pytest.param("start: A B?", "start{a: text, b: text}", "a", {"a": "a", "b": None}, id="what is absent is null"),
        pytest.param("start: A [B]", "start{a: text, b: text}", "a", {"a": "a", "b": None}, id="in brackets too"),
        pytest.param("start: A* B", "start{a: [text], b: text}", "b", {"a": [], "b": "b"}, id="no times is an empty list"),
        pytest.param("start: A+ B", "start{a: [text], b: text}", "ab", {"a": ["a"], "b": "b"}, id="one time is a list"),
        pytest.param("start: A B A", "start{a: [text], b: text}", "aba", {"a": ["a", "a"], "b": "b"}, id="twice in one alternative is a list"),
        pytest.param("start: A B | A C A", "start{a: [text], b: text, c: text}", "ab", {"a": ["a"], "b": "b", "c": None}, id="a list in one alternative is one in all"),
        pytest.param("start: A~2..3 B", "start{a: [text], b: text}", "aab", {"a": ["a", "a"], "b": "b"}, id="some times"),
        pytest.param("start: A~60 B", "start{a: [text], b: text}", "a" * 60 + "b", {"a": ["a"] * 60, "b": "b"}, id="many times"),
        pytest.param("start: start A | A", "start{start: start, a: text}", "aa", {"start": {"start": None, "a": "a"}, "a": "a"}, id="a rule in itself"),
        pytest.param('start: "x" A ";" N', "start{a: text, n: text}", "xa;1", {"a": "a", "n": "1"}, id="literals are dropped"),
        pytest.param("start: A _B N\n_B: /b/", "start{a: text, n: text}", "ab1", {"a": "a", "n": "1"}, id="_TERMINALS are dropped"),
        pytest.param("start: A /x+/ N", "start{a: text, n: text}", "axx1", {"a": "a", "n": "1"}, id="regexes without a name are dropped"),
        pytest.param('!start: A ";" N', "start{a: text, literal: text, n: text}", "a;1", {"a": "a", "literal": ";", "n": "1"}, id="! keeps a literal"),
        pytest.param('!start: A ";" N "."', "start{a: text, literal: [text], n: text}", "a;1.", {"a": "a", "literal": [";", "."], "n": "1"}, id="! keeps literals in a list"),
        pytest.param('!start: A "b" N', "start{a: text, b: text, n: text}", "ab1", {"a": "a", "b": "b", "n": "1"}, id="a literal that spells a terminal has its name"),
        pytest.param("start: _x B\n_x: A N", "start{a: text, n: text, b: text}", "a1b", {"a": "a", "n": "1", "b": "b"}, id="children of a _rule are its parent's"),
        pytest.param("start: _x _x\n_x: A", "start{a: [text]}", "aa", {"a": ["a", "a"]}, id="a _rule twice gives lists"),
        pytest.param('start: _x B\n_x: A | "(" _x ")"', "start{a: text, b: text}", "((a))b", {"a": "a", "b": "b"}, id="a _rule in itself that repeats nothing"),
        pytest.param('start: _x B\n_x: A | _x "," A', "start{a: [text], b: text}", "a,ab", {"a": ["a", "a"], "b": "b"}, id="a _rule in itself that repeats"),
        pytest.param("start: x B\nx: N", "start{x: text, b: text}", "1b", {"x": "1", "b": "b"}, id="one terminal is a text"),
        pytest.param('start: x B\nx: "(" N ")" | A', "start{x: text, b: text}", "(1)b", {"x": "1", "b": "b"}, id="one terminal in every alternative is a text"),
        pytest.param("start: x B\nx: _y\n_y: N | A", "start{x: text, b: text}", "1b", {"x": "1", "b": "b"}, id="one terminal of a _rule is a text"),
        pytest.param("start: x B\nx: /[x-z]+/", "start{x: text, b: text}", "xyb", {"x": "xy", "b": "b"}, id="one regex without a name is a text"),
        pytest.param("start: x B\nx: N /[x-z]+/", "start{x: text, b: text}", "1xb", {"x": "1", "b": "b"}, id="one terminal beside a regex without a name"),
        pytest.param('!start: "yes" | "no"', "text", "no", "no", id="! makes a choice of literals a text"),
        pytest.param("start: x B\nx: N | ", "start{x: x{n: text}, b: text}", "b", {"x": {"n": None}, "b": "b"}, id="one terminal or nothing is an object"),
        pytest.param("start: N", "text", "1", "1", id="the start rule can be a text"),
        pytest.param("start: A -> x | B N -> y", "start{x: text, y: y{b: text, n: text}}", "b1", {"x": None, "y": {"b": "b", "n": "1"}}, id="an alias is a child, at the start too"),
        pytest.param("start: A B -> x | C -> x", "start{x: x{a: text, b: text, c: text}}", "c", {"x": {"a": None, "b": None, "c": "c"}}, id="alternatives of one alias"),
        pytest.param("start: A | B N -> y", "start{a: text, y: y{b: text, n: text}}", "a", {"a": "a", "y": None}, id="some alternatives with alias"),
        pytest.param('start: "t" -> true | "f" -> false', "start{true: true{}, false: false{}}", "t", {"true": {}, "false": None}, id="an alias may keep nothing"),
        pytest.param("start: x B\n?x: y | N\ny: A C", "start{x: text | y{a: text, c: text}, b: text}", "acb", {"x": {"a": "a", "c": "c"}, "b": "b"}, id="? is its only child by its own name"),
        pytest.param("start: x B\n?x: N | A N", "start{x: text | x{a: text, n: text}, b: text}", "a1b", {"x": {"a": "a", "n": "1"}, "b": "b"}, id="? with two children is an object"),
        pytest.param(
            "start: x B\n?x: y /z/\ny: A C", "start{x: y{a: text, c: text}, b: text}", "aczb", {"x": {"a": "a", "c": "c"}, "b": "b"}, id="? beside a regex without a name"
        ),
        pytest.param('?start: N | "(" start ")"', "text", "((1))", "1", id="? through itself"),
        pytest.param('?start: N ("," N)*', "start{n: [text]} | text", "1,2", {"n": ["1", "2"]}, id="? of a list of several"),
        pytest.param('?start: N ("," N)*', "start{n: [text]} | text", "1", "1", id="? of a list of one"),
        pytest.param('?start: N | start "+" N -> add', "text | start{add: add{start: text | start, n: text}}", "1+2", {"add": {"start": "1", "n": "2"}}, id="? keeps aliases apart"),
        pytest.param('start: sep{N, ","} B\nsep{x, by}: x (by x)*', "start{sep: sep{n: [text]}, b: text}", "1,2b", {"sep": {"n": ["1", "2"]}, "b": "b"}, id="template arguments are no part of a key"),
        pytest.param('start: _sep{N, ","} B\n_sep{x, by}: x (by x)*', "start{n: [text], b: text}", "1,2b", {"n": ["1", "2"], "b": "b"}, id="a _template"),
        pytest.param("start: (A | B)*", "start{a: [text], b: [text]}", "abba", {"a": ["a", "a"], "b": ["b", "b"]}, id="lists that never go together"),
        pytest.param("start: (A N)*", "start{a: [text], n: [text]}", "a1a2", {"a": ["a", "a"], "n": ["1", "2"]}, id="lists in step"),
        pytest.param('start: A N ("," A N)*', "start{a: [text], n: [text]}", "a1,a2", {"a": ["a", "a"], "n": ["1", "2"]}, id="lists in step from the first on"),
        pytest.param("start: LONG_NAME N\nLONG_NAME: /x/", "start{long_name: text, n: text}", "x1", {"long_name": "x", "n": "1"}, id="keys are in lower case"),
    ],
)  # fmt: skip
def test_a_tree_becomes_a_value_of_a_shape(grammar: str, shape: str, text: str, expected: object) -> None:
    made = loaded(f"{grammar}\n{WORDS}")
    assert shown(made.shape) == shape
    got = value_of(made, text)
    assert got == expected
    assert list(got) == list(expected) or set(got) == set(expected)  # type: ignore[call-overload]
    assert conforms(got, made.shape)


def test_texts_are_plain_strings() -> None:
    assert type(value("start: A N\n" + WORDS, "a1")["a"]) is str


def test_a_rule_knows_its_source_with_what_it_drops() -> None:
    node = value('start: "<" A x ">"\nx: "(" N B ")"\n%ignore " "\n' + WORDS, "  < a ( 1 b ) > ")
    assert isinstance(node, Node)
    assert (node.source, node.start) == ("< a ( 1 b ) >", 2)
    assert (node["x"].source, node["x"].start) == ("( 1 b )", 6)


def test_a_rule_knows_where_its_texts_stand() -> None:
    node = value('start: A x N*\nx: "(" B ")"\n%ignore " "\n' + WORDS, "a ( b ) 1 2")
    assert node.starts == {"a": 0, "x": 4}


def test_a_child_that_collapses_stands_where_its_text_does() -> None:
    node = value('start: A x\n?x: N | "(" x ")"\n' + WORDS, "a((1))")
    assert node.starts == {"a": 0, "x": 3}


def test_an_aliased_text_has_a_place() -> None:
    assert value("start: N -> x | B N -> y\n" + WORDS, "1").starts == {"x": 0}


def test_an_empty_rule_covers_an_empty_text_behind_what_comes_before() -> None:
    node = value('start: A x B\nx: N? y\ny: C*\n%ignore " "\n' + WORDS, " a b")
    assert (node["x"].source, node["x"].start) == ("", 2)
    assert (node["x"]["y"].source, node["x"]["y"].start) == ("", 2)


def test_ten_thousand_nested_parentheses_are_a_value() -> None:
    depth = 10_000
    node = value('start: "(" start? ")" | A\n' + WORDS, "(" * depth + ")" * depth)
    for _ in range(depth):
        assert isinstance(node, Node)
        node = node["start"]
    assert node is None


def test_a_hundred_thousand_items_are_a_list() -> None:
    assert len(value("start: A+ N\n" + WORDS, "a" * 100_000 + "1")["a"]) == 100_000


def test_a_repetition_that_a_bang_rule_shares_keeps_its_literals_there_only() -> None:
    made = loaded('start: x y\nx: "<" ("," A)* N\n!y: "," A ("," A)* N\n' + WORDS)
    assert shown(made.shape) == "start{x: x{a: [text], n: text}, y: y{literal: [text], a: [text], n: text}}"
    assert value_of(made, "<,a1,a,a2") == {"x": {"a": ["a"], "n": "1"}, "y": {"literal": [",", ","], "a": ["a", "a"], "n": "2"}}
