"""Texts that show what a regular expression matches, and what is known of one without any."""

import re

import pytest

from etl_actors.combinators.traps.regex import falls_apart, stops_early
from etl_actors.combinators.traps.samples import samples, words


@pytest.mark.parametrize(
    "pattern",
    [
        r"[a-z]+",
        r".",
        r"[^\"\\]{2,5}",
        r"(?i:if|else)x?",
        r"\d{4}-\d\d",
        r"a(?=b)",
        r"(?s:.+)",
        r"\S+\s\W",
        r"x++y",
        r"(?>a|b)c",
        r"[\d_-]*z",
    ],
)
def test_samples_are_matched_as_wholes(pattern: str) -> None:
    found = samples(pattern)
    assert found
    for one in found:
        match = re.match(pattern, one.text + one.tail)
        assert match
        assert match[0] == one.text


def test_words_are_all_that_a_terminal_of_few_words_matches() -> None:
    assert words("yes|no") == ["yes", "no"]
    assert words(r"(?i:no)\b") == ["no", "NO", "No"]
    assert words("colou?rs?") == ["color", "colors", "colour", "colours"]
    assert words("[ab]c") == ["ac", "bc"]
    assert words("[a-z]+") == words("[0-9]") == words("x(?=y)") == []


def test_lazy_ends_and_bare_choices_are_known() -> None:
    assert [stops_early(one) for one in ("a+?", "(?:b|a+?)", "(?i:a+?)", "a+?b", "a+", "a{2}?")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert [falls_apart(one) for one in ("a|b", "ab|ac", "(a|b)", "[|]", r"a\|b", "[]|]", "[^]|]x", "x(?:a|b)")] == [
        True,
        True,
        *[False] * 6,
    ]
