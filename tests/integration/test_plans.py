"""The plans of the hot statements on large tables: by index, whatever else there is."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from etl_actors.store.database import Connection, connect
from etl_actors.store.leases import LOCK_BASE
from etl_actors.store.queries import queries
from tests.support.servers import Server

_FILL = """
INSERT INTO etl.staging (source, payload)
SELECT 'source ' || n % 20, '1' FROM generate_series(1, 200000) n;
INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner, status, outcomes, loaded, finished_at)
SELECT 'source 1', ARRAY(SELECT generate_series(b * 100 + 1, b * 100 + 100)), b * 100 + 1, b * 100 + 100, 1, 1, 'done',
       repeat('l', 100), 100, now() FROM generate_series(0, 2999) b;
INSERT INTO etl.batch (source, row_ids, row_lo, row_hi, bytes, owner)
SELECT 'source 1', ARRAY[300000 + b], 300000 + b, 300000 + b, 1, 77 FROM generate_series(1, 5) b;
INSERT INTO etl.reject (row_id, batch_id, stage, reason, message)
SELECT n, 1, 'map', 'x', 'y' FROM generate_series(1, 20000) n;
"""


@pytest.fixture(scope="module")
def large(server: Server, template: str, service_login: dict[str, str]) -> Iterator[Connection]:
    """Connect as the service to a database with 200,000 waiting rows and 3,000 finished batches of 100."""
    name = server.create(template)
    with psycopg.connect(server.admin_url(name), autocommit=True) as admin:
        admin.execute(_FILL)
        admin.execute("VACUUM ANALYZE")
    with connect(server.url(name, **service_login)) as conn:
        yield conn
    server.drop(name)


@pytest.fixture
def admin_of_large(large: Connection, server: Server) -> Iterator[Connection]:
    """Connect to that database as superuser."""
    with psycopg.connect(server.admin_url(large.info.dbname), autocommit=True) as conn:
        yield conn


def explained(conn: Connection, statement: bytes, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every node of the plan that was really run; what it did is undone."""
    with conn.transaction(force_rollback=True):
        ((plan,),) = conn.execute(b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement, values).fetchall()
    return list(below(plan[0]["Plan"]))


def below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from below(child)


def scans(plan: list[dict[str, Any]], what: str = "Seq Scan") -> set[str]:
    return {node["Relation Name"] for node in plan if node["Node Type"] == what}


def indexes(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in plan if "Index Name" in node}


def pages(plan: list[dict[str, Any]]) -> int:
    return int(plan[0]["Shared Hit Blocks"] + plan[0]["Shared Read Blocks"])


def test_a_claim_reads_the_key_and_deletes_by_tuple_id(large: Connection) -> None:
    wanted = {"source": "source 7", "floor": 0, "rows": 2000, "bytes": 2**40, "owner": 1}
    plan = explained(large, queries("inbox")["claim"], wanted)
    assert "inbox_pkey" in indexes(plan)
    assert scans(plan, "Tid Scan") == {"inbox"}
    assert scans(plan) <= {"pause"}
    assert not any(node["Node Type"] == "Sort" and node["Actual Rows"] > 2000 for node in plan), "the key gives the order"


def test_what_waits_is_seen_by_the_key_and_no_further_than_is_asked(large: Connection) -> None:
    plan = explained(large, queries("inbox")["waiting"], {"source": "source 7", "floor": 0, "runs": 100})
    assert indexes(plan) == {"inbox_pkey"}
    assert not scans(plan)
    assert pages(plan) < 150, "a page a run, and those of the index"


def test_a_replays_claim_reads_its_key_and_deletes_by_tuple_id(large: Connection) -> None:
    with large.transaction(force_rollback=True):
        ((replay_id,),) = large.execute("INSERT INTO etl.replay (filter) VALUES ('{}') RETURNING replay_id").fetchall()
        large.execute(
            "INSERT INTO etl.replay_row (replay_id, source, row_id, batch_id) "
            "SELECT %s, 'source ' || n %% 20, n, 1 FROM generate_series(1, 20000) n",
            [replay_id],
        )
        wanted = {
            "replay_id": replay_id,
            "rows": 500,
            "bytes": 2**40,
            "owner": 1,
            "only": [],
            "source": "source 3",
            "row_id": 9000,
        }
        plan = explained(large, queries("replay_queue")["claim"], wanted)
    assert "replay_row_pkey" in indexes(plan)
    assert scans(plan, "Tid Scan") == {"replay_row"}
    assert not scans(plan) & {"replay_row", "batch", "staging_0000000000000000001"}, "other partitions are empty"
    assert pages(plan) < 10_000, "a few pages a row"


def test_the_sources_are_found_by_a_skip_scan(large: Connection) -> None:
    plan = explained(large, queries("inbox")["sources"], {})
    assert scans(plan) <= {"pause"}
    assert pages(plan) < 250, "a few pages a source, of thousands"
    known = {"sources": [f"source {n}" for n in range(20)], "floors": [0] * 20}
    plan = explained(large, queries("inbox")["sources_beyond"], known)
    assert scans(plan) <= {"pause"}
    assert pages(plan) < 250


