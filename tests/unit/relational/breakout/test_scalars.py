"""Kinds of scalars are joined as sets are, and forms of texts are told so that nothing of a text is lost."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.scalars import Form, Number, Scalars, form_of, scalars_of, written_in

ALL = [Scalars(*one) for one in product((False, True), (False, True), (None, *Number), (None, *Form))]
_ONES = st.sampled_from(ALL)


@given(_ONES, _ONES, _ONES)
def test_the_join_is_commutative_associative_and_idempotent(one: Scalars, other: Scalars, third: Scalars) -> None:
    assert one.joined(other) == other.joined(one)
    assert one.joined(other).joined(third) == one.joined(other.joined(third))
    assert one.joined(one) == one
    assert one.joined(Scalars()) == one


@given(_ONES, _ONES)
def test_a_join_holds_both(one: Scalars, other: Scalars) -> None:
    assert one.joined(other).hold(one)
    assert one.joined(other).hold(other)
    assert one.hold(other) == (one.joined(other) == one)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-02-29", Form.DATE),
        ("2023-02-29", Form.TEXT),
        ("0000-01-01", Form.TEXT),
        ("20240229", Form.TEXT),
        ("2024-W10-6", Form.TEXT),
        ("٢٠٢٤-02-29", Form.TEXT),
        (" 2024-02-29", Form.TEXT),
        ("2024-02-29\n", Form.TEXT),
        ("2024-03-09T10:00:00", Form.TIMESTAMP),
        ("2024-03-09T10:00:00.123456", Form.TIMESTAMP),
        ("2024-03-09T10:00:00.1234567", Form.TEXT),
        ("2024-03-09 10:00:00", Form.TEXT),
        ("2024-03-09T24:00:00", Form.TEXT),
        ("2024-03-09T10:00:60Z", Form.TEXT),
        ("2024-03-09T10:00:00Z", Form.TIMESTAMPTZ),
        ("2024-03-09T10:00:00-05:30", Form.TIMESTAMPTZ),
        ("2024-03-09T10:00Z", Form.TEXT),
        ("0001-01-01T00:00:00+14:00", Form.TEXT),
        ("123e4567-e89b-12d3-a456-426614174000", Form.UUID),
        ("123E4567-e89b-12d3-a456-426614174000", Form.TEXT),
        ("", Form.TEXT),
        ("x" * 100_000, Form.TEXT),
    ],
)
def test_a_text_has_a_form_only_where_its_type_takes_it_and_nothing_is_lost(text: str, form: Form) -> None:
    assert form_of(text) is form


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2024-03-09T10:00:00Z", "2024-03-09T10:00:00Z"),
        ("2024-03-09T10:00:00.120Z", "2024-03-09T10:00:00.12Z"),
        ("2024-03-09T10:00:00.000+01:00", "2024-03-09T09:00:00Z"),
        ("2024-03-09T10:00:00.5", "2024-03-09T10:00:00.5"),
        ("2024-03-09", "2024-03-09"),
    ],
)
def test_a_moment_is_written_in_one_way(text: str, written: str) -> None:
    assert written_in(form_of(text), text) == written
    assert written_in(form_of(written), written) == written


def test_whole_numbers_within_64_bits_are_bigint_and_no_digit_is_given_up() -> None:
    assert scalars_of(2**63 - 1) == Scalars(number=Number.BIGINT)
    assert scalars_of(2**63) == Scalars(number=Number.NUMERIC)
    assert scalars_of(1.0) == Scalars(number=Number.NUMERIC)
    assert [scalars_of(one) for one in (True, None)] == [Scalars(boolean=True), Scalars(null=True)]
