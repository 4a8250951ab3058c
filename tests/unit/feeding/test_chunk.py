"""A chunk that the database refuses is halved down to the rows it means, and none is lost."""

from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.errors import DatabaseUnavailable, DataRefused
from etl_actors.feeding.chunk import Chunk, Put, Row
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


class Counted:
    """Adds up what every commit is told to have staged."""

    def __init__(self) -> None:
        self.rows = self.raw = 0

    def __call__(self, rows: int, raw: int) -> None:
        self.rows += rows
        self.raw += raw


def _stage(chunk: Chunk, put: Put) -> tuple[int, int]:
    counted = Counted()
    chunk.stage(put, counted)
    return counted.rows - counted.raw, counted.raw


def _chunk(payloads: Sequence[bytes]) -> Chunk:
    chunk = Chunk(max_rows=1_000, max_bytes=1_000_000)
    for number, payload in enumerate(payloads, 1):
        chunk.add(Row(payload, payload, "a.jsonl", number, number))
    return chunk


@given(st.lists(st.sampled_from([b"1", b'"bad"', b"[2]"]), max_size=40))
def test_every_row_is_staged_once_and_in_order(payloads: list[bytes]) -> None:
    staging = Staging(b"bad")
    bad = payloads.count(b'"bad"')
    assert _stage(_chunk(payloads), staging.put) == (len(payloads) - bad, bad)
    documents = [orjson.loads(row) for row in staging.rows]
    assert [original_bytes(each) if isinstance(each, dict) else orjson.dumps(each) for each in documents] == payloads


def test_a_refused_row_says_where_it_stood_and_why() -> None:
    staging = Staging(b"bad")
    _stage(_chunk([b"1", b'"bad"']), staging.put)
    raw = orjson.loads(staging.rows[1])
    assert raw["$error"] == "line 2 of a.jsonl: expected what the server takes as jsonb, got: no such thing"
    assert raw["$reason"] == "not_jsonb"


def test_a_refused_row_that_is_no_json_is_judged_exactly() -> None:
    staging = Staging(b"bad")
    _stage(_chunk([b"[bad"]), staging.put)
    assert orjson.loads(staging.rows[0])["$error"] == "line 1 of a.jsonl, column 2: expected a JSON value or ']', got 'bad'"


def test_one_refused_row_of_a_thousand_costs_a_logarithm_of_copies() -> None:
    staging = Staging(b"bad")
    _stage(_chunk([b"1"] * 700 + [b'"bad"'] + [b"1"] * 299), staging.put)
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
    assert _stage(_chunk([b"[broken"]), put) == (0, 1)
    assert len(refusals) == 2
    assert orjson.loads(staged[0])["$bytes"] == len(b"[broken")


def test_what_is_refused_even_when_shortened_is_an_error() -> None:
    def put(_payloads: Sequence[bytes]) -> None:
        msg = "no"
        raise DataRefused(msg, "22000")

    chunk = Chunk(10, 10)
    chunk.add(Row(b"{}", shorten([b"x"]), "a.jsonl", 1, 1, is_raw=True))
    with pytest.raises(DataRefused):
        _stage(chunk, put)


def test_a_lost_connection_is_no_refusal() -> None:
    calls = 0

    def put(_payloads: Sequence[bytes]) -> None:
        nonlocal calls
        calls += 1
        msg = "gone"
        raise DatabaseUnavailable(msg)

    with pytest.raises(DatabaseUnavailable):
        _stage(_chunk([b"1", b"2"]), put)
    assert calls == 1


def test_what_is_committed_is_counted_even_if_the_rest_of_a_halved_chunk_fails() -> None:
    staging = Staging(b"bad")

    def put(payloads: Sequence[bytes]) -> None:
        if staging.rows:
            msg = "gone"
            raise DatabaseUnavailable(msg)
        staging.put(payloads)

    counted = Counted()
    with pytest.raises(DatabaseUnavailable):
        _chunk([b"1", b"2", b'"bad"', b"4"]).stage(put, counted)
    assert counted.rows == len(staging.rows) == 2


def test_a_chunk_is_full_by_rows_and_by_bytes() -> None:
    chunk = Chunk(max_rows=3, max_bytes=10)
    assert chunk.fits(1_000)
    chunk.add(Row(b"12345678", b"", "a", 1, 1))
    assert not chunk.is_full
    assert chunk.fits(2)
    assert not chunk.fits(3)
    chunk.add(Row(b"12", b"", "a", 2, 2))
    assert chunk.is_full
    assert len(chunk) == 2
