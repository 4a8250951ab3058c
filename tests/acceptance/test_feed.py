"""`etl-actors feed`, as a user or a script calls it."""

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.support.daemon import environment, etl, wait_until


def _staged(database: str) -> list[tuple[str, object]]:
    with psycopg.connect(database) as conn:
        return conn.execute("SELECT source, payload FROM etl.staging ORDER BY row_id").fetchall()


def test_files_of_both_formats_are_staged_and_counted(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n\n{"a": '))
    (tmp_path / "b.log").write_bytes(b"GET /\n")
    done = etl("feed", "web", tmp_path / "a.jsonl.gz", tmp_path / "b.log", env=environment(database))
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout == "3 rows of source web staged, 1 of them broken and kept raw for the dead letters; 1 blank line skipped.\n"
    )
    first, second, third = _staged(database)
    assert first == ("web", {"a": 1})
    assert isinstance(second[1], dict)
    assert second[1]["$raw"] == '{"a": '
    assert third == ("web", {"message": "GET /"})


def test_standard_input_and_counts_as_json(database: str) -> None:
    done = etl("feed", "web", "-", "--format", "lines", "--json", env=environment(database), stdin=b"one\ntwo")
    assert json.loads(done.stdout) == {"source": "web", "staged": 2, "raw": 0, "blank": 0, "interrupted": False, "unread": []}
    assert _staged(database) == [("web", {"message": "one"}), ("web", {"message": "two"})]


def test_what_cannot_be_fed_is_refused_before_anything_is_staged(database: str, tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_text("1\n")
    (tmp_path / "bad.xml").write_text("<a/>\n")
    done = etl("feed", "web", tmp_path / "good.jsonl", tmp_path / "bad.xml", env=environment(database))
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected one of the formats jsonl" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert _staged(database) == []


def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("1\n")
    done = etl("feed", "web", tmp_path / "a.jsonl", env=environment("postgresql:///etl?host=/nowhere-at-all"))
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1


def test_ctrl_c_leaves_what_was_staged_and_says_how_much(database: str) -> None:
    command = [sys.executable, "-m", "etl_actors", "feed", "slow", "-"]
    with subprocess.Popen(command, env=environment(database), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as feed:
        assert feed.stdin is not None
        feed.stdin.write(b"1\n2\n3\nhalf a li")
        feed.stdin.flush()
        wait_until(lambda: len(_staged(database)) == 3, "what a slow writer wrote is staged")
        os.kill(feed.pid, signal.SIGINT)
        said, _ = feed.communicate(timeout=60)
    assert feed.returncode == 130
    assert said == b"Stopped after line 3 of standard input: 3 rows of source slow staged.\n"
    assert len(_staged(database)) == 3


def test_sigterm_leaves_what_was_staged_and_says_how_much(database: str) -> None:
    command = [sys.executable, "-m", "etl_actors", "feed", "slow", "-", "--format", "json"]
    with subprocess.Popen(command, env=environment(database), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as feed:
        assert feed.stdin is not None
        feed.stdin.write(b'[{"a": 1},\n{"a": 2},\n{"a": ')
        feed.stdin.flush()
        wait_until(lambda: len(_staged(database)) == 2, "what a slow writer wrote is staged")
        feed.terminate()
        said, _ = feed.communicate(timeout=60)
    assert feed.returncode == 143
    assert said == b"Stopped after document 2 of standard input: 2 rows of source slow staged.\n"


def test_a_second_signal_while_the_database_lets_wait_says_what_is_staged(database: str) -> None:
    command = [sys.executable, "-m", "etl_actors", "feed", "slow", "-"]
    with (
        psycopg.connect(database) as blocking,
        subprocess.Popen(command, env=environment(database), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as feed,
    ):
        assert feed.stdin is not None
        feed.stdin.write(b"1\n2\n")
        feed.stdin.flush()
        wait_until(lambda: len(_staged(database)) == 2, "the first rows are staged")
        blocking.execute("LOCK TABLE etl.staging IN ACCESS EXCLUSIVE MODE")
        feed.stdin.write(b"3\n")
        feed.stdin.flush()
        with psycopg.connect(database, autocommit=True) as looking:
            wait_until(
                lambda: looking.execute("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'").rowcount == 1, "it waits"
            )
        feed.send_signal(signal.SIGINT)
        feed.send_signal(signal.SIGTERM)  # two of one kind that come at once are one
        said, _ = feed.communicate(timeout=60)
        assert feed.returncode in {130, 143}, "whichever came first"
        assert said.splitlines() == [
            b"Stopped after line 2 of standard input: 2 rows of source slow staged.",
            b"The database did not confirm the 1 row under way just then: staged or not.",
        ]
    assert len(_staged(database)) == 2


def test_a_file_that_breaks_off_is_staged_as_far_as_it_goes_and_the_exit_status_tells(database: str, tmp_path: Path) -> None:
    packed = gzip.compress(b'{"a": 1}\n{"a": 2}\n')
    (tmp_path / "a.jsonl.gz").write_bytes(packed[:-10])
    (tmp_path / "b.jsonl").write_text("1\n")
    done = etl("feed", "web", tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl", env=environment(database))
    assert (done.returncode, done.stdout) == (1, "")
    before, unread, failed = done.stderr.splitlines()
    assert unread == f"Of these nothing was read: {tmp_path / 'b.jsonl'}."
    assert before.startswith("Before it failed: ")
    assert failed.endswith(f"after {len(packed) - 10} of its {len(packed) - 10} bytes: the gzip data ends too early.")
    rows = [row for _, row in _staged(database)]
    assert rows[0] == {"a": 1}
    assert before.startswith(f"Before it failed: {len(rows)} row")


def test_the_documents_of_a_table_are_staged_with_its_columns(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE TABLE pages (id int, doc jsonb)")
        conn.execute("""INSERT INTO pages VALUES (1, '[{"a": 1}, {"a": 2}]'), (2, NULL), (3, '[{"a": 3}]')""")
    words = ("--from-table", "public.pages", "--json", "doc", "--with", "page=id", "--where", "id < 3", "--split")
    done = etl("feed", "shop", *words, env=environment(database))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 rows of source shop staged; 1 row without a document skipped.\n"
    assert _staged(database) == [("shop", {"a": 1, "page": 1}), ("shop", {"a": 2, "page": 1})]


_KAFKA = """\
name   = "kafka"
source = "kafka"
[input]
format = "lines"
begins = '^\\[\\d{4}-'
origin = true
[tables.kafka]
columns.message = "message | text"
"""


def _slips(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "slip.toml").write_text(text)
    return folder


def test_files_are_cut_as_the_slip_of_the_source_says(database: str, tmp_path: Path) -> None:
    slips = _slips(tmp_path / "slips", kafka=_KAFKA, broken='name = "broken"\nsource = "others"\n')
    (tmp_path / "server.log.2016").write_text("[2016-12-19 16:00:00] ERROR broke\n\tat a\n[2016-12-19 16:00:01] INFO fine\n")
    done = etl("feed", "kafka", tmp_path / "server.log.2016", env=environment(database, slips))
    assert (done.returncode, done.stderr) == (0, "")
    assert _staged(database) == [
        ("kafka", {"message": "[2016-12-19 16:00:00] ERROR broke\n\tat a", "_file": "server.log.2016", "_line": 1}),
        ("kafka", {"message": "[2016-12-19 16:00:01] INFO fine", "_file": "server.log.2016", "_line": 3}),
    ]


def test_two_slips_that_cut_in_different_ways_are_one_sentence_and_the_named_one_is_taken(database: str, tmp_path: Path) -> None:
    slips = _slips(tmp_path / "slips", kafka=_KAFKA, plain=_KAFKA.replace('"kafka"', '"plain"', 1).replace("begins", "# begins"))
    env = environment(database, slips)
    done = etl("feed", "kafka", "-", env=env, stdin=b"[2016-1\n")
    assert done.returncode == 2
    assert done.stderr == "The slips kafka and plain cut files of source kafka in different ways: name one of them by --slip.\n"
    assert etl("feed", "kafka", "-", "--slip", "plain", env=env, stdin=b"one\ntwo\n").returncode == 0
    assert _staged(database) == [
        ("kafka", {"message": "one", "_file": "-", "_line": 1}),
        ("kafka", {"message": "two", "_file": "-", "_line": 2}),
    ]
