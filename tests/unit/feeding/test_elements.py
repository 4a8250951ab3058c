"""JSON text is cut into documents as it comes; what is broken is one element, and the next one is found where it can be."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.feeding.elements import Element, Elements
from etl_actors.feeding.lines import LongLine


def cut(text: bytes, block: int = 0, limit: int = 1_000_000, *, is_whole: bool = True) -> list[Element]:
    elements = Elements(limit)
    size = block or len(text) or 1
    found = [each for at in range(0, len(text), size) for each in elements.add(text[at : at + size])]
    return found + elements.end(is_whole=is_whole)


def texts(text: bytes, block: int = 0) -> list[tuple[str, bool]]:
    return [
        (each.text.decode(errors="replace") if isinstance(each.text, bytes) else "…", each.is_broken) for each in cut(text, block)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b" \n", []),
        (b"[]", []),
        (b'[{"a": 1.10}, [2], "3,]", null ]', ['{"a": 1.10}', "[2]", '"3,]"', "null"]),
        (b'{"a": [{}, {"b": "}]"}]}', ['{"a": [{}, {"b": "}]"}]}']),
        (b'{"a": 1}\n{\n "a": 2\n}{"a":3} 4 "5"[6]', ['{"a": 1}', '{\n "a": 2\n}', '{"a":3}', "4", '"5"', "6"]),
        (b'["\\"", "\\\\", "\\\\\\""]', [r'"\""', r'"\\"', r'"\\\""']),
    ],
)
def test_documents_are_cut_out_with_their_exact_text(text: bytes, expected: list[str]) -> None:
    assert texts(text) == [(each, False) for each in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Broken within, and cut out all the same: whoever judges it will see.
        (b'[{"a": NaN}, {"a":}, {a: 1}]', [('{"a": NaN}', False), ('{"a":}', False), ("{a: 1}", False)]),
        (b'[{"a": 1} {"a": 2}, 3]', [('{"a": 1} {"a": 2}', False), ("3", False)]),
        # A quote, a bracket too few or too many: the next one begins like the one before.
        (b'[{"a":1},{"a":"x,"b":2},{"a":3}]', [('{"a":1}', False), ('{"a":"x,"b":2},', True), ('{"a":3}', False)]),
        (b'[{"a":1},{"a":[2},{"a":3}]', [('{"a":1}', False), ('{"a":[2},', True), ('{"a":3}', False)]),
        (b'[{"a":1},{"a":{"a":2},{"a":3}]', [('{"a":1}', False), ('{"a":{"a":2},', True), ('{"a":3}', False)]),
        (b'[{"a":1},{"a":2}},{"a":3}]', [('{"a":1}', False), ('{"a":2}},', True), ('{"a":3}', False)]),
        # Or on a line of its own, as far in as they all are.
        (b'[\n  {"a": "x},\n  {"a": 2}\n]', [('{"a": "x},', True), ('{"a": 2}', False)]),
        (b'[\n  {\n    "a": [{"b": 1},\n      {"b": 2}\n  },\n  [3]\n]', [('{\n    "a": [{"b": 1},\n      {"b": 2}\n  },', True), ("[3]", False)]),
        (b'{"a": "x}\n{"b": 1}\n{"c": [}\n{"d": 2}', [('{"a": "x}', True), ('{"b": 1}', False), ('{"c": [}', True), ('{"d": 2}', False)]),
        (b'{"a": {\n{"b": 1}\n', [('{"a": {', True), ('{"b": 1}', False)]),
        # Where a piece of a document looks like the others, nothing is guessed: the rest is one broken element.
        (b'[{"id":1,"c":[{"id":2}]},{"id":3,"c":["x,{"id":4}]},{"id":6}]', [('{"id":1,"c":[{"id":2}]}', False), ('{"id":3,"c":["x,{"id":4}]},{"id":6}]', True)]),
        (b'[\n{\n"a": "x,\n"b": [\n{\n"c": 1\n}\n]\n},\n{\n"a": 2\n}\n]', [('{\n"a": "x,\n"b": [\n{\n"c": 1\n}\n]\n},\n{\n"a": 2\n}\n]', True)]),
        # Cut off, or something missing.
        (b'[{"a": 1}, {"a": "x', [('{"a": 1}', False), ('{"a": "x', True)]),
        (b"[12, 34", [("12", False), ("34", True)]),
        (b"[1,", [("1", False), ("", True)]),
        (b"[1", [("1", True)]),
        (b"[", [("", True)]),
        (b"[1,,2,]", [("1", False), ("", True), ("2", False), ("", True)]),
        (b'"a\\', [('"a\\', True)]),
        (b'}, {"a": 1}]', [("},", False), ('{"a": 1}', False), ("]", False)]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", [0, 1, 5])
def test_a_broken_element_is_one_and_the_next_is_found_where_it_can_be(
    text: bytes, expected: list[tuple[str, bool]], block: int
) -> None:
    assert texts(text, block) == expected


def test_each_says_where_it_begins_and_ends() -> None:
    found = cut('[{"é": 1}, 2,\n  {\n"a":\n3}\n]\n 4'.encode())
    assert [(each.number, each.first, each.last, each.column) for each in found] == [
        (1, 1, 1, 1),
        (2, 1, 1, 11),
        (3, 2, 4, 2),
        (4, 6, 6, 1),
    ]


def test_what_is_missing_is_said() -> None:
    said = [each.flaw.message for each in cut(b"[,1,]") + cut(b"[1,") + cut(b"[") if each.flaw]
    assert said == [
        "expected a JSON value, got ','",
        "expected a JSON value, got ']'",
        "expected ',' or ']', got the end of the text",
        "expected a JSON value or ']', got the end of the text",
    ]


def test_what_could_be_read_no_further_is_not_taken_for_whole() -> None:
    assert [each.is_broken for each in cut(b"1 2", is_whole=False)] == [False, True]


def test_of_an_element_beyond_the_limit_the_beginning_is_kept_and_the_others_come() -> None:
    text = b'["' + b"x" * 5_000 + b'", 2, {"a": [' + b"1, " * 2_000 + b"3]}, 4]"
    for block in (7, 1_000, 0):
        found = cut(text, block, limit=100)
        assert [isinstance(each.text, LongLine) for each in found] == [True, False, True, False]
        assert isinstance(found[0].text, LongLine)
        assert found[0].text.length == 5_002


@pytest.mark.parametrize("piece", [b"[", b'{"a":[', b'{"a":[\n', b'"', b'\n"', b'{"a":"\n'])
def test_any_depth_and_any_number_of_quotes_take_linear_time(piece: bytes) -> None:
    def seconds(times: int) -> float:
        """Return the seconds of the quickest of four runs: what another program takes away, it does not take from all."""
        text = piece * (times * 8_000 // len(piece))
        took = []
        for _ in range(4):
            before = time.process_time()
            assert cut(text, 1 << 20)
            took.append(time.process_time() - before)
        return min(took)

    # Were it quadratic, eight times the text would take 64 times as long.
    assert seconds(8) < 24 * seconds(1) + 0.01


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(_JSON, max_size=6), st.sampled_from([None, 0, 2]), st.integers(0, 40))
def test_the_elements_of_any_array_are_its_elements(documents: list[object], indent: int | None, block: int) -> None:
    text = json.dumps(documents, indent=indent, ensure_ascii=block % 2 == 0).encode()
    found = cut(text, block)
    assert [json.loads(each.text) for each in found if isinstance(each.text, bytes)] == documents
    assert not any(each.is_broken for each in found)


_PIECE = st.sampled_from(
    [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b'"a"', b'{"a":1}', b"\n", b"  ", b"1", b"x", b"\xff", b"\0"]
)


@given(st.lists(_PIECE, max_size=30).map(b"".join) | st.binary(max_size=40), st.integers(1, 9))
def test_of_any_bytes_nothing_is_lost_however_they_come(text: bytes, block: int) -> None:
    found = cut(text)
    assert cut(text, block) == found
    at = 0
    for each in found:
        assert isinstance(each.text, bytes)
        begins = text.index(each.text, at)
        assert not text[at:begins].strip(b" \t\r\n,[]"), "only what stands between elements is in none"
        at = begins + len(each.text)
    assert not text[at:].strip(b" \t\r\n,[]")
    assert [each.number for each in found] == list(range(1, len(found) + 1))
