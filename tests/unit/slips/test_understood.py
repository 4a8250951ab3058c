"""What a parser answers becomes a value or a refusal with its place."""

import pytest

from etl_actors.combinators.result import Failure, Success
from etl_actors.relational.reject import Stage
from etl_actors.slips.values.refused import Refused
from etl_actors.slips.values.understood import one_of, understood


def test_a_success_is_its_value() -> None:
    assert understood(Success({"a": 1}, 5), "text") == {"a": 1}


def test_a_failure_is_a_refusal_with_its_place() -> None:
    with pytest.raises(Refused) as caught:
        understood(Failure(("host", '"["'), "'?'", 5, text="one\nt?o"), "one\nt?o")
    refused = caught.value
    assert (refused.reason, refused.stage, refused.reach) == ("no_match", Stage.PARSE, 5)
    assert refused.sentence == "expected host or \"[\", got 'one\\nt?o'"
    assert refused.detail == {"line": 2, "text_column": 2, "position": 5, "excerpt": "t?o\n ^"}


def test_a_value_that_is_no_text_has_no_place() -> None:
    with pytest.raises(Refused) as caught:
        understood(Failure(("a text",), "a number", 0), 7)
    assert caught.value.detail == {}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "nothing"),
        (("a",), "a"),
        (("a", "b"), "a or b"),
        (("a", "b", "c"), "a, b or c"),
        (tuple("abcdef"), "a, b, c, d, e or f"),
        (tuple("abcdefg"), "a, b, c, d, e, f or others"),
    ],
)
def test_options_are_listed_as_a_person_does(options: tuple[str, ...], expected: str) -> None:
    assert one_of(options) == expected
