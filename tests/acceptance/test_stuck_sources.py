"""What one source's batches cannot do holds up no other: rejected by the row, set aside, or waiting its turn."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.support.contents import settled
from tests.support.daemon import environment, etl, named, running, stage, start, wait_until
from tests.support.servers import Server

_OTHERS_ROLE = "pg_database_owner"  # a role that every server has, and of which the service is no member


def _notes(keys: range) -> list[str]:
    return [json.dumps({"id": key, "version": 1, "title": f"note {key}"}) for key in keys]


def _count(url: str, table: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", table))).fetchone()
    assert row is not None
    return int(row[0])


def _books(url: str, source: str) -> tuple[int, int, int, int]:
    """Return a source's staged, loaded, rejected and pending rows."""
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT staged, loaded, rejected, pending FROM etl.ledger WHERE source = %s", [source]).fetchone()
    assert row is not None
    return (int(row[0]), int(row[1]), int(row[2]), int(row[3]))


@pytest.fixture(scope="module")
def with_tables(server: Server, template: str) -> Iterator[str]:
    """Make a database in which the tables of the slips are there already; this is its name."""
    name = server.create(template)
    done = etl("run", "--once", env=environment(server.admin_url(name)))
    assert done.returncode == 0, done.stderr
    yield name
    server.drop(name)


@pytest.fixture
def database(server: Server, with_tables: str) -> Iterator[str]:
    """Make a copy of it; this is its URL as superuser."""
    name = server.create(with_tables)
    yield server.admin_url(name)
    server.drop(name)


def test_a_row_that_a_customers_trigger_refuses_is_rejected_alone(database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN IF NEW.id = 37 THEN RAISE EXCEPTION 'secret %', NEW.title; END IF; RETURN NEW; END$$"
        )
        conn.execute("CREATE TRIGGER refuse BEFORE INSERT ON note_update FOR EACH ROW EXECUTE FUNCTION refuse()")
    stage(database, _notes(range(100)))
    done = etl("run", "--once", env=environment(database))
    assert done.returncode == 0, done.stderr
    assert settled(database)
    assert _books(database, "notes_update") == (100, 99, 1, 0)
    with psycopg.connect(database) as conn:
        found = conn.execute(
            "SELECT r.stage, r.reason, s.payload ->> 'id', r.message FROM etl.reject r JOIN etl.staging s USING (row_id)"
        ).fetchall()
        versions = conn.execute(
            "SELECT r.slip, r.slip_digest = v.digest, b.slip_digest = v.digest, w.slip FROM etl.reject r "
            "JOIN etl.batch b USING (batch_id) JOIN etl.row_status w USING (row_id) "
            "LEFT JOIN etl.slip v ON v.name = r.slip AND v.active"
        ).fetchall()
    assert versions == [("note_update", True, True, "note_update")]
    assert [row[:3] for row in found] == [("load", "raise_exception", "37")]
    assert "secret" not in found[0][3]
    assert "secret" not in done.stderr
    assert "note 37" not in done.stderr


def test_a_refused_row_that_copy_names_is_found_in_few_batches(database: str) -> None:
    """By halving alone, each of four among 2,000 would take a dozen."""
    with psycopg.connect(database) as conn:
        conn.execute("ALTER TABLE note_ignore ADD CHECK (id % 500 <> 77)")
    stage(database, _notes(range(2_000)), "notes_ignore")
    done = etl("run", "--once", env=environment(database, batch_rows=2_000))
    assert done.returncode == 0, done.stderr
    assert settled(database)
    assert _books(database, "notes_ignore") == (2_000, 1_996, 4, 0)
    with psycopg.connect(database) as conn:
        row = conn.execute("SELECT count(*) FROM etl.batch WHERE source = 'notes_ignore'").fetchone()
    assert row is not None
    assert row[0] <= 4 * 4 + 1, "a batch that is refused falls into four pieces, of which one is the row"


def test_a_source_whose_rows_are_all_refused_holds_up_no_other(database: str, tmp_path: Path) -> None:
    """Stage a row of another source while each of 400 refused ones is searched for: it does not wait for the last of them."""
    log = tmp_path / "daemon.log"
    with psycopg.connect(database) as conn:
        conn.execute("ALTER TABLE note_update ADD must int NOT NULL DEFAULT 1")
        conn.execute("ALTER TABLE note_update ALTER must DROP DEFAULT")
    with running("run", env=environment(database, inflight_batches=3, batch_rows=200), log=log):
        stage(database, _notes(range(400)), "notes_update")
        wait_until(lambda: len(named(log, "batch.split")) > 3, "a batch is searched")
        stage(database, _notes(range(1)), "notes_ignore")
        wait_until(lambda: _count(database, "note_ignore") == 1, "the other source lands")
        assert _books(database, "notes_update")[2] < 300, "rejected by then"
        wait_until(lambda: _books(database, "notes_update") == (400, 0, 400, 0), "all are told")
    assert settled(database)


