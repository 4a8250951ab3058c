"""Lines become events: each begins where a line matches, and nothing of the text is lost."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.feeding.cut import Cut, Gathering, Piece, pieces
from etl_actors.feeding.lines import LongLine
from etl_actors.slips.model.slip import InputForm

_STAMPED = Cut(re.compile(r"^\["))


def cut(text: bytes, how: Cut = _STAMPED) -> list[tuple[bytes | LongLine, int, int]]:
    return [(piece.text, piece.first, piece.last) for piece in pieces(text.split(b"\n"), how)]


def test_an_event_is_a_line_that_matches_and_those_up_to_the_next() -> None:
    text = b"[1] broke\n  at a\n\n  at b\n[2] fine\n[3] broke\n  at c"
    assert cut(text) == [(b"[1] broke\n  at a\n\n  at b", 1, 4), (b"[2] fine", 5, 5), (b"[3] broke\n  at c", 6, 7)]


def test_lines_before_the_first_match_are_an_event_of_their_own() -> None:
    assert cut(b"\nold\nolder\n[1] new") == [(b"old\nolder", 2, 3), (b"[1] new", 4, 4)]


def test_blank_lines_behind_an_event_are_none_of_it() -> None:
    gathering = Gathering(_STAMPED)
    found = [
        piece
        for number, line in enumerate([b"", b"[1] a ", b" ", b"", b"[2] b", b""], 1)
        for piece in gathering.add(line, number)
    ]
    assert [*found, *gathering.end()] == [Piece(b"[1] a ", 2, 2), Piece(b"[2] b", 5, 5)]
    assert gathering.blank == 4


def test_without_a_beginning_each_line_is_a_document() -> None:
    assert cut(b"a\n\n  b", Cut()) == [(b"a", 1, 1), (b"  b", 3, 3)]


def test_the_expression_matches_anywhere_in_a_line_unless_it_is_anchored() -> None:
    assert len(cut(b"x [1\ny", Cut(re.compile(r"\[\d")))) == 1
    assert len(cut(b"x [1\ny [2", Cut(re.compile(r"\[\d")))) == 2


def test_a_line_that_is_no_utf_8_may_begin_an_event_all_the_same() -> None:
    assert cut(b"[1] a\n[2] \xff\n b") == [(b"[1] a", 1, 1), (b"[2] \xff\n b", 2, 3)]


@pytest.mark.parametrize("line_bytes", [3, 50])
def test_of_an_event_beyond_the_limit_only_the_beginning_is_kept_and_what_it_was_is_told(line_bytes: int) -> None:
    gathering = Gathering(_STAMPED, limit=20)
    lines = [b"[1]" + b"x" * line_bytes for _ in range(1)] + [b"y" * line_bytes for _ in range(10)] + [b"[2] b"]
    found = [piece for number, line in enumerate(lines, 1) for piece in gathering.add(line, number)]
    whole = b"\n".join(lines[:-1])
    (long,) = found
    assert isinstance(long.text, LongLine)
    assert (long.text.length, long.text.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert whole.startswith(long.text.head)
    assert (long.first, long.last) == (1, 11)
    assert gathering.end() == [Piece(b"[2] b", 12, 12)]


def test_a_line_too_long_to_keep_ends_an_event_and_stands_alone() -> None:
    long = LongLine(b"x", 10**9, "00")
    assert list(pieces([b"[1] a", long, b"b"], _STAMPED)) == [Piece(b"[1] a", 1, 1), Piece(long, 2, 2), Piece(b"b", 3, 3)]


@given(st.lists(st.sampled_from([b"[a", b"[b c", b"x", b" y ", b"", b" \t"]), max_size=30))
def test_the_events_joined_are_the_text_but_for_blank_lines_around_them(lines: list[bytes]) -> None:
    found = list(pieces(lines, _STAMPED))
    joined = b"\n".join(piece.text for piece in found if isinstance(piece.text, bytes))
    assert [line for line in joined.split(b"\n") if line.strip()] == [line for line in lines if line.strip()]
    gathering = Gathering(_STAMPED)
    for number, line in enumerate(lines, 1):
        gathering.add(line, number)
    gathering.end()
    assert gathering.blank + sum(piece.last - piece.first + 1 for piece in found) == len(lines)
    for piece in found:
        assert piece.text == b"\n".join(lines[piece.first - 1 : piece.last])


def test_what_a_slip_says_becomes_a_cut() -> None:
    assert Cut.of(None) == Cut.of(InputForm()) == Cut()
    assert Cut.of(InputForm("lines", r"^\d", origin=True)) == Cut(re.compile(r"^\d"), origin=True)


@pytest.mark.parametrize(("name", "file"), [("/var/log/a.log", "a.log"), ("a.log.gz", "a.log.gz"), ("standard input", "-")])
def test_the_origin_is_the_last_part_of_the_name_that_was_given(name: str, file: str) -> None:
    assert Cut(origin=True).origin_of(name, 7) == {"_file": file, "_line": 7}
    assert Cut().origin_of(name, 7) == {}
