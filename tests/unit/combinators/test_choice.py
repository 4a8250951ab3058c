"""Laws of what joins parsers: sequence, ordered choice, optional, looks ahead, labels, cuts."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.here import Here
from etl_actors.combinators.joined import choice, lookahead, not_ahead, optional, sequence
from etl_actors.combinators.parser import Parser
from etl_actors.combinators.parts import field
from etl_actors.combinators.result import Failure, Success
from etl_actors.combinators.texts import literal, pattern

A, B = literal("a"), literal("b")
AB: Parser[Any] = sequence(A, B)
ATOMS = st.sampled_from("ab").flatmap(lambda letter: st.sampled_from([literal(letter), literal(letter * 2)]))
PARSERS: st.SearchStrategy[Parser[Any]] = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parsers: sequence(*parsers)),
        st.lists(inner, min_size=1, max_size=3).map(lambda parsers: choice(*parsers)),
        inner.map(optional),
        inner.map(lookahead),
        inner.map(lambda parser: parser.cut()),
        inner.map(lambda parser: parser.label("a thing")),
    ),
    max_leaves=6,
)
TEXTS = st.text(alphabet="ab", max_size=6)


@given(PARSERS, PARSERS, PARSERS, TEXTS)
def test_choice_is_associative(one: Parser[Any], two: Parser[Any], three: Parser[Any], text: str) -> None:
    assert choice(one, choice(two, three)).parse(text) == choice(choice(one, two), three).parse(text)
    assert choice(one, choice(two, three)).parse(text) == choice(one, two, three).parse(text)


@given(PARSERS, TEXTS)
def test_choice_of_one_is_that_one(parser: Parser[Any], text: str) -> None:
    assert choice(parser).parse(text) == parser.parse(text)


@given(PARSERS, TEXTS)
def test_a_second_time_changes_nothing(parser: Parser[Any], text: str) -> None:
    assert choice(parser, parser).parse(text) == parser.parse(text)


@given(PARSERS, PARSERS, PARSERS, TEXTS)
def test_sequence_is_associative_but_for_its_tuples(one: Parser[Any], two: Parser[Any], three: Parser[Any], text: str) -> None:
    left = sequence(sequence(one, two), three).map(lambda value: (*value[0], value[1]))
    right = sequence(one, sequence(two, three)).map(lambda value: (value[0], *value[1]))
    assert left.parse(text) == right.parse(text) == sequence(one, two, three).parse(text)


@given(PARSERS, TEXTS)
def test_map_of_what_changes_nothing_changes_nothing(parser: Parser[Any], text: str) -> None:
    assert parser.map(lambda value: value).parse(text) == parser.parse(text)


@given(PARSERS, TEXTS)
def test_lookahead_succeeds_alike_and_stays(parser: Parser[Any], text: str) -> None:
    ahead, result = lookahead(parser).parse(text), parser.parse(text)
    assert isinstance(ahead, Success) == isinstance(result, Success)
    assert not isinstance(ahead, Success) or ahead.at == 0


@given(PARSERS, TEXTS)
def test_not_ahead_succeeds_where_its_parser_fails(parser: Parser[Any], text: str) -> None:
    assert isinstance(not_ahead(parser, "other").parse(text), Success) != isinstance(parser.parse(text), Success)


def test_an_empty_sequence_takes_nothing() -> None:
    assert sequence().parse("abc") == Success((), 0)


def test_an_empty_choice_fails() -> None:
    parsers: list[Parser[str]] = []
    assert choice(*parsers).parse("x") == Failure((), "'x'", 0, text="x")


def test_the_first_that_succeeds_is_taken() -> None:
    assert choice(literal("a"), literal("ab")).parse("ab") == Success("a", 1)


def test_of_several_failures_the_furthest_is_told() -> None:
    assert choice(AB, B).parse("ac") == Failure(('"b"',), "'c'", 1, text="ac")
    assert choice(B, AB).parse("ac") == Failure(('"b"',), "'c'", 1, text="ac")


def test_failures_at_one_place_expect_what_any_does_each_once_in_order() -> None:
    result = choice(B, A, B, pattern("[0-9]")).parse("x")
    assert result == Failure(('"b"', '"a"', "/[0-9]/"), "'x'", 0, text="x")


def test_a_failure_in_a_value_further_below_is_told() -> None:
    parser = choice(field("x", field("y", A)), field("x", A))
    result = parser.parse({"x": {"y": "b"}})
    assert isinstance(result, Failure)
    assert (result.path, result.expected, result.got) == (("x", "y"), ('"a"',), "'b'")


def test_a_cut_ends_the_choice() -> None:
    parser = choice(sequence(A, literal("1").cut()), sequence(A, literal("2")))
    assert parser.parse("a2") == Failure(('"1"',), "'2'", 1, text="a2", cut=True)


def test_a_cut_ends_a_choice_around_the_choice() -> None:
    assert isinstance(choice(choice(A.cut()), B).parse("b"), Failure)


def test_a_cut_that_succeeds_changes_nothing() -> None:
    assert choice(A.cut(), B).parse("a") == Success("a", 1)


def test_optional_takes_nothing_where_there_is_none() -> None:
    assert optional(A, "none").parse("b") == Success("none", 0)


def test_optional_fails_beyond_a_cut() -> None:
    assert isinstance(optional(sequence(A, B.cut())).parse("ax"), Failure)


def test_a_label_says_what_is_expected() -> None:
    assert choice(A, B).label("a letter").parse("1") == Failure(("a letter",), "'1'", 0, text="1")


def test_a_label_leaves_a_failure_further_on() -> None:
    assert AB.label("two letters").parse("ax") == Failure(('"b"',), "'x'", 1, text="ax")


def test_what_was_given_up_further_on_is_told() -> None:
    parser = sequence(optional(sequence(literal("a"), literal("b"))), literal("c"))
    assert parser.parse("ax") == Failure(('"b"',), "'x'", 1, text="ax")


def test_a_parser_begins_where_it_is_told_to() -> None:
    assert B(Here("ab", at=1)) == Success("b", 2)
