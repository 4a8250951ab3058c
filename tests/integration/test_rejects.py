"""Dead letters and traces among many: found by index, whatever there is besides; read out a few at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import psycopg
import pytest
from psycopg import sql

from etl_actors.store.database import Connection, connect
from etl_actors.store.queries import queries
from etl_actors.store.reject_filter import RejectFilter, RejectStatus
from etl_actors.store.rejects import count_rejects, newest_rejects, rejected_rows, stream_rejects
from tests.support.servers import Server

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_FILL = """
INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, finished_at)
SELECT 'source ' || b % 20, ARRAY(SELECT generate_series(b * 100 + 1, b * 100 + 100)), b * 100 + 1, b * 100 + 100, 1, 1, 'released',
       '2026-03-01' FROM generate_series(0, 399) b;
INSERT INTO etl.reject (row_id, batch_id, slip, stage, reason, message, status, created_at)
SELECT n, (n - 1) / 100 + 1, 'slip ' || n % 5, 'map', 'reason ' || n % 7, 'y', CASE WHEN n <= 20 THEN 'open' ELSE 'discarded' END,
       timestamptz '2026-03-01Z' - (40000 - n) * interval '1 min' FROM generate_series(1, 40000) n;
"""


@pytest.fixture(scope="module")
def many(server: Server, template: str) -> Iterator[Connection]:
    """Connect to a database with 40,000 dead letters, of which the oldest 20 are open."""
    name = server.create(template)
    with psycopg.connect(server.admin_url(name), autocommit=True) as admin:
        admin.execute(_FILL)
        admin.execute("VACUUM ANALYZE etl.reject, etl.batch")
    with connect(server.admin_url(name), role="etl_operator") as conn:
        yield conn
    server.drop(name)


def indexes(conn: Connection, statement: bytes | sql.Composed, values: dict[str, Any]) -> set[str]:
    """Return the indexes of a plan that reads no table whole."""
    text = statement if isinstance(statement, bytes) else statement.as_string(conn).encode()
    ((plan,),) = conn.execute(b"EXPLAIN (FORMAT JSON) " + text, values).fetchall()
    nodes = [plan[0]["Plan"]]
    for node in nodes:
        nodes += node.get("Plans", [])
    assert {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} <= {"batch"}, "400 batches are few"
    return {node["Index Name"] for node in nodes if "Index Name" in node}


@dataclass(slots=True)
class Overheard:
    """A connection that keeps what is sent over it."""

    conn: Connection
    sent: list[tuple[sql.Composed, dict[str, Any]]] = field(default_factory=list)

    def execute(self, statement: sql.Composed, values: dict[str, Any]) -> psycopg.Cursor[Any]:
        self.sent.append((statement, values))
        return self.conn.execute(statement, values)


def listing(conn: Connection, wanted: RejectFilter) -> tuple[sql.Composed, dict[str, Any]]:
    """Return what the list sends to the server."""
    overheard = Overheard(conn)
    newest_rejects(cast("Connection", overheard), wanted, 50)
    (sent,) = overheard.sent
    return sent


def test_what_is_open_is_found_by_index_however_much_was_settled_since(many: Connection) -> None:
    assert "reject_open" in indexes(many, *listing(many, RejectFilter()))
    assert "reject_open" in indexes(many, *listing(many, RejectFilter(source="source 0")))
    assert [letter.reject_id for letter in newest_rejects(many, RejectFilter(), 3)] == [20, 19, 18]
    assert count_rejects(many, RejectFilter()) == (20, 20)


def test_what_was_rejected_lately_is_found_by_time(many: Connection) -> None:
    lately = RejectFilter(status=None, since=_NOW - timedelta(minutes=9), slip="slip 1")
    assert "reject_by_time" in indexes(many, *listing(many, lately))
    assert [letter.reject_id for letter in newest_rejects(many, lately, 50)] == [39996, 39991]


def test_the_batches_that_held_a_row_are_found_by_their_ranges(many: Connection) -> None:
    found = indexes(many, queries("trace")["batches"], {"row_id": 20_000, "limit": 10})
    assert {"batch_by_row", "batch_released_by_row"} <= found


def test_the_rows_of_dead_letters_are_each_named_once_up_to_a_limit(many: Connection) -> None:
    assert rejected_rows(many, RejectFilter(reason="reason 1"), 2) == [1, 8]


def test_dead_letters_are_read_out_a_few_at_a_time_in_the_order_of_their_ids(many: Connection) -> None:
    with_payload = stream_rejects(many, RejectFilter(status=RejectStatus.DISCARDED))
    assert next(with_payload)[0].reject_id == 21
    ((fetched,),) = many.execute("SELECT count(*) FROM pg_cursors WHERE name = 'rejects'").fetchall()
    assert fetched == 1, "the others are still with the server"
    with_payload.close()
    assert many.execute("SELECT count(*) FROM pg_cursors").fetchall() == [(0,)]
    assert many.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
