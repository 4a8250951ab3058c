"""Payloads are read exactly, whichever decoder reads them."""

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.casts.column_type import ColumnType, column_type, type_names
from etl_actors.slips.values.compared import equal, less
from etl_actors.slips.values.document import MAX_DEPTH, Look, Staged, Undecodable, decode, read_together
from etl_actors.slips.values.json_text import json_text
from etl_actors.slips.values.refused import Refused

# Numbers as jsonb writes them: no exponent, zeros kept.
_NUMBERS = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.integers(-99, 99).map(str),
    st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 10**20), st.integers(0, 3)).map(
        lambda t: f"{t[0]}.{t[1]}{'0' * t[2]}"
    ),
    st.integers(1, 40).map(lambda n: f"0.{'0' * n}1"),
)
_KEYS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
_TEXTS = _KEYS.map(lambda text: json.dumps(text, ensure_ascii=False))
_RAW = st.recursive(
    st.one_of(_NUMBERS, _TEXTS, st.sampled_from(["true", "false", "null", '"1.0, 12345678901234567890]"', '"\\\\\\" .50}"'])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: f"[{', '.join(parts)}]"),
        st.dictionaries(_TEXTS, inner, max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{k}: {v}" for k, v in pairs.items()) + "}"
        ),
    ),
    max_leaves=10,
)


