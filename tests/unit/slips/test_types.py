"""What each type takes, how it writes it, and what it refuses."""

import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.casts.column_type import column_type, type_names
from etl_actors.slips.values.refused import Refused

LONG = "9" * 5000

TAKEN = [
    ("text", "abc", "abc"),
    ("text", 12, "12"),
    ("text", 1e-05, "0.00001"),
    ("text", Decimal("1.50"), "1.50"),
    ("text", Decimal("1E-10"), "0.0000000001"),
    ("text", Decimal(LONG), LONG),
    ("text", True, "true"),
    ("text", {"a": [1, Decimal("2.50")]}, '{"a":[1,2.50]}'),
    ("text", "", ""),
    ("int", 7, "7"),
    ("int", 1.0, "1"),
    ("int", Decimal("1.00"), "1"),
    ("int", " -12 ", "-12"),
    ("int", "+5", "5"),
    ("int", "1e3", "1000"),
    ("int", "007", "7"),
    ("int", "-0", "0"),
    ("int", 2**31 - 1, "2147483647"),
    ("int", -(2**31), "-2147483648"),
    ("smallint", "32767", "32767"),
    ("bigint", Decimal(2**63 - 1), "9223372036854775807"),
    ("numeric", "1.50", "1.50"),
    ("numeric", "1e5", "100000"),
    ("numeric", ".5", "0.5"),
    ("numeric", "-0", "0"),
    ("numeric", -0.0, "0.0"),
    ("numeric", 0.1, "0.1"),
    ("numeric", "0e999999999", "0"),
    ("numeric", Decimal(LONG), LONG),
    ("double", 1.5, "1.5"),
    ("double", "NaN", "NaN"),
    ("double", "-inf", "-Infinity"),
    ("double", 5e-324, "5e-324"),
    ("double", 3, "3.0"),
    ("real", 0.1, "0.1"),
    ("real", 16777217, "16777216"),
    ("boolean", True, "t"),
    ("boolean", " No ", "f"),
    ("boolean", "1", "t"),
    ("date", "2024-02-29", "2024-02-29"),
    ("time", "23:59", "23:59:00"),
    ("time", "23:59:59.9999999", "24:00:00"),
    ("time", "01:02:03.400", "01:02:03.4"),
    ("timestamp", "2024-01-02T03:04:05", "2024-01-02 03:04:05"),
    ("timestamp", "2024-01-02 03:04:05.9999996", "2024-01-02 03:04:06"),
    ("timestamptz", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05+00"),
    ("timestamptz", "2024-01-02 03:04:05.250+02:00", "2024-01-02 01:04:05.25+00"),
    ("timestamptz", "2024-01-02T03:04-0530", "2024-01-02 08:34:00+00"),
    ("timestamptz", "2024-01-02T03:04:05.123456789Z", "2024-01-02 03:04:05.123457+00"),
    ("uuid", "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("uuid", "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("inet", "10.0.0.1/32", "10.0.0.1"),
    ("inet", "10.0.0.1/8", "10.0.0.1/8"),
    ("inet", "2001:DB8::0:1", "2001:db8::1"),
    ("cidr", "10.0.0.0/8", "10.0.0.0/8"),
    ("cidr", "::1", "::1/128"),
    ("macaddr", "0800.2B01.0203", "08:00:2b:01:02:03"),
    ("jsonb", {"a": Decimal("1.10")}, '{"a":1.10}'),
    ("jsonb", Decimal(LONG), LONG),
    ("jsonb", "x", '"x"'),
]

REFUSED = [
    ("text", "a\0b", "nul_character"),
    ("text", "\ud800", "lone_surrogate"),
    ("text", ["\0"], "nul_character"),
    ("int", "abc", "not_an_integer"),
    ("int", 1.5, "not_an_integer"),
    ("int", "1_000", "not_an_integer"),
    ("int", "\u0663", "not_an_integer"),  # an Arabic digit
    ("int", True, "not_an_integer"),
    ("int", [1], "not_an_integer"),
    ("int", "", "not_an_integer"),
    ("int", 2**31, "out_of_range"),
    ("int", Decimal(LONG), "out_of_range"),
    ("int", "1e999999999", "out_of_range"),
    ("int", "1e-999999999", "not_an_integer"),
    ("smallint", -32769, "out_of_range"),
    ("bigint", Decimal(2**63), "out_of_range"),
    ("numeric", "NaN", "not_a_number"),
    ("numeric", True, "not_a_number"),
    ("numeric", "1e131072", "out_of_range"),
    ("numeric", "1e-16384", "out_of_range"),
    ("double", "1e400", "out_of_range"),
    ("double", Decimal("1e-400"), "out_of_range"),
    ("double", False, "not_a_number"),
    ("real", 1e39, "out_of_range"),
    ("real", 1e-60, "out_of_range"),
    ("boolean", 1, "not_a_boolean"),
    ("boolean", "maybe", "not_a_boolean"),
    ("date", "soon", "not_a_date"),
    ("date", "0000-01-01", "not_a_date"),
    ("date", "2023-02-29", "not_a_date"),
    ("date", "2024-W01-1", "not_a_date"),
    ("date", "20240101", "not_a_date"),
    ("date", 20240101, "not_a_date"),
    ("time", "24:00:00", "not_a_time"),
    ("time", "12:00:00Z", "not_a_time"),
    ("timestamp", "2024-01-02T03:04:05Z", "unexpected_zone"),
    ("timestamp", "2024-01-02", "not_a_timestamp"),
    ("timestamptz", "2024-01-02T03:04:05", "no_zone"),
    ("timestamptz", "0001-01-01T00:00:00+01:00", "out_of_range"),
    ("timestamptz", "2024-01-02T03:04:05+16:00", "not_a_timestamp"),
    ("timestamptz", "2024-13-02T03:04:05Z", "not_a_timestamp"),
    ("timestamptz", "2024-W01-1T03:04:05Z", "not_a_timestamp"),  # Python reads a day of a week, PostgreSQL does not
    ("timestamptz", 0, "not_a_timestamp"),
    ("uuid", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "not_a_uuid"),
    ("uuid", "xyz", "not_a_uuid"),
    ("inet", "10.0.0.1/255.0.0.0", "not_an_address"),
    ("inet", "fe80::1%eth0", "not_an_address"),
    ("inet", "10/8", "not_an_address"),
    ("cidr", "10.0.0.1/8", "not_a_network"),
    ("macaddr", "08:00:2b:01:02", "not_a_mac"),
    ("jsonb", "\0", "nul_character"),
]


@pytest.mark.parametrize(("name", "value", "text"), TAKEN)
def test_a_type_writes_what_postgresql_would_write(name: str, value: object, text: str) -> None:
    assert column_type(name).text(value) == text


@pytest.mark.parametrize(("name", "value", "reason"), REFUSED)
def test_a_type_refuses_with_a_reason_what_postgresql_would_refuse(name: str, value: object, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        column_type(name).text(value)
    assert refused.value.reason == reason
    assert refused.value.sentence.startswith("expected ")
    assert len(refused.value.sentence) < 260


@pytest.mark.parametrize("name", type_names())
def test_null_passes_every_type(name: str) -> None:
    kind = column_type(name)
    assert kind.text(None) is None
    assert kind.value(None) is None
    assert kind.copy(None) == "\\N"


@pytest.mark.parametrize(
    ("arguments", "value", "text"),
    [
        ((12, 2), 1.005, "1.01"),  # half away from zero, of the decimal that is written, not of the double
        ((12, 2), -2.675, "-2.68"),
        ((12, 2), "-0.001", "0.00"),
        ((12, 2), 12.5, "12.50"),
        ((12, 2), 3, "3.00"),
        ((3, 0), 99.5, "100"),
        ((3, -2), 12345, "12300"),
        ((2, 4), "0.00994", "0.0099"),
        ((5,), "1.5", "2"),
        ((1000, 0), Decimal("9" * 1000), "9" * 1000),
    ],
)
def test_numeric_with_a_scale_rounds_half_away_from_zero(arguments: tuple[int, ...], value: object, text: str) -> None:
    assert column_type("numeric", arguments).text(value) == text


@pytest.mark.parametrize(
    ("arguments", "value"), [((4, 2), 99.995), ((4, 2), 100), ((3, 0), "999.5"), ((2, 4), "0.01"), ((4, 2), "1e99999")]
)
def test_numeric_with_a_precision_refuses_overflow_even_by_rounding(arguments: tuple[int, ...], value: object) -> None:
    with pytest.raises(Refused, match="out_of_range"):
        column_type("numeric", arguments).text(value)


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.text(max_size=12),
)


@given(_SCALARS, st.sampled_from([column_type(name) for name in type_names()] + [column_type("numeric", (9, 3))]))
def test_casting_a_casted_value_changes_nothing(value: object, kind: object) -> None:
    try:
        text = kind.text(value)  # type: ignore[attr-defined]
    except Refused:
        with pytest.raises(Refused):
            kind.value(value)  # type: ignore[attr-defined]
        return
    assert kind.text(kind.value(value)) == text  # type: ignore[attr-defined]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6), st.integers(0, 8))
def test_the_short_way_of_numeric_gives_what_the_long_way_gives(value: float, scale: int) -> None:
    kind = column_type("numeric", (16, scale))
    assert kind.text(value) == kind.text(Decimal(repr(value)))


def test_an_integer_longer_than_the_interpreter_writes_is_written() -> None:
    limit = sys.get_int_max_str_digits()
    assert column_type("text").text(10**9000) == "1" + "0" * 9000
    assert sys.get_int_max_str_digits() == limit


@pytest.mark.parametrize("name", ["jsonb", "text", "numeric", "int", "double", "real"])
@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("-Infinity")])
def test_what_a_step_of_a_slips_own_gives_and_is_no_number_is_refused(name: str, value: Decimal) -> None:
    with pytest.raises(Refused):
        column_type(name).text(value)


@pytest.mark.parametrize("value", [[Decimal("NaN")], {"a": [1, Decimal("Infinity")]}])
def test_nor_is_it_written_within_a_value(value: Any) -> None:
    with pytest.raises(Refused, match="not_a_number"):
        column_type("jsonb").text(value)


def test_a_number_beyond_every_double_is_written_in_full() -> None:
    assert column_type("jsonb").text([Decimal("1E+400")]) == f"[1{'0' * 400}]"
