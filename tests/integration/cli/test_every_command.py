"""What holds for every command that asks the database, and for every command whose settings are wrong."""

import json
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from etl_actors.cli.commands import COMMANDS, Group
from etl_actors.cli.main import execute
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import connect
from tests.support.settle import settle

BOOK = """\
name   = "book"
source = "library"
[tables.book]
key = ["isbn"]
columns.isbn = "isbn | text"
columns.year = "year | int"
"""
DOCUMENTS = ({"isbn": "1", "year": 1988}, {"isbn": "2", "year": "MCMXCVI"})

# The arguments with which each command that has --json is asked, in this order.
READING = {
    "migrate": "",
    "slips list": "",
    "slips show": "book",
    "slips check": "",
    "slips plan": "",
    "slips apply": "",
    "slips try": "book books.jsonl",
    "slips explain": "books.jsonl --source library",
    "slips test": "",
    "feed": "library books.jsonl",
    "slips infer": "library",
    "status": "",
    "batches": "",
    "trace": "1",
    "audit": "",
    "prune": "--dry-run",
    "rejects list": "",
    "rejects show": "1",
    "rejects discard": "1",
    "rejects reopen": "1",
    "rejects replay": "1 --dry-run",
    "replay": "--source library --dry-run",
}
PROBLEMS = {"slips try"}  # those of them that meet one: a document of the file is rejected
WITHOUT_DATABASE = {"slips list", "slips show", "slips check", "slips try", "slips explain", "slips test", "slips new"}
WITHOUT_JSON = {"run": "", "demo": "", "psql": "-c x", "rejects export": ""}
ELSEWHERE = {"rebuild": "3"}  # wants documents that were broken out: tests/acceptance/test_breakout.py


def every() -> list[str]:
    """Return the words of every command."""
    found = []
    for name, command in COMMANDS.items():
        members = getattr(import_module(f"etl_actors.cli.{name}.group"), name.upper()) if isinstance(command, Group) else None
        found += [name] if members is None else [f"{name} {member}" for member in members]
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a slip, and documents that it rejects one of; work there."""
    (tmp_path / "slips" / "book").mkdir(parents=True)
    (tmp_path / "slips" / "book" / "slip.toml").write_text(BOOK)
    (tmp_path / "books.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in DOCUMENTS))
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path / "slips"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settled(url: str) -> None:
    """Stage the documents and settle them."""
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO etl.staging (source, payload) VALUES ('library', %s)", [[Jsonb(each)] for each in DOCUMENTS]
        )
    with connect(url) as service:
        settle(service, {"library": read_slip({"slip.toml": BOOK}, "public")}, 10)


def test_every_command_that_reads_prints_valid_json_and_nothing_else(
    database: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    assert execute(["slips", "apply"]) == 0
    settled(database)
    statuses: dict[str, int] = {}
    for words, arguments in READING.items():
        capfd.readouterr()
        status = execute([*words.split(), *arguments.split(), "--json"])
        out, err = capfd.readouterr()
        assert err == "", words
        statuses[words] = status
        assert isinstance(json.loads(out), dict), words
    assert statuses == {words: int(words in PROBLEMS) for words in READING}


def test_every_command_is_among_those_that_are_asked() -> None:
    assert set(every()) == READING.keys() | WITHOUT_JSON.keys() | WITHOUT_DATABASE | ELSEWHERE.keys()


@pytest.mark.parametrize("words", sorted((READING.keys() | WITHOUT_JSON.keys() | ELSEWHERE.keys()) - WITHOUT_DATABASE))
def test_a_database_that_is_away_is_one_sentence_and_3(
    words: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", "postgresql://etl@127.0.0.1:1/etl")
    arguments = (READING | WITHOUT_JSON | ELSEWHERE).get(words, "")
    assert execute([*words.split(), *arguments.split()]) == 3
    _, err = capfd.readouterr()
    assert err.splitlines()[-1].startswith("No answer from database etl on 127.0.0.1:1: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("words", sorted((READING.keys() | WITHOUT_JSON.keys() | ELSEWHERE.keys()) - {"slips new"}))
def test_wrong_settings_are_told_by_every_command_and_end_with_2(
    words: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ETL_LOADERS", "none")
    arguments = (READING | WITHOUT_JSON | ELSEWHERE).get(words, "")
    assert execute([*words.split(), *arguments.split()]) == 2
    assert capfd.readouterr() == ("", "loaders: expected a whole number, got 'none' (ETL_LOADERS)\n")
