"""The daemon as operators meet it: it drains, leaves at once when told twice, and survives what happens at night."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

from tests.support.contents import settled
from tests.support.daemon import environment, etl, named, running, stage, start, wait_until
from tests.support.notes import notes


def test_sigterm_lets_what_is_in_flight_land(database: str, tmp_path: Path) -> None:
    """Stop a daemon in the middle of a load: nothing stays claimed, and the next run finishes the rest."""
    env = environment(database, batch_rows=100, inflight_batches=3)
    log = tmp_path / "daemon.log"
    with running("run", env=env, log=log):
        stage(database, notes(5_000, keys=5_000))
        wait_until(lambda: bool(named(log, "batch.loaded")), "a first batch")
    with psycopg.connect(database) as conn:
        claimed = conn.execute("SELECT count(*) FROM etl.batch WHERE status = 'claimed'").fetchone()
        nodes = conn.execute("SELECT count(*) FROM etl.daemon").fetchone()
    assert claimed == (0,)
    assert nodes == (0,)
    assert named(log, "daemon.drained")[-1]["complete"] is True
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)


def test_a_second_signal_ends_the_daemon_at_once(database: str, tmp_path: Path) -> None:
    """Hold the target's lock so that the drain cannot end, signal twice, and let another daemon take over."""
    log = tmp_path / "daemon.log"
    env = environment(database)
    stage(database, notes(50, keys=50))
    assert etl("run", "--once", env=env).returncode == 0
    stage(database, notes(60, keys=60))
    with psycopg.connect(database) as blocker:
        blocker.execute("LOCK TABLE note_update IN ACCESS EXCLUSIVE MODE")
        daemon = start("run", env=env, log=log)
        try:
            wait_until(lambda: _waits_for_lock(database), "the loader waits for the lock")
            daemon.send_signal(signal.SIGTERM)
            daemon.send_signal(signal.SIGINT)  # two different ones: the kernel makes one of two equal signals
            assert daemon.wait(60) in {128 + signal.SIGTERM, 128 + signal.SIGINT}
        finally:
            if daemon.poll() is None:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)


def _waits_for_lock(url: str) -> bool:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'note_update'::regclass").fetchone()
    return row is not None and row[0] > 0


@pytest.mark.parametrize(
    ("settings", "batches", "nbytes"),
    [
        ({"inflight_batches": 3, "batch_rows": 100}, 3, 1_000_000),
        # A batch ends with the row that passes batch_bytes, and the last one with the one that passes inflight_bytes.
        ({"batch_bytes": 20_000, "inflight_bytes": 50_000, "inflight_batches": 99}, 4, 55_000),
    ],
    ids=["batches", "bytes"],
)
def test_work_in_flight_is_bounded(database: str, tmp_path: Path, settings: dict[str, int], batches: int, nbytes: int) -> None:
    """Hold up the loader while much waits: no more is claimed than the credit allows, in batches as in bytes."""
    env = environment(database) | {f"ETL_{name.upper()}": str(value) for name, value in settings.items()}
    log = tmp_path / "daemon.log"
    assert etl("run", "--once", env=env).returncode == 0  # makes the tables
    stage(database, notes(3_000, keys=3_000))
    with psycopg.connect(database) as blocker:
        blocker.execute("LOCK TABLE note_update IN SHARE ROW EXCLUSIVE MODE")
        with running("run", env=env, log=log):
            wait_until(lambda: _waits_for_lock(database), "the loader waits for the lock")
            with psycopg.connect(database) as conn:
                held = conn.execute("SELECT count(*), sum(bytes)::bigint FROM etl.batch WHERE status = 'claimed'").fetchone()
                pending = conn.execute("SELECT sum(rows) FROM etl.inbox").fetchone()
            assert held is not None
            assert 1 <= held[0] <= batches
            assert held[1] <= nbytes
            assert pending is not None
            assert pending[0] > 1_000
            blocker.rollback()
    assert etl("run", "--once", env=environment(database)).returncode == 0
    assert settled(database)
