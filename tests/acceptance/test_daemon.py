"""The daemon as operators meet it: it drains, leaves at once when told twice, and survives what happens at night."""

import json
import os
import signal
from pathlib import Path

import psycopg

from tests.support.contents import settled
from tests.support.daemon import environment, etl, running, start, wait_until
from tests.support.notes import notes


def _stage(url: str, documents: list[str], source: str = "notes_update") -> None:
    with psycopg.connect(url) as conn, conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for document in documents:
            copy.write_row((source, document))


def _events(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def _named(log: Path, event: str) -> list[dict[str, object]]:
    return [entry for entry in _events(log) if entry["event"] == event]


def test_sigterm_lets_what_is_in_flight_land(database: str, tmp_path: Path) -> None:
    """Stop a daemon in the middle of a load: nothing stays claimed, and the next run finishes the rest."""
    env = environment(database, batch_rows=100, inflight_batches=3)
    log = tmp_path / "daemon.log"
    with running("run", env=env, log=log):
        _stage(database, notes(5_000, keys=5_000))
        wait_until(lambda: bool(_named(log, "batch.loaded")), "a first batch")
    with psycopg.connect(database) as conn:
        claimed = conn.execute("SELECT count(*) FROM etl.batch WHERE status = 'claimed'").fetchone()
        nodes = conn.execute("SELECT count(*) FROM etl.daemon").fetchone()
    assert claimed == (0,)
    assert nodes == (0,)
    assert _named(log, "daemon.drained")[-1]["complete"] is True
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)


def test_a_second_signal_ends_the_daemon_at_once(database: str, tmp_path: Path) -> None:
    """Hold the target's lock so that the drain cannot end, signal twice, and let another daemon take over."""
    log = tmp_path / "daemon.log"
    env = environment(database)
    _stage(database, notes(50, keys=50))
    assert etl("run", "--once", env=env).returncode == 0
    _stage(database, notes(60, keys=60))
    with psycopg.connect(database) as blocker:
        blocker.execute("LOCK TABLE note_update IN ACCESS EXCLUSIVE MODE")
        daemon = start("run", env=env, log=log)
        try:
            wait_until(lambda: _waits_for_lock(database), "the loader waits for the lock")
            daemon.send_signal(signal.SIGTERM)
            daemon.send_signal(signal.SIGINT)  # two different ones: the kernel makes one of two equal signals
            assert daemon.wait(20) in {128 + signal.SIGTERM, 128 + signal.SIGINT}
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


def test_lost_connections_are_made_again_and_nothing_is_lost(database: str, tmp_path: Path) -> None:
    """Terminate every connection of a working daemon, several times; it finds the database again and finishes."""
    env = environment(database, batch_rows=50)
    log = tmp_path / "daemon.log"
    with running("run", env=env, log=log):
        for round_ in range(3):
            _stage(database, notes(2_000, keys=4_000, seed=round_))
            before = len(_named(log, "batch.loaded"))
            wait_until(lambda seen=before: len(_named(log, "batch.loaded")) > seen, "work goes on")
            with psycopg.connect(database) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name LIKE 'etl-actors%' AND datname = current_database()"
                )
        wait_until(lambda: settled(database), "everything lands")
    assert len(_named(log, "actor.restarted")) >= 3
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_a_killed_parser_process_costs_no_row(database: str, tmp_path: Path) -> None:
    """Kill the parser processes of a working daemon; others take their place."""
    env = environment(database, batch_rows=100, workers=2)
    log = tmp_path / "daemon.log"
    with running("run", env=env, log=log) as daemon:
        for round_ in range(3):
            _stage(database, notes(2_000, keys=9_000, seed=round_))
            before = len(_named(log, "batch.loaded"))
            wait_until(lambda seen=before: len(_named(log, "batch.loaded")) > seen, "work goes on")
            for pid in _parsers(daemon.pid):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: settled(database), "everything lands")
    with psycopg.connect(database) as conn:
        rejected = conn.execute("SELECT count(*) FROM etl.reject WHERE stage <> 'map'").fetchone()
    assert rejected == (0,), "no row may be blamed for an operator's kill"


def _parsers(daemon: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if b"etl_actors.workers.process" in command and parent == daemon:
                found.append(int(folder.name))
    return found
