"""Laws of repetition: round trips, an end for every loop, no depth."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.joined import optional, sequence
from etl_actors.combinators.parser import Parser
from etl_actors.combinators.parts import element
from etl_actors.combinators.repeated import many, sep_by
from etl_actors.combinators.result import Failure, Success
from etl_actors.combinators.texts import literal, pattern, whole

WORD = pattern("[a-z]+")
DIGIT = pattern("[0-9]")


@given(st.lists(st.sampled_from("0123456789")))
def test_many_gives_back_what_was_joined(digits: list[str]) -> None:
    assert whole(many(DIGIT)).parse("".join(digits)) == Success(digits, len(digits))


@given(st.lists(st.text("abc", min_size=1)), st.sampled_from([",", ";", " - "]))
def test_sep_by_gives_back_what_was_joined(words: list[str], separator: str) -> None:
    text = separator.join(words)
    assert whole(sep_by(WORD, literal(separator))).parse(text) == Success(words, len(text))


@given(st.text("a1", max_size=8))
def test_many_takes_as_much_as_there_is(text: str) -> None:
    result = many(DIGIT).parse(text)
    assert isinstance(result, Success)
    assert result.at == len(text) - len(text.lstrip("1"))


@pytest.mark.parametrize("nothing", [literal(""), optional(literal("x")), pattern("z*"), sequence(), many(literal("x"))])
def test_a_parser_that_takes_nothing_ends_the_loop(nothing: Parser[Any]) -> None:
    assert many(nothing).parse("abc") == Success([], 0)
    result = sep_by(nothing, optional(literal(","))).parse("abc")
    assert isinstance(result, Success)
    assert result.at == 0


def test_what_takes_nothing_succeeds_as_often_as_it_must() -> None:
    assert many(literal(""), at_least=2).parse("abc") == Success(["", ""], 0)


def test_a_hundred_thousand_items_are_a_loop() -> None:
    result = many(DIGIT).parse("1" * 100_000)
    assert isinstance(result, Success)
    assert len(result.value) == 100_000


def test_a_hundred_thousand_separators_are_a_loop() -> None:
    result = sep_by(DIGIT, literal(",")).parse(",".join("1" * 100_000))
    assert isinstance(result, Success)
    assert len(result.value) == 100_000


def test_too_few_are_a_failure_where_the_next_should_be() -> None:
    assert many(DIGIT, at_least=3).parse("12x") == Failure(("/[0-9]/",), "'x'", 2, text="12x")
    assert sep_by(DIGIT, literal(","), at_least=2).parse("1") == Failure(('","',), "the end", 1, text="1")


def test_a_separator_that_nothing_follows_is_left() -> None:
    assert sep_by(DIGIT, literal(",")).parse("1,2,") == Success(["1", "2"], 3)


def test_what_is_left_is_told_by_what_would_have_gone_on() -> None:
    assert whole(sep_by(DIGIT, literal(","))).parse("1,2,x") == Failure(("/[0-9]/",), "'x'", 4, text="1,2,x")
    assert whole(sep_by(DIGIT, literal(","))).parse("1,2x") == Failure(('","', "the end"), "'x'", 3, text="1,2x")


def test_a_cut_fails_the_loop() -> None:
    parser = many(sequence(literal("a"), literal("b").cut()))
    assert parser.parse("abax") == Failure(('"b"',), "'x'", 3, text="abax", cut=True)


def test_elements_of_a_list_are_parsed_one_after_the_other() -> None:
    assert whole(many(element(DIGIT))).parse(["1", "2"]) == Success(["1", "2"], 2)


def test_an_element_that_fails_is_told_with_its_path() -> None:
    result = whole(many(element(DIGIT))).parse(["1", "x"])
    assert result == Failure(("/[0-9]/",), "'x'", 0, path=(1,), text="x")
