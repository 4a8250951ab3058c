"""Where the daemon is started, with which slips and which database: nothing of it may cost a row."""

import os
import signal
from pathlib import Path

import psycopg
import pytest

from tests.support.contents import settled
from tests.support.daemon import environment, etl, named, parsers_of, running, stage, start, wait_until
from tests.support.notes import notes


def test_what_lies_in_the_folder_it_is_started_in_is_not_imported(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "psycopg.py").write_text('raise RuntimeError("a file of the user")')
    stage(database, notes(20, keys=20))
    log = tmp_path / "daemon.log"
    monkeypatch.chdir(tmp_path)
    done = etl("run", "--once", env=environment(database), safe_path=True)
    assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
    assert settled(database)


def test_a_daemon_for_some_sources_touches_no_others(database: str) -> None:
    stage(database, notes(20, keys=20))
    stage(database, notes(30, keys=30), "notes_ignore")
    assert etl("run", "--once", env=environment(database, sources="notes_ignore, elsewhere")).returncode == 0
    with psycopg.connect(database) as conn:
        books = conn.execute("SELECT source, pending, loaded + rejected + duplicate FROM etl.ledger ORDER BY source").fetchall()
    assert books == [("notes_ignore", 0, 30), ("notes_update", 20, 0)]


def test_a_source_that_no_slip_takes_is_warned_of_at_the_start(database: str, tmp_path: Path) -> None:
    stage(database, notes(5, keys=5), "forgotten")
    stage(database, notes(5, keys=5))
    log = tmp_path / "daemon.log"
    with running("run", env=environment(database), log=log):
        wait_until(lambda: bool(named(log, "daemon.started")), "the daemon is up")
    assert [event["source"] for event in named(log, "source.unmatched")] == ["forgotten"]


def test_a_folder_without_slips_is_refused_and_its_parent_is_guessed(database: str, tmp_path: Path) -> None:
    stage(database, notes(5, keys=5))
    folder = environment(database)["ETL_PARSERS"]
    for parsers, wanted in ((tmp_path, "there is none"), (Path(folder) / "note_update", f"did you mean {folder}")):
        done = etl("run", "--once", env=environment(database, parsers))
        assert done.returncode == 1
        assert wanted in done.stderr
        assert "Traceback" not in done.stderr
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT sum(rows) FROM etl.inbox").fetchone() == (5,)


@pytest.mark.parametrize("secret", ["SECR@ET", "SECR/ET", "SECR@E/T"])
def test_a_password_that_is_not_encoded_is_refused_and_not_shown(secret: str) -> None:
    for command in (["status"], ["run", "--once"], ["psql"]):
        done = etl(*command, env=environment(f"postgresql://u:{secret}@127.0.0.1:1/db"))
        assert done.returncode == 2
        assert "SECR" not in done.stderr + done.stdout
        assert "ET@" not in done.stderr + done.stdout
        assert "%40" in done.stderr


def test_another_key_for_a_filled_table_is_refused_and_the_last_good_one_stays(database: str, tmp_path: Path) -> None:
    """The same documents would land twice, under other identifiers; on an empty table it is as good as the first."""
    slip = 'name = "x"\nsource = "xs"\n[tables.x]\nkey = ["{}"]\ncolumns.a = "a | int"\ncolumns.b = "b | int"\n'
    (tmp_path / "x").mkdir()
    file = tmp_path / "x" / "slip.toml"
    file.write_text(slip.format("a"))
    env = environment(database, tmp_path)
    assert etl("run", "--once", env=env).returncode == 0
    file.write_text(slip.format("b"))
    assert etl("run", "--once", env=env).returncode == 0
    stage(database, ['{"a": 1, "b": 2}'], "xs")
    assert etl("run", "--once", env=env).returncode == 0
    file.write_text(slip.format("a"))
    stage(database, ['{"a": 1, "b": 2}', '{"a": 1, "b": 3}'], "xs")
    done = etl("run", "--once", env=env)
    assert done.returncode == 0
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT a, b FROM x ORDER BY b").fetchall() == [(1, 2), (1, 3)]
    assert '"slip.broken"' in done.stderr
    assert "knows the rows of public.x by (a), but those that are there are known by (b)" in done.stderr


def test_the_embedded_server_is_started_again_when_it_dies(data_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    env = environment("", data_dir=data_dir)
    with running("run", env=env, log=log):
        wait_until(lambda: bool(named(log, "daemon.started")), "the daemon is up")
        pid = int((data_dir / "postgres" / "server" / "cluster" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: bool(named(log, "database.found")), "the daemon has its server again")


def test_ctrl_c_while_the_parsers_are_still_importing_shows_no_traceback(database: str, tmp_path: Path) -> None:
    """Signal the whole group, as a terminal does, once a parser process has begun to import and long before it is done."""
    log = tmp_path / "daemon.log"
    daemon = start("run", env=environment(database), log=log)
    wait_until(lambda: any(_importing(pid) for pid in parsers_of(daemon.pid)), "a parser that imports")
    os.killpg(daemon.pid, signal.SIGINT)
    assert daemon.wait(60) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def _importing(pid: int) -> bool:
    try:
        return "psycopg_binary" in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False