@pytest.mark.parametrize("row_id", [1, 150_001, 199_999])
def test_the_status_of_a_row_is_found_through_the_range_index(large: Connection, row_id: int) -> None:
    plan = explained(large, b"SELECT * FROM etl.row_status WHERE row_id = %(row_id)s", {"row_id": row_id})
    assert {"batch_by_row", "inbox_pkey"} <= indexes(plan)
    assert scans(plan) == set()
    assert pages(plan) < 100


def test_the_status_of_what_waits_of_a_source_is_found_in_one_pass(large: Connection) -> None:
    plan = explained(large, b"SELECT status, count(*) FROM etl.row_status WHERE source = 'source 7' GROUP BY status", {})
    loops = {node["Relation Name"]: node["Actual Loops"] for node in plan if "Relation Name" in node}
    assert loops["inbox"] < 10, "10,000 rows of it wait: a pass for each process, not a probe for each row"
    assert loops["staging_0000000000000000001"] < 10


def test_a_rescue_looks_at_the_claimed_batches_only(large: Connection) -> None:
    wanted = {"owner": 1, "lease_s": 60, "limit": 10, "lock_base": LOCK_BASE, "only": [], "floor": 0}
    plan = explained(large, queries("batches")["rescue"], wanted)
    assert "batch_claimed" in indexes(plan)
    assert "batch" not in scans(plan)
    assert plan[0]["Actual Rows"] == 5


def test_strays_are_looked_for_among_the_claimed_only(large: Connection) -> None:
    plan = explained(large, queries("batches")["stray"], {"owner": 77, "known": [], "floor": 0})
    assert indexes(plan) == {"batch_claimed"}
    assert plan[0]["Actual Rows"] == 5


@pytest.mark.parametrize("name", ["fetch", "fetch_run"])
def test_a_fetch_reads_its_rows_only_and_leaves_the_other_partitions_alone(large: Connection, name: str) -> None:
    wanted = {"row_ids": list(range(5000, 7000)), "lo": 5000, "hi": 6999, "wanted": 2000}
    plan = explained(large, queries("staging")[name], wanted)
    assert scans(plan) == set()
    read = [node for node in plan if "Relation Name" in node]
    assert {node["Relation Name"] for node in read} == {"staging_0000000000000000001"}
    assert [node["Actual Rows"] * node["Actual Loops"] for node in read] == [2000]
    assert "staging_0000000000000000001_pkey" in indexes(plan)


@pytest.mark.parametrize("name", ["fence", "finished", "release"])
def test_what_happens_to_one_batch_touches_one_batch(large: Connection, name: str) -> None:
    plan = explained(large, queries("batches")[name], {"batch_id": 3001, "token": 3001})
    assert {"batch_pkey", "batch_claimed"} & indexes(plan)
    assert "batch" not in scans(plan)


def test_the_audit_hashes_what_is_settled_instead_of_walking_it_for_each_row(large: Connection) -> None:
    """300,000 ids are too many for a hashed subplan: NOT IN would compare each of 200,000 rows with a list of them."""
    with large.transaction(force_rollback=True):
        large.execute("SET LOCAL statement_timeout = '20s'")
        large.execute(queries("audit")["by_hash"])
        large.execute("DELETE FROM etl.inbox")
        large.execute("UPDATE etl.batch SET status = 'released' WHERE batch_id = 5")
        plan = explained(large, queries("audit")["nowhere"], {"from_row": 0})
        assert large.execute(queries("audit")["nowhere"], {"from_row": 0}).fetchall() == [
            (100, [f"row {row_id}" for row_id in range(401, 406)])
        ]
    joins = [node for node in plan if node.get("Join Type") in {"Anti", "Right Anti"}]
    assert len(joins) == 2
    assert {node["Node Type"] for node in joins} <= {"Hash Join", "Merge Join"}
    assert not any("SubPlan" in node.get("Subplan Name", "") for node in plan)


def test_what_a_partition_is_needed_for_is_asked_by_index(large: Connection, admin_of_large: Connection) -> None:
    """It is asked while producers wait for staging. Nothing is left of the second partition's rows but that they were counted."""
    with admin_of_large.transaction(force_rollback=True):
        admin_of_large.execute(
            "INSERT INTO etl.staging_count SELECT name, 'source ' || n, 9 FROM etl.staging_partition, generate_series(0, 19) n WHERE row_lo > 1"
        )
        plan = explained(admin_of_large, b"SELECT * FROM etl.staging_in_use(%(part)s)", {"part": "staging_0000000000001000001"})
    assert {"inbox_pkey", "batch_claimed", "reject_open_by_row"} <= indexes(plan)
    assert not scans(plan) & {"inbox", "batch", "reject"}
    assert pages(plan) < 200


def test_the_books_read_no_batch_that_is_carried(large: Connection, admin_of_large: Connection) -> None:
    while large.execute("SELECT etl.carry_batches(10000, 100)").fetchone() != (0,):
        pass
    admin_of_large.execute("VACUUM ANALYZE etl.batch")
    for statement in (
        b"SELECT * FROM etl.ledger",
        b"SELECT * FROM etl.ledger WHERE source = 'source 1'",
        queries("ledger")["glance"],
        queries("slips")["versions"],
    ):
        plan = explained(admin_of_large, statement, {"most": 10})
        read = [node for node in plan if node.get("Relation Name") == "batch"]
        assert sum(node["Actual Rows"] * node["Actual Loops"] for node in read) <= 200
        assert "batch" not in scans(plan)
