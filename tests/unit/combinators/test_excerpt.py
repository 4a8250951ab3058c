"""A place in a text is shown with line, column and a caret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.excerpt import excerpt, standing


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("abc", 0, (1, 1, "abc\n^")),
        ("abc", 3, (1, 4, "abc\n   ^")),
        ("", 0, (1, 1, "\n^")),
        ("one\ntwo\nthree", 5, (2, 2, "two\n ^")),
        ("one\n", 4, (2, 1, "\n^")),
        ("one\ntwo", 3, (1, 4, "one\n   ^")),
        ("one\r\ntwo", 6, (2, 2, "two\n ^")),
        ("one\r\ntwo", 1, (1, 2, "one\n ^")),
        ("a\rb\x85c\u2028d\x0ce", 8, (1, 9, "a b c d e\n        ^")),
        ("a\tb\x1b[0m", 2, (1, 3, "a b [0m\n  ^")),
        ("abc", 99, (1, 4, "abc\n   ^")),
    ],
)
def test_a_place_is_shown(text: str, at: int, expected: tuple[int, int, str]) -> None:
    assert excerpt(text, at) == expected


def test_a_long_line_is_shown_around_the_place() -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(500))
    line, column, shown = excerpt(text, 250)
    above, below = shown.split("\n")
    assert (line, column, len(above)) == (1, 251, 80)
    assert above[0] == above[-1] == "…"
    assert above[below.index("^")] == text[250]


def test_the_end_of_a_long_line_is_shown() -> None:
    above, below = excerpt("x" * 499 + "y", 500)[2].split("\n")
    assert above == "…" + "x" * 78 + "y"
    assert below == " " * 80 + "^"


@given(st.text(alphabet=st.sampled_from("ab \n\t\r\x00é€😀"), max_size=300), st.integers(0, 300))
def test_the_caret_is_below_the_place(text: str, at: int) -> None:
    at = min(at, len(text))
    line, column, shown = excerpt(text, at)
    above, below = shown.split("\n")
    assert line == text[:at].count("\n") + 1
    assert text.split("\n")[line - 1][: column - 1] == text[:at].rsplit("\n", maxsplit=1)[-1]
    assert len(above) <= 80
    caret = below.index("^")
    if at < len(text) and text[at] >= " " and above[caret] != "…":
        assert above[caret] == text[at]


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [("word next", 0, "'word'"), ("a-b", 1, "'-'"), ("a", 1, "the end"), ("\n", 0, r"'\n'"), ("x" * 99, 0, "'" + "x" * 24 + "'")],
)
def test_what_stands_at_a_place_is_a_word_or_a_character(text: str, at: int, expected: str) -> None:
    assert standing(text, at) == expected
