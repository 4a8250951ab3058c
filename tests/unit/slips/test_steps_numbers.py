"""add, sub and mul: exact, as PostgreSQL's numeric reckons."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.steps.reckoning import add, mul, sub
from etl_actors.slips.values.refused import Refused

from .evaluated import evaluated

NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=9),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e20, max_value=1e20),
)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("a | add(b)", Decimal("0.3")),
        ("a | sub(b)", Decimal("-0.1")),
        ("a | mul(b)", Decimal("0.02")),
        ("n | add(1)", 8),
        ("n | mul(1.50)", Decimal("10.50")),
        ("n | sub(a) | mul(100) | int", "690"),
        ("n | add(missing)", None),
        ("missing | add(n)", None),
        ("d | add(1)", Decimal(10000000000000000000000000000000000000000000000000000000001)),
        ("s | numeric | add(1)", "2.50"),
    ],
)
def test_it_reckons_exactly(expression: str, wanted: Any) -> None:
    assert evaluated(expression, {"a": 0.1, "b": 0.2, "n": 7, "d": Decimal("1e58"), "s": "1.50"}) == wanted


@pytest.mark.parametrize(
    ("value", "other", "reason"),
    [
        ("1", 1, "not_a_number"),
        (1, "1", "not_a_number"),
        (True, 1, "not_a_number"),
        ([1], 1, "not_a_number"),
        (Decimal("1e131000"), Decimal("1e131000"), "out_of_range"),
        (Decimal("1e-9000"), Decimal("1e-9000"), "out_of_range"),
        (Decimal("1e999999"), 1, "out_of_range"),
    ],
)
def test_what_is_no_number_or_beyond_numeric_is_refused(value: Any, other: Any, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        mul(value, other)


@given(NUMBERS, NUMBERS)
def test_taking_off_what_was_added_gives_the_same_number(one: Any, other: Any) -> None:
    known = Decimal(repr(one)) if type(one) is float else one
    assert sub(add(one, other), other) == known
    assert add(one, other) == add(other, one)
    assert mul(one, other) == mul(other, one)
