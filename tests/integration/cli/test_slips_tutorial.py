"""The tutorial of `docs/slips.md` ends in the table that it shows."""

from pathlib import Path

import psycopg
import pytest

from tests.support.daemon import environment, etl
from tests.support.folders import passable_folder
from tests.support.tutorial import ANEW, played, tutorial


def test_five_minutes_later_the_lines_are_a_table(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ETL_PARSERS", raising=False)
    text = tutorial()
    for _ in played(text, tmp_path):
        pass
    env = environment(database, tmp_path / "slips")
    for name in ("ETL_PARSERS", "ETL_DATABASE_URL"):
        monkeypatch.setenv(name, env[name])
    sessions = list(played(text, tmp_path, "session"))
    assert [shown for shown, _ in sessions] == [printed for _, printed in sessions], ANEW
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(database) as conn:
        conn.execute("SET TIME ZONE 'UTC'")
        rows = conn.execute("SELECT at::text, host(host), method, path, status::text FROM web_log ORDER BY at").fetchall()
        rejects = conn.execute("SELECT reason, message, detail ->> 'excerpt' FROM etl.reject").fetchall()
    shown = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith(" 2026-")]
    assert [list(row) for row in rows] == shown
    ((reason, message, excerpt),) = rejects
    assert f"{reason}: {message}" in text
    assert all(line in text for line in excerpt.splitlines())


def test_the_page_can_be_played_with_the_embedded_database_from_an_empty_data_folder_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tutorial()
    with passable_folder() as data:
        env = environment("", tmp_path / "slips", data_dir=data / "data")
        for name in ("ETL_PARSERS", "ETL_DATABASE_URL", "ETL_DATA_DIR"):
            monkeypatch.setenv(name, env[name])
        for _ in played(text, tmp_path):
            pass
        sessions = list(played(text, tmp_path, "session"))
        assert [shown for shown, _ in sessions] == [printed for _, printed in sessions]
