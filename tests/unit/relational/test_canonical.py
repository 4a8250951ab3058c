"""Equal values have one canonical text, and others have others."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.canonical import canonical_document, canonical_key, canonical_number, without_origin

_DIGITS = st.text("0123456789", min_size=1, max_size=6)
_WRITTEN = st.tuples(
    st.sampled_from(["", "-"]),
    _DIGITS,
    st.one_of(st.just(""), _DIGITS.map(lambda d: "." + d)),
    st.one_of(st.just(""), st.integers(-9, 9).map(lambda e: f"e{e}")),
).map("".join)


@given(_WRITTEN, _WRITTEN)
def test_numbers_are_one_text_if_and_only_if_they_are_equal(one: str, other: str) -> None:
    assert (canonical_number(one) == canonical_number(other)) == (Decimal(one) == Decimal(other))


@given(_WRITTEN)
def test_a_canonical_number_is_the_same_number_and_canonical(text: str) -> None:
    canonical = canonical_number(text)
    assert Decimal(canonical) == Decimal(text)
    assert canonical_number(canonical) == canonical


def test_a_huge_exponent_is_not_written_out() -> None:
    assert canonical_number("1e131071") == "1e131071"
    assert canonical_number("1" + "0" * 5000) == "1e5000"


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("1", "1.00", "numeric(5,2)"),
        ("1e-05", "0.00001", "double precision"),
        ("0.1", "0.10000000149011612", "real"),
        ("-0", "0", "double precision"),
        ("t", "true", "boolean"),
        ("::ffff:1.2.3.4", "::ffff:102:304", "inet"),
        ("10.0.0.1", "10.0.0.1/32", "inet"),
        ('{"a": [1, 2.0], "b c": "x: 1.0"}', '{"a":[1.0,2],"b c":"x: 1.0"}', "jsonb"),
    ],
)
def test_two_ways_to_write_a_value_are_one_key(one: str, other: str, kind: str) -> None:
    assert canonical_key(one, kind) == canonical_key(other, kind)


@pytest.mark.parametrize(
    ("one", "one_kind", "other", "other_kind"),
    [
        ("1", "text", "1", "int"),
        ("t", "text", "t", "boolean"),
        ("1", "jsonb", "1", "int"),
        ('"1"', "jsonb", "1", "jsonb"),
        ('"a 1.0"', "jsonb", '"a 1"', "jsonb"),
        ("10.0.0.0/8", "inet", "10.0.0.0/9", "inet"),
        ("NaN", "double precision", "Infinity", "double precision"),
    ],
)
def test_unlike_values_are_unlike_keys(one: str, one_kind: str, other: str, other_kind: str) -> None:
    assert canonical_key(one, one_kind) != canonical_key(other, other_kind)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_real_is_one_key_at_any_number_of_digits(value: float) -> None:
    assert canonical_key(repr(value), "real") == canonical_key(f"{value:.9g}", "real")


_TEXT = st.one_of(st.text(max_size=8), st.sampled_from(["1.0}", '\\".50,', '"', "\\", "a 2.00]"]))
_JSON = st.recursive(
    st.one_of(
        st.none(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-99, max_value=99), _TEXT
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=8,
)


def _written(value: Any, zeros: str) -> str:
    match value:
        case dict():
            return (
                "{"
                + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_written(one, zeros)}" for key, one in value.items())
                + "}"
            )
        case list():
            return "[" + ", ".join(_written(one, zeros) for one in value) + "]"
        case Decimal():
            return format(value, "f") + zeros
        case int():
            return f"{value}.{zeros}" if zeros else str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _read(text: bytes) -> Any:
    return json.loads(
        text.decode("utf-8", "surrogatepass"),
        parse_float=lambda t: Decimal(t).normalize(),
        parse_int=lambda t: Decimal(t).normalize(),
    )


@given(_JSON, st.sampled_from(["", "0", "000"]))
def test_a_document_is_one_text_however_its_numbers_are_written(value: Any, zeros: str) -> None:
    plain, padded = (_written(value, z).encode("utf-8", "surrogatepass") for z in ("", zeros))
    canonical = canonical_document(padded)
    assert canonical == canonical_document(plain)
    assert _read(canonical) == _read(plain)
    assert canonical_document(canonical) == canonical


def test_a_long_document_takes_time_in_proportion() -> None:
    raw = b'{"a": "' + b'\\"' * 200_000 + b'", "b": [' + b"1.50, " * 50_000 + b"1.0]}"
    assert canonical_document(raw).count(b"1.5,") == 50_000


def _stored(document: dict[str, Any]) -> bytes:
    """Write an object as PostgreSQL writes jsonb: shorter keys first, a blank behind `:` and `,`."""
    ordered = dict(sorted(document.items(), key=lambda pair: (len(pair[0].encode()), pair[0].encode())))
    return json.dumps(ordered, ensure_ascii=False).encode()


_KEYS = st.one_of(st.sampled_from(["_file", "_line", "file", "_files", '_file": ', "a"]), st.text('_filen"\\:, {}[]', max_size=7))
_VALUES = st.recursive(
    st.one_of(st.integers(), st.none(), st.text('_file":,{}[]\\ ', max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=6,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_without_its_origin_a_document_is_what_it_would_be_had_it_none(document: dict[str, Any]) -> None:
    rest = {key: value for key, value in document.items() if key not in {"_file", "_line"}}
    assert without_origin(_stored(document)) == _stored(rest)


@pytest.mark.parametrize(
    "raw", [b"[]", b'["_file", 1]', b'"_file"', b"{}", b'[{"_file": 1}]', b'{"a": {"_file": 1, "_line": 2}}']
)
def test_only_members_of_the_document_itself_are_its_origin(raw: bytes) -> None:
    assert without_origin(raw) == raw