_THING = """
name = "thing"
source = "things"
[tables.thing]
key = ["id"]
columns.id     = "id | int"
columns.kind   = "kind | text"
columns.amount = { expr = "amount | int", check = "amount >= 0", private = true }
"""


def test_rows_that_postgresql_refuses_are_rejected_alone_whatever_refuses_them(database: str, tmp_path: Path) -> None:
    """A check of the slip, a foreign key and a range of the customer's, a NUL: four rows of one batch, and the others land."""
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "slip.toml").write_text(_THING)
    env = environment(database, tmp_path)
    assert etl("run", "--once", env=env).returncode == 0
    with psycopg.connect(database) as conn:
        conn.execute("CREATE TABLE kind (name text PRIMARY KEY)")
        conn.execute("INSERT INTO kind VALUES ('good')")
        conn.execute("ALTER TABLE thing ADD CONSTRAINT of_a_kind FOREIGN KEY (kind) REFERENCES kind")
        conn.execute("ALTER TABLE thing ADD twice int GENERATED ALWAYS AS (amount * 2) STORED")
        conn.execute("GRANT SELECT ON kind TO etl_service")
    bad: dict[int, dict[str, object]] = {
        7: {"amount": -4711},
        23: {"kind": "unheard_of"},
        31: {"amount": 2_000_000_011},
        40: {"kind": "a\0b"},
    }
    lines = "".join(json.dumps({"id": no, "kind": "good", "amount": 1} | bad.get(no, {})) + "\n" for no in range(50))
    assert etl("feed", "things", "-", env=env, stdin=lines.encode()).returncode == 0
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert _books(database, "things") == (50, 46, 4, 0)
    with psycopg.connect(database) as conn:
        found = conn.execute("SELECT stage, reason, detail, message FROM etl.reject ORDER BY row_id").fetchall()
    assert [(stage, reason) for stage, reason, *_ in found] == [
        ("load", "check_violation"),
        ("load", "foreign_key_violation"),
        ("load", "numeric_value_out_of_range"),
        ("stage", "nul_character"),
    ]
    assert (found[0][2]["column"], found[0][2]["check"]) == ("amount", "amount >= 0")
    assert (found[1][2]["table"], found[1][2]["constraint"]) == ("public.thing", "of_a_kind")
    for hidden in ("4711", "2000000011"):
        assert hidden not in done.stderr + repr(found[:3])


@contextmanager
def _without_rights(url: str, table: str) -> Iterator[None]:
    """Let a table belong to somebody else, so that the service may read it and no more."""
    name = sql.Identifier("public", table)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(name, sql.Identifier(_OTHERS_ROLE)))
        admin.execute(sql.SQL("GRANT SELECT ON {} TO etl_service").format(name))
        yield
        admin.execute(sql.SQL("ALTER TABLE {} OWNER TO etl_service").format(name))


def test_a_source_whose_table_may_not_be_written_is_set_aside_and_the_others_land(database: str, tmp_path: Path) -> None:
    """Take the right to insert away: nothing is lost, nothing rejected, nobody else waits; given back, the rows land."""
    log = tmp_path / "daemon.log"
    env = environment(database, batch_rows=20)
    with _without_rights(database, "note_update_tag"):
        tagged = [json.dumps({"id": key, "tags": ["a"]}) for key in range(60)]
        with running("run", env=env, log=log):
            stage(database, tagged, "notes_update")
            wait_until(lambda: bool(named(log, "source.set_aside")), "the source is set aside")
            stage(database, _notes(range(50)), "notes_ignore")
            wait_until(lambda: _count(database, "note_ignore") == 50, "the other source lands", 30)
            assert _books(database, "notes_update")[1:3] == (0, 0)
        assert {line["source"] for line in named(log, "source.set_aside")} == {"notes_update"}
        assert all("note_update_tag" in line["reason"] for line in named(log, "source.set_aside"))
        assert not named(log, "actor.restarted"), "no actor died of it"
        once = etl("run", "--once", env=env)
        assert once.returncode == 1, once.stderr
        assert _books(database, "notes_update") == (60, 0, 0, 60)
        assert _count(database, "note_update") == 0
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert _books(database, "notes_update") == (60, 60, 0, 0)
    assert _count(database, "note_update_tag") == 60
    assert settled(database)


