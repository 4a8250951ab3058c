"""Feeding into a real `etl.staging`: the server's own idea of JSON is the judge."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable, DataRefused, UsageError
from etl_actors.feeding.feeder import Fed, Feeder
from etl_actors.feeding.format import Format
from etl_actors.feeding.inputs import Input
from etl_actors.feeding.raw import original_bytes
from etl_actors.feeding.stop import Stop
from etl_actors.store.feed import FeedConnection

ODD_LINES = [
    b'{"a": "\\u0000"}',
    b'"\\ud800"',
    b'"\\ud83d\\ude00"',
    b"\xff",
    b'{"a": "\x00"}',
    b'{"a": 1',
    b"NaN",
    b"[Infinity]",
    b"1" * 400,
    b"1" * 131_072,
    b"1" * 131_073,
    b"1e131071",
    b"1e400000",
    b"1e-16383",
    b"1e-16384",
    b"0e-16384",
    b"0e99999999999",
    b"0." + b"0" * 16_384,
    b"0." + b"1" * 20_000 + b"e5000",
    b"[" * 500 + b"]" * 500,
    b"[" * 6_000 + b"]" * 6_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a": 1, "a": 2}',
    json.dumps({f"key {n}": n for n in range(5_000)}).encode(),
    json.dumps({"k" * 200: {"": "\t\\\"'/é\u2028"}}).encode(),
    b'"a string"',
    b"17",
    b"null",
    b"[1,\r2]\t",
    b'"\\\\u0000 \\\\. \\\\N \\t"',
    b"\\.",
    b"\\N",
]


@pytest.fixture
def feeding(database: str) -> Iterator[FeedConnection]:
    with closing(FeedConnection(database, "odd \\t\\N\\\\ source\\")) as connection:
        yield connection


def _feed(connection: FeedConnection, path: Path, lines: Sequence[bytes], form: Format = Format.JSONL) -> Fed:
    path.write_bytes(b"\n".join(lines))
    return Feeder(connection.put, Stop()).feed([Input(str(path), form)])


def _staged(database: str) -> list[tuple[str, str, str | None]]:
    with psycopg.connect(database) as conn:
        return conn.execute("SELECT source, payload::text, slip FROM etl.staging ORDER BY row_id").fetchall()


def _jsonb(conn: psycopg.Connection, line: bytes) -> str | None:
    """Return what the server itself makes of a line, None where it refuses."""
    try:
        row = conn.execute("SELECT %s::text::jsonb::text", (line.decode(),)).fetchone()
    except (psycopg.Error, UnicodeDecodeError):
        return None
    assert row is not None
    return str(row[0])


def _assert_staged_once_each(database: str, lines: Sequence[bytes], payloads: Sequence[str]) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        for line, payload in zip(lines, payloads, strict=True):
            taken = _jsonb(conn, line)
            if taken is None:
                document = orjson.loads(payload)
                assert original_bytes(document) == line
                assert document["$error"].startswith("line ")
            else:
                assert payload == taken


def test_odd_lines_are_staged_as_the_server_reads_them_or_raw(database: str, feeding: FeedConnection, tmp_path: Path) -> None:
    fed = _feed(feeding, tmp_path / "odd.jsonl", ODD_LINES)
    rows = _staged(database)
    assert fed.staged == len(rows) == len(ODD_LINES)
    assert {source for source, _, _ in rows} == {"odd \\t\\N\\\\ source\\"}
    _assert_staged_once_each(database, ODD_LINES, [payload for _, payload, _ in rows])


_LINE = st.binary(max_size=24) | st.text(max_size=12).map(
    lambda text: json.dumps({text: text}, ensure_ascii=False).encode(errors="surrogatepass")
)
_PIECES = st.lists(
    st.sampled_from(
        [
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b":",
            b'"k"',
            b'"',
            b"\\u0000",
            b"\\ud800",
            b"\\t",
            b"\t",
            b"1e",
            b"99999",
            b"-0.0",
            b"null",
        ]
    ),
    max_size=7,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lines=st.lists(_LINE | _PIECES.map(b"".join), min_size=1, max_size=25))
@example(lines=[b"\\.", b"", b"\\N"])
def test_whatever_its_bytes_a_line_is_one_row_that_gives_it_back(
    database: str, feeding: FeedConnection, tmp_path: Path, lines: list[bytes]
) -> None:
    lines = [line.replace(b"\n", b" ").rstrip(b"\r") for line in lines]
    before = len(_staged(database))
    fed = _feed(feeding, tmp_path / "any.jsonl", [b"0", *lines])
    payloads = [payload for _, payload, _ in _staged(database)][before:]
    kept = [b"0", *(line for line in lines if line and not line.isspace())]
    assert fed.staged == len(payloads)
    _assert_staged_once_each(database, kept, payloads)


def test_what_only_the_server_can_refuse_goes_in_raw_and_alone(database: str, tmp_path: Path) -> None:
    shallow = psycopg.conninfo.make_conninfo(database, options="-c max_stack_depth=100kB")
    deep = b"[" * 3_000 + b"]" * 3_000
    with closing(FeedConnection(shallow, "deep")) as connection:
        fed = _feed(connection, tmp_path / "deep.jsonl", [b"1", deep, b"2", b"3"])
    payloads = [payload for _, payload, _ in _staged(database)]
    assert (fed.staged, fed.raw) == (4, 1)
    assert [payloads[0], *payloads[2:]] == ["1", "2", "3"]
    raw = orjson.loads(payloads[1])
    assert original_bytes(raw) == deep
    assert "stack depth limit exceeded" in raw["$error"]


def test_a_refused_copy_stages_nothing(database: str, feeding: FeedConnection) -> None:
    with pytest.raises(DataRefused):
        feeding.put([b"1", b"{", b"2"])
    assert _staged(database) == []


def test_a_large_document_passes(database: str, feeding: FeedConnection, tmp_path: Path) -> None:
    fed = _feed(feeding, tmp_path / "large.jsonl", [b'"' + b"x" * 20_000_000 + b'"', b'"' + b"x" * 20_000_000])
    assert (fed.staged, fed.raw) == (2, 1)
    with psycopg.connect(database) as conn:
        lengths = conn.execute(
            "SELECT length(payload #>> '{}'), length(payload ->> '$raw') FROM etl.staging ORDER BY row_id"
        ).fetchall()
    assert lengths[0][0] == 20_000_000
    assert lengths[1][1] == 20_000_001


def test_lines_of_text_and_a_slip_by_name(database: str, tmp_path: Path) -> None:
    with closing(FeedConnection(database, "web", slip="web\\log")) as connection:
        _feed(connection, tmp_path / "a.log", [b'GET "\\x"\tHTTP'], Format.LINES)
    [(source, payload, slip)] = _staged(database)
    assert (source, slip) == ("web", "web\\log")
    assert orjson.loads(payload) == {"message": 'GET "\\x"\tHTTP'}


def test_a_commit_a_chunk(database: str, feeding: FeedConnection, tmp_path: Path) -> None:
    _feed(feeding, tmp_path / "many.jsonl", [b"1"] * 4_500)
    with psycopg.connect(database) as conn:
        rows = conn.execute("SELECT count(*) FROM etl.staging GROUP BY received_at ORDER BY received_at").fetchall()
    assert rows == [(2_000,), (2_000,), (500,)]


def test_staging_grows_ahead_of_a_feed_without_a_daemon(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database) as conn:
        first = conn.execute("SELECT max(row_hi) FROM etl.staging_partition").fetchone()
    assert first is not None
    with closing(FeedConnection(database, "big", partition_rows=first[0])) as connection:
        _feed(connection, tmp_path / "a.jsonl", [b"1"])
    with psycopg.connect(database) as conn:
        second = conn.execute("SELECT max(row_hi) FROM etl.staging_partition").fetchone()
    assert second is not None
    assert second[0] > first[0]


def test_a_producer_may_feed_but_not_name_a_slip(database: str, producer_url: str, tmp_path: Path) -> None:
    with closing(FeedConnection(producer_url, "shop")) as connection:
        assert _feed(connection, tmp_path / "a.jsonl", [b"1"]).staged == 1
    with (
        closing(FeedConnection(producer_url, "shop", slip="mine")) as connection,
        pytest.raises(DatabaseUnsuitable, match="permission denied"),
    ):
        connection.put([b"2"])
    assert len(_staged(database)) == 1


def test_a_database_without_the_schema_is_named_with_what_to_run(empty_database: str) -> None:
    with pytest.raises(DatabaseUnsuitable, match=r"run `etl-actors migrate` first"):
        FeedConnection(empty_database, "shop")


@pytest.mark.parametrize("source", ["", "x" * 256, "a\0b", "a\nb", "a\x1b[2Jb", "a\x85b", "a\u2028b"])
def test_a_source_that_cannot_be_a_name_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match="Expected a source of 1 to 255 bytes"):
        FeedConnection("", source)


def test_a_lost_connection_says_so(database: str, feeding: FeedConnection) -> None:
    feeding.put([b"1"])
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'etl-actors feed'")
    with pytest.raises(DatabaseUnavailable):
        feeding.put([b"2"])
