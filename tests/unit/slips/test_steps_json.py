"""from_json and hash: JSON as values, and one hash for each value."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.node import Node
from etl_actors.slips.steps.between_json import from_json, hash_of
from etl_actors.slips.values.json_text import json_text
from etl_actors.slips.values.refused import Refused

from .evaluated import evaluated

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1", 1),
        ("1.10", Decimal("1.10")),
        ("0.1", 0.1),
        ("1e3", Decimal(1000)),
        ("1e400", Decimal("1e400")),
        ("12345678901234567890123", Decimal(12345678901234567890123)),
        ("0.1234567890123456789", Decimal("0.1234567890123456789")),
        (' {"a": [true, null, "x"]} ', {"a": [True, None, "x"]}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_json_is_read_and_every_number_is_exact(text: str, wanted: Any) -> None:
    found = from_json(text)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("{'a': 1}", "not_json"),
        ("[1,]", "not_json"),
        ("NaN", "not_json"),
        ("[-Infinity]", "not_json"),
        ("01", "not_json"),
        ("1 2", "not_json"),
        ("\ufeff1", "not_json"),
        ("[" * 513 + "]" * 513, "too_deep"),
        ("[" * 100_000, "too_deep"),
        ("1e999999999", "out_of_range"),
        ("1e-99999", "out_of_range"),
        ("1e9999999999999999999", "out_of_range"),
        ("[0e-9999999999999999999]", "out_of_range"),
        (5, "not_text"),
        ({"a": 1}, "not_text"),
    ],
)
def test_what_is_no_json_is_refused(text: Any, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        from_json(text)
    assert refused.value.reason == reason


def test_json_as_deep_as_a_document_may_be_is_read() -> None:
    assert json_text(from_json("[" * 512 + "]" * 512)) == "[" * 512 + "]" * 512


def test_a_refusal_tells_the_place_in_the_text() -> None:
    with pytest.raises(Refused) as refused:
        from_json('{\n "a": x}')
    assert refused.value.detail == {"line": 2, "text_column": 7, "position": 8, "excerpt": ' "a": x}\n      ^'}
    assert refused.value.sentence.startswith("expected JSON (line 2, column 7: expecting value), got ")


@given(VALUES)
def test_what_was_written_as_json_is_read_back(value: Any) -> None:
    written = json.dumps(value)
    again = json.loads(json_text(from_json(written)), parse_float=Decimal, parse_int=Decimal)
    assert again == json.loads(written, parse_float=Decimal, parse_int=Decimal)


def test_the_parts_of_what_was_read_are_reached_by_paths() -> None:
    assert evaluated("a | from_json.b[1].c | int", {"a": '{"b": [0, {"c": 7}]}'}) == "7"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (Decimal("1.00"), 1),
        (1e22, 10**22),
        (0.00001, Decimal("1e-5")),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": {"x": 1, "y": [1.0]}}, {"a": {"y": [1], "x": 1}}),
        ({"k": "v"}, Node.within("k=v", 0, 3, {"k": "v"}, {})),
    ],
)
def test_values_that_are_equal_as_json_have_one_hash(one: Any, other: Any) -> None:
    assert hash_of(one) == hash_of(other)


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (True, 1), ([1, 2], [2, 1]), ({"a": None}, {}), ("é", "e\u0301"), ([], {})])
def test_values_that_are_not_have_two(one: Any, other: Any) -> None:
    assert hash_of(one) != hash_of(other)


def test_a_hash_is_the_sha_256_of_the_json() -> None:
    assert hash_of("abc") == "6cc43f858fbb763301637b5af970e2a46b46f461f27e5a0f41e009c59b827b25"


def test_a_deep_value_and_a_long_number_are_hashed_the_same_way_as_others() -> None:
    deep: Any = {"b": 10**30, "a": 1}
    turned: Any = {"a": 1, "b": Decimal(10**30)}
    for _ in range(400):
        deep, turned = [deep], [turned]
    assert hash_of(deep) == hash_of(turned)
