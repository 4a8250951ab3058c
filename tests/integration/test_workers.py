"""Workers in a thread and in a process keep one contract; a process is also a wall."""

import os
import signal
from collections.abc import Callable, Iterator

import psycopg
import pytest

from etl_actors.errors import DatabaseUnavailable, WorkerLost
from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.slips.read import read_slip
from etl_actors.workers.base import Job, Role, RoleSlip, Worker
from etl_actors.workers.inline import InlineWorker
from etl_actors.workers.processes import ProcessWorker

_SLIP = """
name = "{name}"
source = "shop"
{when}
[tables.{name}]
columns.sku = "sku | text"
columns.price = "price | int"
"""


def _slip(name: str, when: str = "") -> RoleSlip:
    files = {"slip.toml": _SLIP.format(name=name, when=when)}
    return RoleSlip(read_slip(files, "public").digest, files)


def _inline(url: str) -> Worker:
    return InlineWorker(url, "public")


def _process(url: str) -> Worker:
    return ProcessWorker(url, "public", row_timeout_s=5.0)


@pytest.fixture(params=[_inline, _process], ids=["thread", "process"])
def worker(request: pytest.FixtureRequest, service_url: str) -> Iterator[Worker]:
    make: Callable[[str], Worker] = request.param
    made = make(service_url)
    yield made
    made.close()


@pytest.fixture
def stage(producer_url: str) -> Callable[..., tuple[int, ...]]:
    def insert(*documents: str) -> tuple[int, ...]:
        with psycopg.connect(producer_url) as conn:
            rows = [
                conn.execute("INSERT INTO etl.staging (source, payload) VALUES ('shop', %s) RETURNING row_id", [d]).fetchone()
                for d in documents
            ]
        return tuple(row[0] for row in rows if row)

    return insert


def test_rows_come_back_as_copy_text_and_bad_ones_as_rejects(worker: Worker, stage: Callable[..., tuple[int, ...]]) -> None:
    first, second, third = stage(
        '{"sku": "a\\tb", "price": 1}', '{"sku": "c", "price": "soon"}', '{"$raw": "{half", "$error": "half"}'
    )
    result = worker.parse(Job((first, second, third), Role((_slip("thing"),))))
    assert isinstance(result, Parsed)
    (block,) = result.blocks
    assert (result.slip, block.table.qualified, block.rows) == ("thing", "public.thing", 1)
    fields = block.data.decode().removesuffix("\n").split("\t")
    assert fields[1:] == [str(first), "a\\tb", "1"]
    assert {r.row_id: str(r.stage) for r in result.rejects} == {second: "map", third: "stage"}


def test_documents_of_two_slips_are_routed_apart(worker: Worker, stage: Callable[..., tuple[int, ...]]) -> None:
    rows = stage('{"sku": "a"}', '{"price": 1}', '{"sku": "b"}', '{"neither": 1}')
    role = Role((_slip("by_sku", 'when = "exists(sku)"'), _slip("by_price", 'when = "exists(price)"')))
    result = worker.parse(Job(rows, role))
    assert isinstance(result, Routed)
    assert [(group.slip, group.row_ids) for group in result.groups] == [
        ("by_sku", (rows[0], rows[2])),
        ("by_price", (rows[1],)),
        (None, (rows[3],)),
    ]


def test_without_a_slip_every_row_is_a_reject_of_the_route(worker: Worker, stage: Callable[..., tuple[int, ...]]) -> None:
    rows = stage('{"sku": "a"}', "1")
    result = worker.parse(Job(rows, Role(())))
    assert isinstance(result, Parsed)
    assert [(r.row_id, str(r.stage), r.reason) for r in result.rejects] == [
        (rows[0], "route", "no_slip"),
        (rows[1], "route", "no_slip"),
    ]


def test_a_row_that_is_gone_is_a_reject(worker: Worker) -> None:
    result = worker.parse(Job((4711,), Role((_slip("thing"),))))
    assert isinstance(result, Parsed)
    assert [(r.row_id, r.reason) for r in result.rejects] == [(4711, "row_missing")]


def test_the_database_going_away_is_said_so(worker: Worker, database: str, stage: Callable[..., tuple[int, ...]]) -> None:
    rows = stage('{"sku": "a"}')
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'etl-actors parser'")
    with pytest.raises(DatabaseUnavailable):
        worker.parse(Job(rows, Role((_slip("thing"),))))


def test_a_killed_process_is_lost_and_then_started_again(service_url: str, stage: Callable[..., tuple[int, ...]]) -> None:
    worker = ProcessWorker(service_url, "public", row_timeout_s=5.0)
    try:
        os.kill(worker.pid, signal.SIGSTOP)
        rows = stage('{"sku": "a"}')
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerLost) as lost:
            worker.parse(Job(rows, Role((_slip("thing"),))))
        assert lost.value.row_id == 0
        result = worker.parse(Job(rows, Role((_slip("thing"),))))
        assert isinstance(result, Parsed)
        assert result.blocks[0].rows == 1
    finally:
        worker.close()
