"""Workers in a thread and in a process keep one contract; a process is also a wall."""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable, EtlError, SlipError, WorkerLost
from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.slips.expressions import expression
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout.permission import Permission
from etl_actors.workers.base import Job, Role, RoleSlip, Worker, WorkerFailed
from etl_actors.workers.blame import parse_blaming
from etl_actors.workers.inline import InlineWorker
from etl_actors.workers.pipe import Pipe
from etl_actors.workers.process import _serve
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


def _stepped(steps: str) -> RoleSlip:
    """Make a slip whose one step is its own."""
    toml = _SLIP.format(name="thing", when="").replace("sku | text", "sku | own | text")
    files = {"slip.toml": toml, "steps.py": f"import os, signal, sys, time\nfrom etl_actors import step\n{steps}\n"}
    return RoleSlip(read_slip(files, "public").digest, files, "thing")


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
        '{"sku": "a\\tb", "price": 1}',
        '{"sku": "c", "price": "soon"}',
        '{"$raw": "{half", "$reason": "cut_short", "$error": "half"}',
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


def test_a_right_that_was_taken_away_is_said_so_and_costs_no_row(
    worker: Worker, database: str, stage: Callable[..., tuple[int, ...]]
) -> None:
    rows = stage('{"sku": "a"}')
    with psycopg.connect(database) as conn:
        conn.execute("REVOKE SELECT ON etl.staging FROM etl_service")
    with pytest.raises(DatabaseUnsuitable, match=r"rights in .* do not suffice: permission denied for table staging"):
        worker.parse(Job(rows, Role((_slip("thing"),))))


def test_a_slip_that_does_not_compile_is_said_so(worker: Worker, stage: Callable[..., tuple[int, ...]]) -> None:
    broken = RoleSlip("digest", {"slip.toml": _SLIP.format(name="thing", when="").replace("sku | text", "sku | |")})
    with pytest.raises(SlipError, match=r"slip\.toml"):
        worker.parse(Job(stage('{"sku": "a"}'), Role((broken,))))


_ENDING = """
@step
def own(value: str) -> str:
    if value == "secret":
        raise {raised}(value)
    return value
"""


