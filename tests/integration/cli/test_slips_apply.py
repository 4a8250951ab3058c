"""``slips plan`` and ``slips apply`` on a real database, within this process."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl_actors.cli.main import execute

BOOK = """\
name   = "book"
source = "library"
[tables.book]
key = ["isbn"]
columns.isbn = "isbn | text"
columns.year = "year | int"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of slips with one in it, which the settings name."""
    put(tmp_path, "book", BOOK)
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path))
    return tmp_path


@pytest.fixture
def asked(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command of the group on the test's database: its exit status, its standard output and its standard error."""
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def ask(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = execute(["slips", *words])
        out, err = capsys.readouterr()
        return status, out, err

    return ask


def put(folder: Path, name: str, toml: str) -> None:
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "slip.toml").write_text(toml)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as conn:
        return {name for (name,) in conn.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'book%'")}


def test_plan_shows_the_statements_to_come_and_changes_nothing(database: str, folder: Path, asked: Any) -> None:
    status, out, _ = asked("plan")
    assert status == 0
    assert "  create table public.book (2 columns)\n" in out
    assert 'CREATE TABLE "public"."book"' in out
    assert out.splitlines()[-1].endswith(" to come: etl-actors slips apply.")
    assert tables(database) == set()


def test_after_apply_there_is_nothing_to_do(database: str, folder: Path, asked: Any) -> None:
    status, out, _ = asked("apply")
    assert status == 0
    assert out.startswith("book: new ")
    assert "public.book" in out
    assert tables(database) == {"book"}
    assert asked("plan")[:2] == (0, "1 slip: nothing to do.\n")
    assert asked("apply")[1].startswith("book: unchanged ")


def test_an_edited_slip_is_changed_and_its_new_column_is_planned(folder: Path, asked: Any) -> None:
    asked("apply")
    put(folder, "book", BOOK + 'columns.title = "title | text"\n')
    assert "  add column title text to public.book\n" in asked("plan")[1]
    out = asked("apply")[1]
    assert out.startswith("book: changed ")
    assert " → " in out.splitlines()[0]


def test_another_type_is_a_conflict_of_plan_and_refused_by_apply(folder: Path, asked: Any) -> None:
    asked("apply")
    put(folder, "book", BOOK.replace("int", "text"))
    sentence = "Slip book makes public.book.year a text, but in the database it is an integer: change the slip or the table."
    status, out, _ = asked("plan")
    assert status == 1
    assert sentence in out
    assert out.endswith("1 slip: nothing to do, 1 conflict.\n")
    status, out, _ = asked("apply")
    assert status == 1
    assert out.startswith("book: refused")
    assert sentence in out


def test_a_broken_slip_is_refused_with_its_place_and_the_others_are_applied(folder: Path, asked: Any) -> None:
    put(folder, "wrong", 'name = "wrong"\n[tables.wrong]\ncolumns.a = "a | txt"\n')
    status, out, _ = asked("plan")
    assert status == 1
    assert "wrong/slip.toml:3:18: there is no step `txt`; did you mean `text`?" in out
    told = json.loads(asked("apply", "--json")[1])
    assert [(one["name"], one["effect"]) for one in told["slips"]] == [("book", "new"), ("wrong", "refused")]
    assert asked("apply")[1].endswith("2 slips: 1 unchanged, 1 refused. The daemons are told.\n")
    assert asked("apply", "wrong")[1].endswith("1 slip: 1 refused.\n")


def test_plan_and_apply_can_be_of_one_slip(folder: Path, asked: Any) -> None:
    put(folder, "other", 'name = "other"\nsource = "x"\n[tables.book_other]\ncolumns.a = "a | text"\n')
    assert [one["name"] for one in json.loads(asked("plan", "other", "--json")[1])["slips"]] == ["other"]
    told = json.loads(asked("apply", "other", "--json")[1])
    assert [one["name"] for one in told["slips"]] == ["other"]


def test_an_unknown_slip_is_wrong_usage(folder: Path, asked: Any) -> None:
    for command in ("plan", "apply"):
        status, out, err = asked(command, "bok")
        assert (status, out) == (2, "")
        assert err.startswith("There is no slip ")


def test_a_slip_whose_folder_is_gone_is_retired_on_request(folder: Path, asked: Any) -> None:
    put(folder, "other", 'name = "other"\nsource = "x"\n[tables.book_other]\ncolumns.a = "a | text"\n')
    asked("apply")
    (folder / "other" / "slip.toml").unlink()
    assert "other: active, but in none of the folders" in asked("apply")[1]
    assert "other: retired\n" in asked("apply", "--retire", "other")[1]
    assert "other" not in asked("apply")[1]
