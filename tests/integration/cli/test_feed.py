"""Feeding rows that name their slip, on the command line."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

Ask = Callable[..., tuple[int, list[str], list[str]]]

_UNKNOWN = "No slip shop_prodct is in force, nor in the folders of slips: rows that name it are rejected until there is one."


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a file to feed, and a folder without slips."""
    (tmp_path / "slips").mkdir()
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n')
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path / "slips"))
    return str(tmp_path / "a.jsonl")


def test_a_slip_that_nobody_knows_is_told_and_the_rows_are_staged_all_the_same(database: str, file: str, ask: Ask) -> None:
    staged = ["1 row of source shop staged."]
    assert ask(database, "feed", "shop", file, "--slip", "shop_prodct") == (0, staged, [_UNKNOWN])
    assert ask(database, "feed", "shop", file) == (0, staged, [])


def test_a_slip_of_a_folder_is_known_before_any_daemon_has_it(database: str, file: str, ask: Ask) -> None:
    folder = Path(file).parent / "slips" / "mine"
    folder.mkdir()
    (folder / "slip.toml").write_text('name = "shop_prodct"\nsource = "web"\n')
    assert ask(database, "feed", "shop", file, "--slip", "shop_prodct")[2] == []


def test_a_slip_in_force_is_known_without_its_folder_and_one_taken_back_is_not(database: str, file: str, ask: Ask) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO etl.slip (digest, name, files) VALUES ('d', 'shop_prodct', '{}')")
        assert ask(database, "feed", "shop", file, "--slip", "shop_prodct")[2] == []
        conn.execute("UPDATE etl.slip SET active = false")
    assert ask(database, "feed", "shop", file, "--slip", "shop_prodct")[2] == [_UNKNOWN]
