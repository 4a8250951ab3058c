"""Parts of a working daemon are taken away from under it: connections, processes, the server."""

import os
import signal
from functools import partial
from pathlib import Path

import psycopg

from etl_actors.embedded import acquire
from etl_actors.store.migrate import migrate
from tests.support.contents import settled
from tests.support.daemon import environment, etl, named, parsers_of, running, stage, wait_until
from tests.support.notes import notes


def test_lost_connections_are_made_again_and_nothing_is_lost(database: str, tmp_path: Path) -> None:
    """Terminate every connection of a working daemon, several times; it finds the database again and finishes."""
    env = environment(database, batch_rows=50)
    log = tmp_path / "daemon.log"
    with running("run", env=env, log=log):
        for round_ in range(3):
            stage(database, notes(2_000, keys=4_000, seed=round_))
            before = len(named(log, "batch.loaded"))
            wait_until(partial(_more_loaded, log, before), "work goes on")
            with psycopg.connect(database) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name LIKE 'etl-actors%' AND datname = current_database()"
                )
        wait_until(lambda: settled(database), "everything lands")
    assert len(named(log, "actor.restarted")) >= 3
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_a_killed_parser_process_costs_no_row(database: str, tmp_path: Path) -> None:
    """Kill the parser processes of a working daemon; others take their place."""
    env = environment(database, batch_rows=100, workers=2)
    log = tmp_path / "daemon.log"
    with running("run", env=env, log=log) as daemon:
        for round_ in range(3):
            stage(database, notes(2_000, keys=9_000, seed=round_))
            before = len(named(log, "batch.loaded"))
            wait_until(partial(_more_loaded, log, before), "work goes on")
            for pid in parsers_of(daemon.pid):
                os.kill(pid, signal.SIGKILL)
            # A third parser that dies of one batch before it has read a row sets the source aside for a minute.
            wait_until(lambda: settled(database), "everything lands")
    with psycopg.connect(database) as conn:
        rejected = conn.execute("SELECT count(*) FROM etl.reject WHERE stage <> 'map'").fetchone()
    assert rejected == (0,), "no row may be blamed for an operator's kill"


def _more_loaded(log: Path, before: int) -> bool:
    return len(named(log, "batch.loaded")) > before


def test_a_crashed_server_loses_nothing_that_was_committed(data_dir: Path, tmp_path: Path) -> None:
    """SIGKILL the postmaster in the middle of a load, start it again, and let the same daemon finish."""
    log = tmp_path / "daemon.log"
    with acquire(data_dir) as lease:
        migrate(lease.url)
        env = environment(lease.url, batch_rows=50)
        with running("run", env=env, log=log):
            stage(lease.url, notes(4_000, keys=9_000))
            wait_until(lambda: len(named(log, "batch.loaded")) > 3, "a few batches")
            postmaster = int((data_dir / "postgres" / "server" / "cluster" / "postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGKILL)
            wait_until(lambda: bool(named(log, "database.lost")), "the daemon notices")
            with acquire(data_dir) as again:
                assert again.url == lease.url
                wait_until(lambda: _all_settled(lease.url), "everything lands")
                audited = etl("audit", env=env)
                assert audited.returncode == 0, audited.stdout + audited.stderr
    assert named(log, "database.found")


def _all_settled(url: str) -> bool:
    try:
        return settled(url)
    except psycopg.OperationalError:  # it is still recovering
        return False


def test_a_daemon_that_was_frozen_for_longer_than_its_lease_lands_nothing_late(database: str, tmp_path: Path) -> None:
    """Freeze a daemon that holds batches, let another rescue them, and thaw it: what it still holds is fenced off."""
    env = environment(database, batch_rows=200, lease_s=2, inflight_batches=8)
    log = tmp_path / "frozen.log"
    documents = notes(4_000, keys=2_000)
    with running("run", env=env, log=log) as frozen, psycopg.connect(database) as blocker:
        stage(database, notes(10, keys=10))
        wait_until(lambda: bool(named(log, "batch.loaded")), "a first batch")
        blocker.execute("LOCK TABLE note_update IN SHARE ROW EXCLUSIVE MODE")  # its loads wait, with their fences held
        stage(database, documents)
        wait_until(lambda: _claimed(database) >= 3, "several batches are claimed")
        os.kill(frozen.pid, signal.SIGSTOP)
        blocker.rollback()
        try:
            assert etl("run", "--once", env=environment(database, lease_s=2)).returncode == 0
            wait_until(lambda: _rescued_all(database, env), "the other daemon has all")
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        wait_until(lambda: settled(database), "the books balance")
    assert named(log, "lease.lost") or named(log, "actor.restarted"), "the thawed daemon met its fence"
    with psycopg.connect(database) as conn:
        doubled = conn.execute("SELECT count(*) FROM (SELECT _id FROM note_update GROUP BY _id HAVING count(*) > 1) d").fetchone()
    assert doubled == (0,)
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def _claimed(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT count(*) FROM etl.batch WHERE status = 'claimed'").fetchone()
    return 0 if row is None else int(row[0])


def _rescued_all(url: str, env: dict[str, str]) -> bool:
    """Run another daemon until the frozen one holds at most the batch whose transaction it has open."""
    if _claimed(url) <= 1:
        return True
    assert etl("run", "--once", env=env).returncode == 0
    return False
