"""Blocks are cut into lines, whatever their borders and lengths."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.feeding.lines import HEAD_BYTES, Lines, LongLine, shorten


def _lines(*blocks: bytes, line_bytes: int = 1_000) -> list[bytes | LongLine]:
    lines = Lines(line_bytes)
    return [line for block in blocks for line in lines.add(block)] + lines.end()


@given(st.lists(st.binary(max_size=8).map(lambda part: part.replace(b"\r", b"\n")), max_size=8))
def test_lines_are_the_same_however_the_blocks_are_cut(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    expected = whole.split(b"\n")
    assert _lines(*blocks) == (expected if expected[-1] else expected[:-1])


def test_a_carriage_return_before_the_line_feed_is_no_part_of_the_line() -> None:
    assert _lines(b"a\r", b"\nb\r\nc\rd\r\n\r\n", b"e\r") == [b"a", b"b", b"c\rd", b"", b"e"]


def test_half_a_last_line_is_a_line() -> None:
    assert _lines(b"one\ntw") == [b"one", b"tw"]


def test_of_a_line_too_long_its_beginning_length_and_digest_are_kept() -> None:
    parts = [b"x" * 400_000 for _ in range(4)]
    whole = b"".join(parts)
    long = LongLine(whole[:HEAD_BYTES], len(whole), hashlib.sha256(whole).hexdigest())
    assert _lines(*parts, b"\nshort\n") == [long, b"short"]


def test_a_line_at_the_limit_is_whole() -> None:
    assert _lines(b"12345", b"67890\n1", line_bytes=10) == [b"1234567890", b"1"]


def test_the_beginning_that_is_kept_ends_with_a_whole_character() -> None:
    long = shorten([b"x" * (HEAD_BYTES - 1), "é".encode()])
    assert long.head == b"x" * (HEAD_BYTES - 1)
    assert long.length == HEAD_BYTES + 1


def test_the_beginning_of_what_is_no_text_is_cut_anywhere() -> None:
    assert len(shorten([b"\xff" * HEAD_BYTES * 2]).head) == HEAD_BYTES
