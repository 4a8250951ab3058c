"""How the books are asked of many rows: one by index, a source in one pass, also where rows were replayed."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from etl_actors.store.database import Connection, connect
from tests.support.documents import one
from tests.support.servers import Server

_ROWS = 60_000
_FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO etl.staging (source, payload) SELECT 'source ' || n % 10, '1' FROM generate_series(1, 60000) n;
INSERT INTO etl.batch (source, slip, row_ids, row_lo, row_hi, bytes, owner, status, outcomes, loaded, rejected, finished_at)
SELECT source, 'a', row_ids, row_ids[1], row_ids[200], 1, 1, 'done', repeat('l', 199) || 'r', 199, 1, now()
  FROM (SELECT source, array_agg(row_id ORDER BY row_id) AS row_ids
          FROM (SELECT source, row_id, (row_number() OVER (PARTITION BY source ORDER BY row_id) - 1) / 200 AS no FROM etl.staging) n
         GROUP BY source, no) b;
INSERT INTO etl.reject (row_id, batch_id, stage, reason, message) SELECT row_hi, batch_id, 'map', 'x', 'y' FROM etl.batch;
INSERT INTO etl.replay (filter, status, finished_at) VALUES ('{}', 'done', now());
INSERT INTO etl.batch (source, slip, row_ids, row_lo, row_hi, bytes, owner, status, outcomes, prior, prior_batches, replay_id, loaded,
                       finished_at)
SELECT source, 'b', row_ids, row_lo, row_hi, 1, 1, 'done', repeat('l', 200), outcomes, array_fill(batch_id, ARRAY[200]), 1, 200,
       finished_at + interval '1 s' FROM etl.batch WHERE source IN ('source 1', 'source 2');
"""


@pytest.fixture(scope="module")
def large(server: Server, template: str) -> Iterator[Connection]:
    """Connect to a database with 60,000 rows of 10 sources, all settled, those of two sources replayed."""
    name = server.create(template)
    with psycopg.connect(server.admin_url(name), autocommit=True) as admin:
        with admin.transaction():
            admin.execute(_FILL)
        for _ in range(2):
            admin.execute("SELECT etl.seal_staging_partitions()")
        admin.execute("VACUUM ANALYZE")
    with connect(server.admin_url(name), role="etl_reader") as conn:
        yield conn
    server.drop(name)


def nodes(conn: Connection, statement: str) -> list[dict[str, Any]]:
    """Return the nodes of the plan that was run."""

    def below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for child in node.get("Plans", []):
            yield from below(child)

    ((plan,),) = conn.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}".encode()).fetchall()
    return list(below(plan[0]["Plan"]))


def pages(plan: list[dict[str, Any]]) -> int:
    return int(plan[0]["Shared Hit Blocks"] + plan[0]["Shared Read Blocks"])


def repeated(plan: list[dict[str, Any]]) -> float:
    """Return how often the node that is run most often is run."""
    return max(float(node["Actual Loops"]) for node in plan)


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT * FROM etl.row_status WHERE row_id = 30007", 1),
        ("SELECT * FROM etl.row_status WHERE row_id IN (3, 30001, 59999)", 3),
        ("SELECT * FROM etl.row_status r JOIN (VALUES (31::bigint), (59992)) v (id) ON v.id = r.row_id", 2),
    ],
    ids=["one", "some", "joined"],
)
def test_the_status_of_few_rows_is_found_by_index(large: Connection, statement: str, rows: int) -> None:
    plan = nodes(large, statement)
    assert plan[0]["Actual Rows"] == rows
    assert "batch_by_row" in {node.get("Index Name") for node in plan}
    read_whole = {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan" and node["Actual Rows"] > 200}
    assert not read_whole
    assert pages(plan) < 300


def test_the_status_of_a_whole_source_is_found_in_one_pass(large: Connection) -> None:
    plan = nodes(large, "SELECT status, count(*) FROM etl.row_status WHERE source = 'source 3' GROUP BY status")
    assert repeated(plan) < 100, "what is run for each batch is; nothing is run for each of 6,000 rows"
    plan = nodes(large, "SELECT status, count(*) FROM etl.row_status GROUP BY status")
    assert repeated(plan) < 1000


def test_the_status_of_replayed_rows_is_that_of_their_latest_batch_in_either_way(large: Connection) -> None:
    counted = "SELECT status, count(*), min(slip) FROM etl.row_status WHERE source = %s GROUP BY status ORDER BY status"
    assert large.execute(counted, ["source 1"]).fetchall() == [("loaded", 6000, "b")]
    assert large.execute(counted, ["source 3"]).fetchall() == [("loaded", 5970, "a"), ("rejected", 30, "a")]
    assert one(large, "SELECT status, slip, reason FROM etl.row_status WHERE row_id = 1991") == ("loaded", "b", None)
    assert one(large, "SELECT status, slip, reason FROM etl.row_status WHERE row_id = 1993") == ("rejected", "a", "x")
    assert one(large, "SELECT count(*), count(DISTINCT row_id) FROM etl.row_status") == (_ROWS, _ROWS)


def test_the_ledger_reads_no_row_of_staging_that_was_counted(large: Connection) -> None:
    for statement in ("SELECT * FROM etl.ledger", "SELECT * FROM etl.ledger WHERE source = 'source 1'"):
        plan = nodes(large, statement)
        assert pages(plan) < 100, "staging has hundreds"
    books = "SELECT staged, loaded, rejected, balanced FROM etl.ledger WHERE source = %s"
    assert large.execute(books, ["source 1"]).fetchall() == [(6000, 6000, 0, True)]
    assert large.execute(books, ["source 3"]).fetchall() == [(6000, 5970, 30, True)]
