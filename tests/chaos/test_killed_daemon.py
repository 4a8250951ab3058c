"""A daemon that is killed again and again leaves the tables of an undisturbed run."""

import os
import random
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.support.contents import contents, settled
from tests.support.daemon import environment, etl, start, wait_until
from tests.support.notes import notes, tables
from tests.support.servers import Server

_KILLS = 20
_DOCUMENTS = 50_000


def _stage(url: str, documents: list[str]) -> None:
    with psycopg.connect(url) as conn, conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for document in documents:
            copy.write_row(("notes_update", document))


def _claimed(url: str) -> bool:
    with psycopg.connect(url) as conn:
        return conn.execute("SELECT EXISTS (SELECT FROM etl.batch WHERE status = 'claimed')").fetchone() == (True,)


def _kill(daemon: subprocess.Popen[bytes]) -> None:
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()


def test_twenty_kills_during_a_load_change_nothing(server: Server, database: str, template: str, tmp_path: Path) -> None:
    """Kill the daemon at 20 random moments of a 50,000-document load; compare with a run that nobody disturbs."""
    documents = notes(_DOCUMENTS, keys=20_000)
    dice = random.Random(11)
    log = tmp_path / "daemon.log"
    env = environment(database, batch_rows=250, workers=2, inflight_batches=8)
    share = _DOCUMENTS // _KILLS
    held_leases = 0
    for round_ in range(_KILLS):
        _stage(database, documents[round_ * share : (round_ + 1) * share])
        daemon = start("run", env=env, log=log)
        # Half of the kills at any moment after a claim, half at any moment of start-up, load or sleep.
        if round_ % 2:
            wait_until(lambda: _claimed(database) or settled(database), "a claim")
            _pause(daemon, dice.uniform(0, 0.2))
        else:
            _pause(daemon, dice.uniform(0.2, 2.0))
        _kill(daemon)
        held_leases += _claimed(database)
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    print(f"{_KILLS} kills, {held_leases} of them with batches in flight")
    assert held_leases >= 3, "too few kills met work in flight to prove anything"
    undisturbed = server.create(template)
    try:
        url = server.admin_url(undisturbed)
        _stage(url, documents)
        assert etl("run", "--once", env=environment(url)).returncode == 0
        names = tables("update")
        expected = contents(url, names)
        assert expected["note_update"][0] > 18_000
        assert contents(database, names) == expected
    finally:
        server.drop(undisturbed)
    assert settled(database)
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def _pause(daemon: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        daemon.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"the daemon ended by itself with status {daemon.returncode}")
