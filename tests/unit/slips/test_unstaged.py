"""A document that `feed` wrote for what is no JSON is told from one that only looks like it by its shape."""

import json
from typing import Any

import pytest

from etl_actors.feeding.flaw import Flaw
from etl_actors.feeding.lines import shorten
from etl_actors.feeding.place import Place
from etl_actors.feeding.raw import raw_document
from etl_actors.slips.values.unstaged import is_unstaged, unstaged_reject

FLAW = Flaw("not_json", "expected JSON, got something else")
WRITTEN = {"$raw": "{", "$reason": "not_json", "$error": "line 1: expected JSON"}


@pytest.mark.parametrize("line", [b"{", b"\xff", b"a\0b", shorten([b"x" * 9]), shorten([b"\xff" * 9])])
def test_what_feed_writes_is_known(line: Any) -> None:
    document = json.loads(raw_document(line, FLAW, Place("a", 1)))
    assert is_unstaged(document)
    reject = unstaged_reject(7, document)
    assert (reject.stage.value, reject.reason) == ("stage", "not_json")
    assert reject.message.startswith("line 1 of a: expected JSON")
    assert reject.detail["excerpt"] == document["$raw"]


def test_the_fields_that_a_document_was_to_get_stand_beside_it_and_in_the_reject() -> None:
    document = json.loads(raw_document(b"{", FLAW, Place("t", 0, 2), b'{"url" : "http://a",\n "n" : 1.50}'))
    assert document["$with"] == {"url": "http://a", "n": 1.5}
    assert is_unstaged(document)
    assert unstaged_reject(7, document).detail == {"excerpt": "{", "with": '{"url":"http://a","n":1.5}'}


def test_fields_that_cannot_be_staged_are_left_out() -> None:
    document = json.loads(raw_document(b"{", FLAW, Place("t", 0, 2), b'{"url" : "a\\u0000b"}'))
    assert document.keys() == {"$raw", "$reason", "$error"}


@pytest.mark.parametrize(
    "document",
    [
        {"$raw": 1},
        {"$raw": "{"},
        {"$raw": "{", "$error": "mine"},
        {**WRITTEN, "$raw": 1},
        {**WRITTEN, "$reason": None},
        {**WRITTEN, "$error": ["x"]},
        {**WRITTEN, "more": 1},
        {**WRITTEN, "$with": "url"},
        {**WRITTEN, "$encoding": "rot13"},
        {**WRITTEN, "$bytes": 3},
        {**WRITTEN, "$bytes": 3, "$sha256": "", "$truncated": False},
        {"$reason": "a", "$error": "b"},
        [WRITTEN],
        "$raw",
        None,
    ],
)
def test_any_other_document_is_one_like_all_others(document: Any) -> None:
    assert not is_unstaged(document)
