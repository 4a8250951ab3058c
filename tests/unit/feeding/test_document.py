"""The fast judge of lines, and its agreement with the exact one."""

import json
import random
import time

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl_actors.feeding import syntax
from etl_actors.feeding.document import JUDGED_BYTES, find_flaw, with_origin, wrap_line
from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.numbers import fits_numeric, may_overflow

_NUMBER = st.from_regex(rb"\A-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,7})?\Z")
_PIECE = st.one_of(
    _NUMBER, st.sampled_from([b'"\\u0000"', b'"\\\\u0000"', b'"\\ud800"', b'"3e1234"', b'"\xff"', b"nul", b"null", b'{"a":1}'])
)


@given(st.lists(_PIECE, max_size=4).map(lambda pieces: b"[" + b",".join(pieces) + b"]"))
@example(b"[1e-20000]")
@example(b"[" * 2_000 + b"]" * 2_000)
@example(b"[" + b"1" * 400 + b"]")
def test_the_fast_judge_agrees_with_the_exact_one(line: bytes) -> None:
    assert find_flaw(line) == syntax.find_flaw(line)


@given(st.binary(max_size=40))
def test_the_judges_agree_on_any_bytes(line: bytes) -> None:
    assert find_flaw(line) == syntax.find_flaw(line)


def test_what_is_larger_than_the_client_cares_to_read_is_left_to_the_server() -> None:
    assert find_flaw(b"[" * (JUDGED_BYTES + 1)) is None


def test_digests_full_of_exponents_are_no_numbers() -> None:
    digests = orjson.dumps([f"{random.Random(i).getrandbits(256):064x}" for i in range(200)] + ["12e99999"])
    assert not may_overflow(digests)
    assert may_overflow(digests[:-1] + b",1e9999]")


def test_a_long_run_of_digits_may_overflow() -> None:
    assert may_overflow(b"1" * 10_000)
    assert not may_overflow(b'"' + b"1" * 10_000 + b'"')


def test_many_runs_of_digits_are_judged_in_linear_time() -> None:
    line = b"[" + b",".join([b"7" * 9_999] * 400) + b"]"
    begun = time.process_time()
    assert not may_overflow(line)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("token", "fits"),
    [
        (b"0.1e131072", True),
        (b"0.01e131073", True),
        (b"10e131071", False),
        (b"1." + b"1" * 16_380 + b"e-3", True),
        (b"1." + b"1" * 16_380 + b"e-4", False),
    ],
    ids=["0.1e131072", "0.01e131073", "10e131071", "16383 fraction digits", "16384 fraction digits"],
)
def test_digits_are_counted_where_the_exponent_puts_them(token: bytes, *, fits: bool) -> None:
    assert fits_numeric(token) is fits


def test_a_line_of_text_is_wrapped() -> None:
    assert wrap_line('GET "/ä" \\x'.encode()) == '{"message":"GET \\"/ä\\" \\\\x"}'.encode()


@pytest.mark.parametrize(("line", "reason"), [(b"a\xffb", "not_utf8"), (b"a\0b", "nul_character")])
def test_a_line_that_is_no_text_has_a_flaw_at_its_place(line: bytes, reason: str) -> None:
    flaw = wrap_line(line)
    assert isinstance(flaw, Flaw)
    assert (flaw.reason, flaw.position) == (reason, 1)


@pytest.mark.parametrize("cut", [b'{"a": 1, "b": 123', b'{"a": 1,', b'{"a": "x', b"{", b'{"a": [1}]'])
def test_a_document_that_is_cut_off_is_not_made_whole_by_its_origin(cut: bytes) -> None:
    made = with_origin(cut, {"_file": "x.jsonl", "_line": 3})
    with pytest.raises(json.JSONDecodeError):
        json.loads(made)


@pytest.mark.parametrize("whole", [b"{}", b' {"a": 1} ', b'{"a": {"b": []}}'])
def test_a_whole_document_says_where_it_came_from(whole: bytes) -> None:
    assert json.loads(with_origin(whole, {"_file": "x", "_line": 3})) == {**json.loads(whole), "_file": "x", "_line": 3}
