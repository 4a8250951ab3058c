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
        done.stdout
        == "3 rows of source web staged, 1 of them not JSON and kept raw for the dead letters; 1 blank line skipped.\n"
    )
    first, second, third = _staged(database)
    assert first == ("web", {"a": 1})
    assert isinstance(second[1], dict)
    assert second[1]["$raw"] == '{"a": '
    assert third == ("web", {"message": "GET /"})


def test_standard_input_and_counts_as_json(database: str) -> None:
    done = etl("feed", "web", "-", "--format", "lines", "--json", env=environment(database), stdin=b"one\ntwo")
    assert json.loads(done.stdout) == {"source": "web", "staged": 2, "raw": 0, "blank": 0, "interrupted": False}
    assert _staged(database) == [("web", {"message": "one"}), ("web", {"message": "two"})]


def test_what_cannot_be_fed_is_refused_before_anything_is_staged(database: str, tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_text("1\n")
    (tmp_path / "bad.csv").write_text("a,b\n")
    done = etl("feed", "web", tmp_path / "good.jsonl", tmp_path / "bad.csv", env=environment(database))
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
        said, _ = feed.communicate(timeout=30)
    assert feed.returncode == 130
    assert said == b"Stopped after line 3 of standard input: 3 rows of source slow staged.\n"
    assert len(_staged(database)) == 3


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
