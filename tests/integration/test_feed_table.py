"""The documents of a table: staged once each, read on a connection that can change nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_actors.errors import DatabaseUnsuitable, EtlError, UsageError
from etl_actors.feeding.feeder import Fed, Feeder
from etl_actors.feeding.format import Format
from etl_actors.feeding.inputs import Input
from etl_actors.feeding.stop import Stop
from etl_actors.feeding.table_rows import TableRows
from etl_actors.store.feed import FeedConnection
from etl_actors.store.feed_table import TableReader, Wanted
from tests.support.daemon import wait_until


@pytest.fixture
def feeding(database: str) -> Iterator[FeedConnection]:
    with closing(FeedConnection(database, "shop")) as connection:
        yield connection


def _made(database: str, *statements: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


def _fed(database: str, connection: FeedConnection, wanted: Wanted) -> Fed:
    with closing(TableReader(database, wanted)) as reader:
        return Feeder(connection.put, Stop()).feed_rows([TableRows(reader, split=wanted.split)])


def _staged(database: str) -> list[Any]:
    with psycopg.connect(database) as conn:
        return [row[0] for row in conn.execute("SELECT payload FROM etl.staging ORDER BY row_id")]


_PAGES = (
    'CREATE TABLE "My.Pages" (id int, "Do""c" jsonb, "100%% url" text, n numeric)',
    """INSERT INTO "My.Pages" VALUES (1, '{"a": 1.10}', E'http://x/\\n', 'NaN'), (2, NULL, 'b', 1),
       (3, '[1]', 'c', 2), (4, '{"url": "mine"}', NULL, 1.50)""",
)


def test_documents_are_staged_with_columns_as_fields(database: str, feeding: FeedConnection) -> None:
    _made(database, *(each.replace("%%", "%") for each in _PAGES))
    wanted = Wanted('"My.Pages"', 'Do"c', {"url": "100% url", "n": "n"}, "\"100% url\" NOT LIKE 'z%' OR id = 4 -- all")
    fed = _fed(database, feeding, wanted)
    first, array, last = _staged(database)
    assert first == {"a": 1.1, "url": "http://x/\n", "n": "NaN"}
    assert last == {"url": None, "n": 1.5}, "the column has the name"
    assert (array["$raw"], array["$reason"]) == ("[1]", "no_object")
    assert array["$error"] == "row 3 of public.My.Pages: expected an object to add the columns to, got another value"
    assert array["$with"] == {"url": "c", "n": 2}, "rows come in no order: these tell which it was"
    assert (fed.staged, fed.raw, fed.blank, fed.last_document) == (3, 1, 1, 4)


def test_fields_that_the_server_refuses_cost_the_row_neither_its_place_nor_its_text(
    database: str, feeding: FeedConnection
) -> None:
    _made(
        database,
        "CREATE TABLE t (doc text, more json)",
        """INSERT INTO t VALUES ('{"a": 1}', '{"b": "\\u0000"}'), ('{', '{"b": 1e200000}'), ('{"a":', E'{"b":\n2}')""",
    )
    fed = _fed(database, feeding, Wanted("t", "doc", {"more": "more"}))
    documents = _staged(database)
    assert (fed.staged, fed.raw) == (3, 3)
    assert [each["$raw"] for each in documents] == ['{"a": 1}', "{", '{"a":']
    assert [each.get("$with") for each in documents] == [None, None, {"more": {"b": 2}}]


def test_texts_that_are_no_json_are_kept_raw_and_json_is_taken_to_the_digit(database: str, feeding: FeedConnection) -> None:
    _made(
        database,
        "CREATE TABLE t (doc json, said text)",
        """INSERT INTO t VALUES ('{"a":\n 1.100}', '{"a": 1'), ('{"a": "\\u0000"}', E'{"a":\n"x\ny"}'), ('1', '')""",
    )
    assert _fed(database, feeding, Wanted("public.t", "doc")).raw == 1
    assert _fed(database, feeding, Wanted("t", "said")).raw == 3
    documents = _staged(database)
    assert [each.get("$raw", each) if isinstance(each, dict) else each for each in documents] == [
        {"a": 1.1},
        '{"a": "\\u0000"}',
        1,
        '{"a": 1',
        '{"a":\n"x\ny"}',
        "",
    ]
    assert documents[3]["$error"].startswith("row 1 of public.t, column 8: expected ',' or '}', got the end")


def test_elements_of_arrays_become_documents_of_their_own(database: str, feeding: FeedConnection) -> None:
    _made(
        database,
        "CREATE TABLE t (id int, doc text, list jsonb[])",
        """INSERT INTO t VALUES (1, '[{"a": 1.0}, {"a": tru}, {"a": 3}]', ARRAY['{"b": 1}', NULL]::jsonb[]), (2, '{"a": 4}', '{}'),
           (3, '[]', NULL)""",
    )
    fed = _fed(database, feeding, Wanted("t", "doc", {"id": "id"}, split=True))
    assert (fed.staged, fed.raw, fed.blank) == (4, 1, 1)
    documents = _staged(database)
    assert [each.get("$raw", each) for each in documents] == [
        {"a": 1, "id": 1},
        '{"a": tru}',
        {"a": 3, "id": 1},
        {"a": 4, "id": 2},
    ]
    fed = _fed(database, feeding, Wanted("t", "list", split=True))
    assert _staged(database)[4:] == [{"b": 1}, None]
    assert (fed.staged, fed.blank) == (2, 2)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            Wanted("nothing", "doc"),
            "--from-table: expected a table or view of the database in use, got 'nothing', which is none.",
        ),
        (Wanted("a.b.c", "doc"), "--from-table: expected a table as NAME or SCHEMA.NAME, got 'a.b.c'."),
        (Wanted("t; DROP TABLE t", "doc"), "--from-table: expected a table or view .* got 't; DROP TABLE t'"),
        (Wanted("t", "Doc"), r"--json: expected a column of public.t \(doc, n, list\), got 'Doc'."),
        (Wanted("t", "doc", {"x": 'n"'}), r"--with: expected a column of public.t \(doc, n, list\), got 'n\"'."),
        (Wanted("t", "n"), "--json: expected a column of type json, jsonb or text, got n of type integer."),
        (
            Wanted("t", "list"),
            r"--json: expected .* text \(with --split also json\[\] and jsonb\[\]\), got list of type jsonb\[\].",
        ),
        (Wanted("t", "doc", {}, "m > 1"), '--where: the database refuses the condition: column "m" does not exist.'),
        (Wanted("t", "doc", {}, "n >"), "--where: the database refuses the condition: syntax error"),
        (Wanted("t", "doc", {}, "true); DROP TABLE t; SELECT (1"), '--where: .* syntax error at or near "\\)"'),
        (Wanted("t", "doc", {}, "true; DROP TABLE t"), "--where: .* cannot insert multiple commands"),
        (Wanted("t", "doc", {}, "n < 4) or (true"), '--where: .* syntax error at or near "\\)"'),
        (Wanted("t", "doc", {}, "n < 4) or (true --"), '--where: .* syntax error at or near "\\)"'),
        (Wanted("t", "doc", {}, "n < 4 LIMIT 1"), '--where: .* syntax error at or near "LIMIT"'),
        (Wanted("t", "doc", {}, ""), "--where: .* syntax error"),
        (Wanted("t", "doc", {}, "n = 'x'"), "--where: .* invalid input syntax for type integer"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(database: str, wanted: Wanted, said: str) -> None:
    _made(database, "CREATE TABLE t (doc jsonb, n int, list jsonb[])")
    with pytest.raises(UsageError, match=said):
        TableReader(database, wanted)
    _made(database, "SELECT FROM t")


def test_a_condition_can_change_nothing(database: str, feeding: FeedConnection) -> None:
    _made(
        database,
        "CREATE TABLE t (doc jsonb)",
        "INSERT INTO t VALUES ('1')",
        "CREATE FUNCTION empty() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; RETURN true; END $$",
    )
    with pytest.raises(EtlError, match=r"public\.t can be read no further: cannot execute DELETE in a read-only transaction\."):
        _fed(database, feeding, Wanted("t", "doc", {}, "empty()"))
    assert _staged(database) == []


def test_where_the_reading_fails_on_the_way_what_was_read_is_staged_and_counted(database: str, feeding: FeedConnection) -> None:
    _made(database, "CREATE TABLE t (doc jsonb, n int)", "INSERT INTO t SELECT to_jsonb(n), n FROM generate_series(1, 3000) n")
    with closing(TableReader(database, Wanted("t", "doc", {}, "1 / (2500 - n) < 2"))) as reader:
        assert reader.rows_expected
        feeder = Feeder(feeding.put, Stop())
        with pytest.raises(EtlError, match="can be read no further: division by zero"):
            feeder.feed_rows([TableRows(reader)])
    assert _staged(database) == list(range(1, feeder.fed.staged + 1))
    assert feeder.fed.staged == 2499


def test_an_interrupted_feed_leaves_the_table_and_says_how_far_it_came(database: str, feeding: FeedConnection) -> None:
    _made(database, "CREATE TABLE t (doc jsonb)", "INSERT INTO t SELECT to_jsonb(n) FROM generate_series(1, 100000) n")
    stop = Stop()

    def report(_fed: Fed) -> None:
        if not stop.requested:
            signal.raise_signal(signal.SIGTERM)

    with closing(TableReader(database, Wanted("t", "doc"))) as reader, stop.listening():
        fed = Feeder(feeding.put, stop, report, chunk_rows=700).feed_rows([TableRows(reader)])
    assert fed.interrupted
    assert stop.number == signal.SIGTERM
    assert _staged(database) == list(range(1, fed.staged + 1))
    assert fed.staged == fed.last_document < 100_000


def _interrupted_once_it_waits(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        waits = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        wait_until(lambda: conn.execute(waits).fetchone() is not None, "the read waits for the server")
    os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_breaks_into_a_read_that_waits_for_the_server(database: str, feeding: FeedConnection) -> None:
    _made(database, "CREATE TABLE t (doc jsonb)", "INSERT INTO t VALUES ('1')")
    stop = Stop()
    with closing(TableReader(database, Wanted("t", "doc", {}, "pg_sleep(60) IS NOT NULL"))) as reader, stop.listening():
        asking = Thread(target=_interrupted_once_it_waits, args=(database,))
        asking.start()
        fed = Feeder(feeding.put, stop).feed_rows([TableRows(reader)])
        asking.join()
    assert fed.interrupted
    assert (fed.staged, fed.last_document) == (0, 0)


def test_who_may_not_read_the_table_is_told(database: str, producer_url: str) -> None:
    _made(database, "CREATE TABLE t (doc jsonb)")
    with pytest.raises(DatabaseUnsuitable, match="permission denied for table t"):
        TableReader(producer_url, Wanted("t", "doc"))


_ANY = st.lists(
    st.sampled_from([b"{", b"}", b"[", b"]", b",", b'"a"', b'{"a":1}', b"1", b"\n", b"\xff", b"\\u0000", b"\0", b":"]),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=_ANY.map(b"".join), form=st.sampled_from(Format))
def test_of_any_bytes_every_row_is_staged_or_kept(
    database: str, feeding: FeedConnection, tmp_path: Path, text: bytes, form: Format
) -> None:
    before = len(_staged(database))
    path = tmp_path / "any"
    path.write_bytes(b'a,"b"\n' + text if form in {Format.CSV, Format.TSV} else text)
    fed = Feeder(feeding.put, Stop()).feed([Input(str(path), form)])
    rows = _staged(database)[before:]
    assert fed.staged == len(rows)
    assert fed.raw == sum(isinstance(row, dict) and "$raw" in row for row in rows)