@contextmanager
def _loads_held_up(url: str) -> Iterator[Callable[[], None]]:
    """Let loads of the backlog wait until somebody lets go, so that it is not over before a test has done what it does in its middle."""
    with psycopg.connect(url) as blocker:
        blocker.execute("LOCK TABLE note_update IN SHARE ROW EXCLUSIVE MODE")
        yield blocker.rollback


def _landed_before(url: str, table: str) -> int:
    """Return how many rows of the backlog had landed when the first row of a table did."""
    statement = "SELECT count(*) FROM note_update n WHERE n._loaded_at < (SELECT min(_loaded_at) FROM {})"
    with psycopg.connect(url) as conn:
        row = conn.execute(sql.SQL(statement).format(sql.Identifier("public", table))).fetchone()
    assert row is not None
    return int(row[0])


def test_a_long_backlog_does_not_starve_a_new_source(database: str, tmp_path: Path) -> None:
    """Stage one row of a source never seen before in the middle of a backlog: it does not wait for its end."""
    log = tmp_path / "daemon.log"
    stage(database, _notes(range(3_000)), "notes_update")
    env = environment(database, batch_rows=20, workers=1, worker_kind="thread")
    with _loads_held_up(database) as let_go, running("run", env=env, log=log):
        wait_until(lambda: _waits_for_lock(database), "a first load")
        stage(database, _notes(range(1)), "notes_ignore")
        let_go()
        wait_until(lambda: _count(database, "note_ignore") == 1, "the new source lands")
        wait_until(lambda: settled(database), "the backlog lands")
    assert _count(database, "note_update") == 3_000
    assert _landed_before(database, "note_ignore") < 2_500


def test_a_source_paused_in_the_middle_of_its_backlog_is_left_alone(database: str, tmp_path: Path) -> None:
    """Pause a source while it lands: what was claimed lands, the rest waits, and another source goes on."""
    log = tmp_path / "daemon.log"
    stage(database, _notes(range(3_000)), "notes_update")
    env = environment(database, batch_rows=20, inflight_batches=4, workers=1, worker_kind="thread")
    with _loads_held_up(database) as let_go, running("run", env=env, log=log):
        wait_until(lambda: _waits_for_lock(database), "a first load")
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute("INSERT INTO etl.pause (source) VALUES ('notes_update')")
        paused_at = _books(database, "notes_update")[3]
        let_go()
        stage(database, _notes(range(500)), "notes_ignore")
        wait_until(lambda: _count(database, "note_ignore") == 500, "the other source lands")
        wait_until(lambda: _claimed(database) == 0, "what was claimed lands")
        left = _books(database, "notes_update")[3]
        assert left > 500
        assert paused_at - left <= 20, "a claim that was under way at most"
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute("DELETE FROM etl.pause")
        stage(database, _notes(range(500, 501)), "notes_ignore")  # rings, where the daemon sleeps by now
        wait_until(lambda: settled(database), "the backlog lands")
    assert _count(database, "note_update") == 3_000


def _claimed(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT count(*) FROM etl.batch WHERE status = 'claimed'").fetchone()
    assert row is not None
    return int(row[0])


def _waits_for_lock(url: str) -> bool:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'note_update'::regclass").fetchone()
    return row is not None and row[0] > 0


def test_a_loader_that_waits_for_a_lock_does_not_keep_the_daemon_from_ending(database: str, tmp_path: Path) -> None:
    """Stop a daemon whose load waits for somebody's lock: after the drain's time it ends, says so, and nothing is lost."""
    log = tmp_path / "daemon.log"
    stage(database, _notes(range(10)))
    with psycopg.connect(database) as blocker:
        blocker.execute("LOCK TABLE note_update IN SHARE ROW EXCLUSIVE MODE")
        daemon = start("run", env=environment(database, drain_s=1), log=log)
        try:
            wait_until(lambda: _waits_for_lock(database), "the loader waits for the lock")
            daemon.send_signal(signal.SIGTERM)
            assert (
                daemon.wait(30) == 1
            )  # 1 s of drain, and 5 s for an actor that does not stop: five times that, and the lock is never free
        finally:
            if daemon.poll() is None:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()
    assert [line["complete"] for line in named(log, "daemon.drained")] == [False]
    assert "Traceback" not in log.read_text()
    done = etl("run", "--once", env=environment(database))
    assert done.returncode == 0, done.stderr
    assert _books(database, "notes_update") == (10, 10, 0, 0)
