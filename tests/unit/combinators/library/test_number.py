"""Numbers as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.library import number_of, refuses, value_by


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("-7", "-7"),
        ("0.5", "0.5"),
        ("-0,125", "-0.125"),
        (".75", "0.75"),
        ("1298", "1298"),
        ("1.298", "1298"),
        ("1,298", "1298"),
        ("1 298", "1298"),
        ("1\u00a0298", "1298"),
        ("1'298", "1298"),
        ("1.298,5", "1298.5"),
        ("1,298.50", "1298.5"),
        ("1.234.567,891", "1234567.891"),
        ("1,234,567.891", "1234567.891"),
        ("1 234 567,89", "1234567.89"),
        ("12,34,567.50", "1234567.5"),
        ("1298.125", "1298.125"),
        ("34.992001", "34.992001"),
        ("50,-", "50"),
        ("1.198,\u2013", "1198"),
        ("1700.", "1700"),
        ("1.234.567.", "1234567"),
    ],
)
def test_a_number_is_read_with_either_sign(text: str, number: str) -> None:
    assert number_of(value_by("number", text)) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "x", "-", ".", "1.2.3", "1,23,4", "1.234.56", "1 23", "1,234,567,8", "1..5", "--1", "12:30"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert refuses("number", text)


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, places=2).map(lambda number: number + Decimal("0.00")),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("'", "."), ("", "."), ("", ",")]),
)
def test_a_number_written_with_signs_is_read_back(number: Decimal, signs: tuple[str, str]) -> None:
    written = f"{number:,.2f}".translate({ord(","): signs[0], ord("."): signs[1]})
    assert number_of(value_by("number", written)) == number