def _exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def _as_decimal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_decimal(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_decimal(one) for one in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return Decimal(repr(value))


def _digits(value: Any) -> Any:
    """Compare Decimals digit for digit: 1.50 is not 1.5 here."""
    return json.loads(json.dumps(value, default=lambda d: {"exact": str(d.as_tuple())}))


@given(_RAW)
def test_a_payload_keeps_every_digit(raw: str) -> None:
    assert _digits(_as_decimal(decode(raw.encode()))) == _digits(_exact(raw))


@given(_RAW)
def test_a_payload_written_again_says_the_same(raw: str) -> None:
    assert _digits(_exact(json_text(decode(raw.encode())))) == _digits(_exact(raw))


@given(st.lists(_RAW, max_size=40))
def test_payloads_that_are_looked_over_together_keep_every_digit(raws: list[str]) -> None:
    rows = [Staged(row_id, raw.encode(), "s", "") for row_id, raw in enumerate(raws)]
    seen = list(read_together(rows))
    assert [row for together in seen for row in together.rows] == rows
    for together in seen:
        alone = [decode(row.raw, plain=together.look.plain) for row in together.rows]
        assert _digits(_as_decimal(alone)) == _digits([_exact(row.raw.decode()) for row in together.rows])
        assert together.documents is None or _digits(_as_decimal([*together.documents])) == _digits(_as_decimal(alone))
        assert not together.look.clean or all(b"\\" not in row.raw for row in together.rows)


@pytest.mark.parametrize(
    ("raws", "look"),
    [
        (['{"a": 1.5, "at": "2026-03-01T12:27:00Z"}'] * 3, Look(plain=True, clean=True)),
        (['{"a": 1.5}', '{"a": 1.50}'], Look(plain=False, clean=True)),
        (["12", "12345678901234567890"], Look(plain=False, clean=True)),
        (['{"a": "b"}', r'{"a": "\n"}'], Look(plain=True, clean=False)),
        (['"' + "x" * 70_000 + '"'], Look()),
    ],
)
def test_a_look_at_payloads_together_tells(raws: list[str], look: Look) -> None:
    rows = [Staged(row_id, raw.encode(), "s", "") for row_id, raw in enumerate(raws)]
    (together,) = read_together(rows)
    assert together.look == look
    assert (together.documents is not None) == look.plain


def test_a_number_that_takes_exactness_costs_only_its_neighbours_a_look_of_their_own() -> None:
    rows = [Staged(row_id, b"1.50" if row_id == 40 else b"1.5", "s", "") for row_id in range(100)]
    plain = [row.row_id for together in read_together(rows) if together.look.plain for row in together.rows]
    assert plain == [*range(32), *range(64, 100)]


@pytest.mark.parametrize("raw", [b'{"a": "10.0.0.1", "b": 12.5, "c": 123456789012345678}', b'{"a": "1234567890123456789"}'])
def test_what_a_double_holds_is_read_by_the_fast_decoder(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_actors.slips.values.document._DECODER", None)
    assert decode(raw) == orjson.loads(raw)


def test_a_number_of_thousands_of_digits_is_read() -> None:
    assert decode(b"[" + b"7" * 9000 + b"]") == [Decimal("7" * 9000)]


@pytest.mark.parametrize("inner", [b"1", b"1.0"], ids=["fast", "exact"])
def test_depth_is_limited_alike_for_both_decoders(inner: bytes) -> None:
    value = decode(b'{"a": ' * MAX_DEPTH + inner + b"}" * MAX_DEPTH)
    for _ in range(MAX_DEPTH):
        value = value["a"]
    assert value == 1
    with pytest.raises(Undecodable) as undecodable:
        decode(b"[" * (MAX_DEPTH + 1) + inner + b"]" * (MAX_DEPTH + 1))
    assert undecodable.value.reason == "too_deep"


def test_brackets_in_texts_and_beside_one_another_are_no_depth() -> None:
    many = json.dumps({"a": "[" * 2000, "b": [[]] * 2000, 'c"\\': '{\\"'}).encode()
    assert decode(many) == json.loads(many)


def test_what_is_no_json_is_said_to_be_none() -> None:
    with pytest.raises(Undecodable) as undecodable:
        decode(b'{"a": ')
    assert undecodable.value.reason == "not_json"


def _outcome(kind: ColumnType, value: Any) -> str | None:
    try:
        return kind.text(value)  # type: ignore[no-any-return]  # a cast to text
    except Refused as refused:
        return f"refused: {refused.reason}"


@given(
    _NUMBERS,
    st.sampled_from(
        [
            *map(column_type, sorted({*type_names()} - {"jsonb"})),
            column_type("numeric", (12, 2)),
            column_type("numeric", (30, 12)),
        ]
    ),
)
def test_which_decoder_read_a_number_does_not_show_in_a_column(raw: str, kind: ColumnType) -> None:
    assert _outcome(kind, decode(raw.encode())) == _outcome(kind, Decimal(raw))


@given(_NUMBERS, _NUMBERS)
def test_which_decoder_read_a_number_does_not_show_in_a_comparison(one: str, other: str) -> None:
    left, right = decode(one.encode()), decode(other.encode())
    assert equal(left, right) == (Decimal(one) == Decimal(other))
    assert less(left, right) == (Decimal(one) < Decimal(other))


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_documents_as_deep_as_may_be_are_compared(opened: str, closed: str) -> None:
    def nested(inner: str) -> Any:
        return decode((opened * (MAX_DEPTH - 1) + inner + closed * (MAX_DEPTH - 1)).encode())

    assert equal(nested("1"), nested("1.0"))
    assert not equal(nested("1"), nested("2"))
    assert not equal(nested("[1]"), nested("[1, 1]"))
    assert not equal(nested('{"a": null}'), nested('{"b": null}'))


@pytest.mark.parametrize(("depth", "read"), [(MAX_DEPTH - 1, True), (MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_documents_are_read_at_once_only_where_none_can_be_too_deep(depth: int, *, read: bool) -> None:
    (together,) = read_together([Staged(1, b"[" * depth + b"]" * depth, "s", "")])
    assert (together.documents is not None) == read


@pytest.mark.parametrize("raws", [["1,2"], ["[1", "2]"], ["1", ""]])
def test_payloads_that_are_no_json_are_left_to_be_read_one_by_one(raws: list[str]) -> None:
    (together,) = read_together([Staged(row_id, raw.encode(), "s", "") for row_id, raw in enumerate(raws)])
    assert together.documents is None


def test_documents_that_may_stand_for_what_could_not_be_staged_are_told() -> None:
    rows = [Staged(1, b'{"$raw": "x"}', "s", ""), Staged(2, b"1", "s", "")]
    assert [together.may_stand for together in read_together(rows)] == [True]
    assert [together.may_stand for together in read_together(rows[1:])] == [False]


def test_payloads_are_read_together_up_to_so_many_and_so_many_bytes() -> None:
    rows = [Staged(row_id, b'"%b"' % (b"x" * size), "s", "") for row_id, size in enumerate([1] * 40 + [30_000] * 5 + [70_000, 1])]
    assert [len(together.rows) for together in read_together(rows)] == [32, 10, 2, 1, 1, 1]
    assert [together.documents is None for together in read_together(rows)] == [False, False, False, False, True, False]
    assert list(read_together([])) == []


def test_one_deep_document_is_read_alone_and_shallow_ones_with_many_brackets_together() -> None:
    many = b"[" + b"[]," * 400 + b"[]]"
    assert [together.documents is None for together in read_together([Staged(1, many, "s", ""), Staged(2, many, "s", "")])] == [
        False
    ]
