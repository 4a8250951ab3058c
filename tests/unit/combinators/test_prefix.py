"""A grammar as a parser among parsers: of the whole text, or of the longest beginning that it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.here import Here
from etl_actors.combinators.joined import choice, sequence
from etl_actors.combinators.parts import field
from etl_actors.combinators.repeated import many, sep_by
from etl_actors.combinators.result import Failure, Success
from etl_actors.combinators.texts import grammar, literal, whole
from tests.support.grammars import loaded

PAIR = loaded('start: KEY "=" [NUMBER ("," NUMBER)*]\nKEY: /[a-z]+/\nNUMBER: /[0-9]+/')
SPACED = loaded('start: WORD ("-" WORD)?\nWORD: /[a-z]+/\n%ignore " "')
NESTED = loaded('start: "(" start* ")" | X\nX: "x"')


@pytest.mark.parametrize(
    ("text", "at", "behind", "expected"),
    [
        ("a=1,2;", 0, 5, {"key": "a", "number": ["1", "2"]}),
        ("a=1,2", 0, 5, {"key": "a", "number": ["1", "2"]}),
        ("a=1,;", 0, 3, {"key": "a", "number": ["1"]}),
        ("a=;", 0, 2, {"key": "a", "number": []}),
        ("??a=7b", 2, 5, {"key": "a", "number": ["7"]}),
    ],
)
def test_the_longest_beginning_is_taken(text: str, at: int, behind: int, expected: object) -> None:
    assert PAIR.read_prefix(text, at) == Success(expected, behind)


def test_a_long_text_of_a_rule_that_ends_in_itself_has_a_beginning() -> None:
    result = loaded('start: A start | A | B\nA: "a"\nB: "b"').read_prefix("a" * 20_000 + "!")
    assert isinstance(result, Success)
    assert result.at == 20_000


def test_the_longest_beginning_may_lie_far_back() -> None:
    made = loaded('start: x | x ";" A\nx: "(" x ")" | A x | A\nA: "a"')
    assert made.read_prefix("a" * 100 + ";b").at == 100
    assert made.read_prefix("a" * 50 + "(" * 50 + "a" * 50 + ")" * 49).at == 50


def test_what_the_grammar_ignores_behind_is_taken_too() -> None:
    assert SPACED.read_prefix("  ab  ; c") == Success({"word": ["ab"]}, 6)
    assert SPACED.read_prefix("ab  ") == Success({"word": ["ab"]}, 4)


def test_what_led_nowhere_is_not_taken() -> None:
    result = SPACED.read_prefix("ab - 1")
    assert result == Success({"word": ["ab"]}, 3)
    assert isinstance(result, Success)
    assert result.beyond == Failure(("word",), "'1'", 5, text="ab - 1")


def test_a_beginning_that_is_none_is_told() -> None:
    assert PAIR.read_prefix("; a", 2) == Failure(('"="',), "the end", 3, text="; a")


def test_places_in_a_prefix_are_those_of_the_whole_text() -> None:
    result = PAIR.read_prefix("a=1 b=2", 4)
    assert isinstance(result, Success)
    assert (result.value.start, result.value.source, result.value.starts) == (4, "b=2", {"key": 4})


@given(
    st.recursive(st.just("x"), lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"({''.join(parts)})")),
    st.text("x()", max_size=4),
)
def test_a_whole_text_is_its_own_longest_beginning(text: str, more: str) -> None:
    read = NESTED.read(text)
    assert isinstance(read, Success)
    assert NESTED.read_prefix(text + more) == read


@given(st.text("x()", max_size=10))
def test_a_text_is_taken_whole_by_both_or_neither(text: str) -> None:
    read, prefix = NESTED.read(text), NESTED.read_prefix(text)
    assert isinstance(read, Success) == (isinstance(prefix, Success) and prefix.at == len(text))


def test_pieces_are_read_one_after_the_other() -> None:
    result = whole(many(grammar(NESTED))).parse("x(x)()")
    assert isinstance(result, Success)
    assert [piece.source for piece in result.value] == ["x", "(x)", "()"]


def test_pieces_are_read_between_separators() -> None:
    result = whole(sep_by(grammar(SPACED), literal(";"))).parse("a ; b - c;d ")
    assert result == Success([{"word": ["a"]}, {"word": ["b", "c"]}, {"word": ["d"]}], 12)


def test_a_piece_that_fails_is_told_in_the_whole_text() -> None:
    result = whole(sep_by(grammar(SPACED), literal(";"))).parse("a ; b - 1;d")
    assert result == Failure(("word",), "'1'", 8, text="a ; b - 1;d")


def test_a_grammar_in_a_field_fails_at_its_path() -> None:
    result = field("x", whole(grammar(SPACED))).parse({"x": "a -"})
    assert result == Failure(("word",), "the end", 3, path=("x",), text="a -")


def test_a_grammar_is_one_of_several_parsers() -> None:
    parser = choice(sequence(literal("#"), grammar(PAIR)), grammar(NESTED).map(lambda node: node.source))
    assert parser.parse("#a=1") == Success(("#", {"key": "a", "number": ["1"]}), 4)
    assert parser.parse("(x)#") == Success("(x)", 3)


def test_the_rest_of_a_text_is_read_whole() -> None:
    assert whole(grammar(PAIR))(Here("> a=1", at=2)) == Success({"key": "a", "number": ["1"]}, 5)


def test_an_empty_beginning_is_one_where_the_grammar_takes_it() -> None:
    assert loaded("start: A*\nA: /a/").read_prefix("b") == Success({"a": []}, 0)


def test_many_of_what_may_be_empty_ends() -> None:
    assert many(grammar(loaded("start: A*\nA: /a/"))).parse("aab") == Success([{"a": ["a", "a"]}], 2)
