"""parse, many and sep_by: texts read whole and piece after piece."""

from typing import Any

import pytest

from etl_actors.relational.reject import Stage
from etl_actors.slips.values.refused import Refused

from .evaluated import evaluated


@pytest.mark.parametrize(
    ("expression", "text", "wanted"),
    [
        ("a | parse(pair)", "x=1", {"word": "x", "int": "1"}),
        ("a | parse(pair).int | int", "x=1", "1"),
        ("a | parse(pair) | text", "x=1", "x=1"),
        ("a | many(parse(pair))", "x=1y=2", [{"word": "x", "int": "1"}, {"word": "y", "int": "2"}]),
        ("a | many(parse(pair).word)", "x=1y=2", ["x", "y"]),
        ("a | many(parse(pair).int | int) | int[]", "x=1y=2", "{1,2}"),
        ("a | many(parse(pair))", "", []),
        ("a | many(match('[a-z]{2}'))", "abcd", ["ab", "cd"]),
        ("a | many(match('([a-z])-?'))", "a-b", ["a", "b"]),
        ("a | many(match('(?P<k>[a-z])(?P<v>[0-9]?)'))", "a1b", [{"k": "a", "v": "1"}, {"k": "b", "v": ""}]),
        ("a | sep_by(parse(pair).word, ', ')", "x=1, y=2", ["x", "y"]),
        ("a | sep_by(parse(pair).word, ',')", "x=1", ["x"]),
        ("a | sep_by(parse(pair).word, ',')", "", []),
        ("a | sep_by(match('[^;]*'), ';')", "a;;b", ["a", "", "b"]),
    ],
)
def test_a_text_is_read(expression: str, text: str, wanted: Any) -> None:
    assert evaluated(expression, {"a": text}) == wanted


@pytest.mark.parametrize(
    ("expression", "text", "position"),
    [
        ("a | parse(pair)", "x=", 2),
        ("a | parse(pair)", "x=1 ", 3),
        ("a | many(parse(pair))", "x=1y", 4),
        ("a | many(parse(pair))", "x=1\ny=2", 3),
        ("a | many(match('[a-z]'))", "ab1", 2),
        ("a | sep_by(parse(pair), ',')", "x=1,", 4),
        ("a | sep_by(parse(pair), ',')", "x=1;y=2", 3),
        ("a | sep_by(match('[a-z]'), ',')", "a,b,1", 4),
    ],
)
def test_a_refusal_tells_the_place_in_the_whole_text(expression: str, text: str, position: int) -> None:
    with pytest.raises(Refused) as refused:
        evaluated(expression, {"a": text})
    assert (refused.value.stage, refused.value.reason) == (Stage.PARSE, "no_match")
    assert (refused.value.detail["line"], refused.value.detail["position"]) == (1, position)
    assert refused.value.detail["excerpt"].splitlines()[-1] == " " * position + "^"


@pytest.mark.parametrize("step", ["parse(pair)", "many(parse(pair))", "sep_by(parse(pair), ',')"])
def test_only_texts_are_read_and_null_passes(step: str) -> None:
    assert evaluated(f"a | {step}", {"a": None}) is None
    with pytest.raises(Refused, match="not_text"):
        evaluated(f"a | {step}", {"a": {"k": 1}})


def test_a_step_behind_a_piece_that_refuses_it_tells_which_piece_it_was() -> None:
    with pytest.raises(Refused) as refused:
        evaluated("a | many(parse(pair).word | int)", {"a": "x=1"})
    assert (refused.value.reason, refused.value.elements) == ("not_an_integer", (0,))
