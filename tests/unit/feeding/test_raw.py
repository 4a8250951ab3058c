"""A raw document gives back the bytes of the line that it stands for."""

import hashlib

import orjson
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.lines import shorten
from etl_actors.feeding.place import Place
from etl_actors.feeding.raw import KEPT_BYTES, original_bytes, raw_document

_FLAW = Flaw("not_json", "expected a JSON value, got 'x'", 0)
_PLACE = Place("x", 1)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="replace")))
def test_the_bytes_come_back(line: bytes) -> None:
    document = orjson.loads(raw_document(line, _FLAW, _PLACE))
    assert original_bytes(document) == line


def test_text_stays_text_and_says_why() -> None:
    assert orjson.loads(raw_document(b'{"a": \xc3\xa9', _FLAW, _PLACE)) == {
        "$raw": '{"a": é',
        "$reason": "not_json",
        "$error": "line 1 of x, column 1: expected a JSON value, got 'x'",
    }


def test_a_lone_surrogate_escape_is_kept_as_text() -> None:
    assert orjson.loads(raw_document(b'"\\ud800"', _FLAW, _PLACE))["$raw"] == '"\\ud800"'


def test_nul_and_foreign_encodings_are_kept_as_base64() -> None:
    for line in (b"a\0", "é".encode("latin-1")):
        document = orjson.loads(raw_document(line, _FLAW, _PLACE))
        assert document["$encoding"] == "base64"
        assert original_bytes(document) == line


def test_a_line_too_long_is_kept_in_part_and_says_so() -> None:
    line = b"{" * (KEPT_BYTES + 1)
    document = orjson.loads(raw_document(line, _FLAW, _PLACE))
    assert line.startswith(original_bytes(document))
    assert document["$bytes"] == len(line)
    assert document["$sha256"] == hashlib.sha256(line).hexdigest()
    assert document["$truncated"] is True
    assert raw_document(shorten([line]), _FLAW, _PLACE) == orjson.dumps(document)
