"""A chunk that the database refuses is halved down to the rows it means, and none is lost."""

from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.errors import DatabaseUnavailable, DataRefused
from etl_actors.feeding.chunk import Chunk, Row
from etl_actors.feeding.lines import shorten
from etl_actors.feeding.raw import original_bytes


class Staging:
    """Takes what a server would, and refuses a chunk in which any document holds ``refused``."""

    def __init__(self, refused: bytes = b"\x01never\x01") -> None:
        self.refused = refused
        self.rows: list[bytes] = []
        self.copies = 0

    def put(self, payloads: Sequence[bytes]) -> None:
        self.copies += 1
        if any(self.refused in payload and not payload.startswith(b'{"$raw"') for payload in payloads):
            msg = "no such thing"
            raise DataRefused(msg, "22P02")
        self.rows += payloads


def _chunk(payloads: Sequence[bytes]) -> Chunk:
    chunk = Chunk(max_rows=1_000, max_bytes=1_000_000)
    for number, payload in enumerate(payloads, 1):
        chunk.add(Row(payload, payload, number, "a.jsonl", is_raw=False))
    return chunk


@given(st.lists(st.sampled_from([b"1", b'"bad"', b"[2]"]), max_size=40))
def test_every_row_is_staged_once_and_in_order(payloads: list[bytes]) -> None:
    staging = Staging(b"bad")
    bad = payloads.count(b'"bad"')
    assert _chunk(payloads).stage(staging.put) == [len(payloads) - bad, bad]
    documents = [orjson.loads(row) for row in staging.rows]
    assert [original_bytes(each) if isinstance(each, dict) else orjson.dumps(each) for each in documents] == payloads


def test_a_refused_row_says_where_it_stood_and_why() -> None:
    staging = Staging(b"bad")
    _chunk([b"1", b'"bad"']).stage(staging.put)
    raw = orjson.loads(staging.rows[1])
    assert raw["$error"] == "line 2 of a.jsonl: expected what the server takes as jsonb, got: no such thing"
    assert raw["$reason"] == "not_jsonb"


def test_a_refused_row_that_is_no_json_is_judged_exactly() -> None:
    staging = Staging(b"bad")
    _chunk([b"[bad"]).stage(staging.put)
    assert orjson.loads(staging.rows[0])["$error"] == "line 1 of a.jsonl, column 2: expected a JSON value or ']', got 'bad'"


def test_one_refused_row_of_a_thousand_costs_a_logarithm_of_copies() -> None:
    staging = Staging(b"bad")
    _chunk([b"1"] * 700 + [b'"bad"'] + [b"1"] * 299).stage(staging.put)
    assert len(staging.rows) == 1_000
    assert staging.copies <= 2 * 10 + 2


def test_a_raw_row_that_is_refused_is_shortened() -> None:
    refusals: list[int] = []

    def put(payloads: Sequence[bytes]) -> None:
        if b"$truncated" not in payloads[0]:
            refusals.append(len(payloads[0]))
            msg = "invalid memory alloc request size 1073741824"
            raise DataRefused(msg, "XX000")
        staged.extend(payloads)

    staged: list[bytes] = []
    assert _chunk([b"[broken"]).stage(put) == [0, 1]
    assert len(refusals) == 2
    assert orjson.loads(staged[0])["$bytes"] == len(b"[broken")


def test_what_is_refused_even_when_shortened_is_an_error() -> None:
    def put(_payloads: Sequence[bytes]) -> None:
        msg = "no"
        raise DataRefused(msg, "22000")

    chunk = Chunk(10, 10)
    chunk.add(Row(b"{}", shorten([b"x"]), 1, "a.jsonl", is_raw=True))
    with pytest.raises(DataRefused):
        chunk.stage(put)


def test_a_lost_connection_is_no_refusal() -> None:
    calls = 0

    def put(_payloads: Sequence[bytes]) -> None:
        nonlocal calls
        calls += 1
        msg = "gone"
        raise DatabaseUnavailable(msg)

    with pytest.raises(DatabaseUnavailable):
        _chunk([b"1", b"2"]).stage(put)
    assert calls == 1


def test_a_chunk_is_full_by_rows_and_by_bytes() -> None:
    chunk = Chunk(max_rows=3, max_bytes=10)
    assert chunk.fits(1_000)
    chunk.add(Row(b"12345678", b"", 1, "a", is_raw=False))
    assert not chunk.is_full
    assert chunk.fits(2)
    assert not chunk.fits(3)
    chunk.add(Row(b"12", b"", 2, "a", is_raw=False))
    assert chunk.is_full
    assert len(chunk) == 2