@pytest.mark.parametrize("raised", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_a_step_that_raises_what_is_no_exception_costs_its_row_and_nothing_is_printed(
    raised: str, worker: Worker, stage: Callable[..., tuple[int, ...]], capfd: pytest.CaptureFixture[str]
) -> None:
    rows = stage('{"sku": "secret"}', '{"sku": "b"}')
    result = worker.parse(Job(rows, Role((_stepped(_ENDING.format(raised=raised)),))))
    assert isinstance(result, Parsed)
    assert [(r.row_id, r.reason, r.message) for r in result.rejects] == [
        (rows[0], "bug", f"expected the slip to map the document, but it raised {raised}")
    ]
    assert result.blocks[0].rows == 1
    assert capfd.readouterr() == ("", "")


_IMPORTED = "{raised}\n@step\ndef own(value: str) -> str: return value"


@pytest.mark.parametrize(("raised", "told"), [("sys.exit(9)", "SystemExit: 9"), ("raise OSError('no disk')", "OSError: no disk")])
def test_steps_that_cannot_be_imported_are_said_so_and_the_worker_goes_on(
    raised: str, told: str, worker: Worker, stage: Callable[..., tuple[int, ...]], capfd: pytest.CaptureFixture[str]
) -> None:
    rows = stage('{"sku": "a"}')
    with pytest.raises(SlipError, match=rf"^slip thing: its steps\.py raised {told}$"):
        parse_blaming(worker, Job(rows, Role((_stepped(_IMPORTED.format(raised=raised)),))))
    assert isinstance(worker.parse(Job(rows, Role((_slip("thing"),)))), Parsed)
    assert capfd.readouterr() == ("", "")


def test_steps_that_end_a_process_as_they_are_imported_cost_no_row(
    service_url: str, stage: Callable[..., tuple[int, ...]]
) -> None:
    worker = _process(service_url)
    job = Job(stage('{"sku": "a"}'), Role((_stepped(_IMPORTED.format(raised="os._exit(9)")),)))
    told = (
        r"^a parser ended 3 times before it had read a row, while it ran the steps\.py of slip thing; "
        r"the last time: parser process \d+ ended by itself with status 9$"
    )
    try:
        with pytest.raises(SlipError, match=told):
            parse_blaming(worker, job)
    finally:
        worker.close()


def test_steps_that_hang_as_they_are_imported_are_ended_and_cost_no_row(
    service_url: str, stage: Callable[..., tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = ProcessWorker(service_url, "public", row_timeout_s=1.0)
    monkeypatch.setattr("etl_actors.workers.processes._LEARNING_S", 2.0)
    rows = stage('{"sku": "a"}')
    try:
        told = r"^parser process \d+ had not learned its slips after 2 s and was ended$"
        with pytest.raises(WorkerLost, match=told) as lost:
            worker.parse(Job(rows, Role((_stepped(_IMPORTED.format(raised="time.sleep(600)")),))))
        assert (lost.value.row_id, lost.value.reason) == (0, "worker_unready")
        monkeypatch.undo()
        assert isinstance(worker.parse(Job(rows, Role((_slip("thing"),)))), Parsed)
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("os._exit(9)", "ended by itself with status 9"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
        ("os.abort()", "was killed by SIGABRT"),
    ],
)
def test_how_a_process_ended_is_said(ending: str, told: str, service_url: str, stage: Callable[..., tuple[int, ...]]) -> None:
    worker = _process(service_url)
    (row,) = stage('{"sku": "a"}')
    slip = _stepped(f"@step\ndef own(value: str) -> str: {ending}")
    try:
        with pytest.raises(WorkerLost, match=rf"^parser process \d+ {told} on row {row}$") as lost:
            worker.parse(Job((row,), Role((slip,))))
        assert (lost.value.row_id, lost.value.reason) == (row, "worker_killed")
    finally:
        worker.close()


def test_a_process_that_ended_between_two_jobs_is_started_again_and_its_pipe_closed(
    service_url: str, stage: Callable[..., tuple[int, ...]]
) -> None:
    worker = ProcessWorker(service_url, "public", row_timeout_s=5.0)
    try:
        former = worker._pipe
        os.kill(worker.pid, signal.SIGKILL)
        worker._process.wait(60)
        assert isinstance(worker.parse(Job(stage('{"sku": "a"}'), Role((_slip("thing"),)))), Parsed)
        assert former.fileno() == -1
    finally:
        worker.close()


def test_what_the_engine_does_not_expect_is_raised_and_blames_no_row(
    worker: Worker, database: str, stage: Callable[..., tuple[int, ...]]
) -> None:
    rows = stage('{"sku": "a"}')
    with psycopg.connect(database) as conn:
        conn.execute("ALTER TABLE etl.staging RENAME COLUMN received_at TO came_at")
    with pytest.raises((psycopg.errors.UndefinedColumn, WorkerFailed)) as raised:
        worker.parse(Job(rows, Role((_slip("thing"),))))
    assert not isinstance(raised.value, EtlError)


def test_a_process_says_what_failed_in_it_where_and_prints_nothing(
    service_url: str, database: str, stage: Callable[..., tuple[int, ...]], capfd: pytest.CaptureFixture[str]
) -> None:
    rows = stage('{"sku": "a"}')
    worker = _process(service_url)
    try:
        with psycopg.connect(database) as conn:
            conn.execute("ALTER TABLE etl.staging RENAME COLUMN received_at TO came_at")
        with pytest.raises(WorkerFailed, match=r"^UndefinedColumn: column .*received_at") as raised:
            worker.parse(Job(rows, Role((_slip("thing"),))))
        assert "staging.py" in raised.value.__notes__[0]
        with psycopg.connect(database) as conn:
            conn.execute("ALTER TABLE etl.staging RENAME COLUMN came_at TO received_at")
        assert isinstance(worker.parse(Job(rows, Role((_slip("thing"),)))), Parsed), "it is started afresh"
    finally:
        worker.close()
    assert capfd.readouterr() == ("", "")


def test_a_process_whose_daemon_has_gone_ends_without_a_word(
    service_url: str, stage: Callable[..., tuple[int, ...]], capfd: pytest.CaptureFixture[str]
) -> None:
    rows = stage('{"sku": "a"}')
    worker = ProcessWorker(service_url, "public", row_timeout_s=5.0)
    os.kill(worker.pid, signal.SIGSTOP)
    worker._pipe.send(Job(rows, Role((_slip("thing"),))))
    worker._pipe.close()  # as the end of the daemon does, when its word to kill us comes late
    os.kill(worker.pid, signal.SIGCONT)
    assert worker._process.wait(timeout=60) == 0
    worker.close()
    assert capfd.readouterr() == ("", "")


def _open_files() -> list[Path]:
    gc.collect()
    return sorted(Path("/proc/self/fd").iterdir())


def test_a_process_that_cannot_connect_leaves_nothing_open() -> None:
    before = _open_files()
    kept = []
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable) as raised:
            ProcessWorker("postgresql://me@127.0.0.1:1/shop", "public", row_timeout_s=5.0)
        kept.append(raised.value)  # a traceback that somebody keeps must not keep files open
    assert _open_files() == before


def test_a_process_that_cannot_be_made_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    before = _open_files()
    with pytest.raises(FileNotFoundError) as raised:
        ProcessWorker("postgresql://me@127.0.0.1:1/shop", "public", row_timeout_s=5.0)
    assert _open_files() == before
    assert raised.value.filename == "/nowhere/python"


def test_a_killed_process_is_lost_and_then_started_again(
    service_url: str, stage: Callable[..., tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = ProcessWorker(service_url, "public", row_timeout_s=5.0)
    try:
        rows = stage('{"sku": "a"}')
        os.kill(worker.pid, signal.SIGSTOP)  # alive when it is asked, so that it is not merely started again
        asked, send = worker.pid, worker._pipe.send

        def send_and_kill(message: object) -> None:
            send(message)
            os.kill(asked, signal.SIGKILL)

        monkeypatch.setattr(worker._pipe, "send", send_and_kill)
        with pytest.raises(WorkerLost) as lost:
            worker.parse(Job(rows, Role((_slip("thing"),))))
        assert lost.value.row_id == 0
        result = worker.parse(Job(rows, Role((_slip("thing"),))))
        assert isinstance(result, Parsed)
        assert result.blocks[0].rows == 1
    finally:
        worker.close()


def test_a_process_gets_ready_for_expressions_before_it_is_asked_for_anything(
    service_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = threading.Event()
    monkeypatch.setattr("etl_actors.workers.process.get_ready", ready.set)
    progress = os.memfd_create("progress")
    os.ftruncate(progress, 8)
    ours, theirs = Pipe.pair()
    with theirs:
        serving = threading.Thread(target=_serve, args=(theirs, progress))
        serving.start()
        with ours:
            ours.send((service_url, "public", Permission()))
            assert ours.recv() is None
            assert ready.wait(30)
        serving.join(30)
    os.close(progress)


def test_getting_ready_makes_what_the_first_expression_would_wait_for() -> None:
    expression._parser.cache_clear()
    expression.get_ready()
    assert expression._parser.cache_info().currsize == 1
