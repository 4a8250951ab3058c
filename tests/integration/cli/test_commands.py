"""The commands on a real database, within this process."""

import json
import subprocess
import sys
from typing import Any

import psycopg
import pytest

from etl_actors.cli.main import execute


@pytest.fixture
def asked(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command on the test's database: its exit status, and its lines on standard output and standard error."""
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def ask(*arguments: str) -> tuple[int, list[str], list[str]]:
        capsys.readouterr()
        status = execute(arguments)
        out, err = capsys.readouterr()
        return status, [line.rstrip() for line in out.splitlines()], err.splitlines()

    return ask


def stage(url: str, source: str, documents: int) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("INSERT INTO etl.staging (source, payload) SELECT %s, '{}' FROM generate_series(1, %s)", [source, documents])


def unstage(url: str) -> None:
    """Take rows out of the inbox as no program of ours does, so that the books are off."""
    with psycopg.connect(url) as conn:
        conn.execute("DELETE FROM etl.inbox")


def test_migrate_makes_the_schema_once(empty_database: str, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", empty_database)
    status, out, err = asked("migrate", "--check")
    assert (status, out) == (1, [])
    assert len(err) == 1
    assert err[0].endswith("run `etl-actors migrate`.")
    status, out, _ = asked("migrate")
    assert status == 0
    assert out[0].startswith("The schema etl is now at revision ")
    status, out, _ = asked("migrate")
    assert status == 0
    assert out[0].endswith(" already.")
    assert asked("migrate", "--check")[0] == 0


def test_migrate_says_as_json_what_it_applied(empty_database: str, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", empty_database)
    status, out, err = asked("migrate", "--check", "--json")
    assert (status, json.loads("".join(out)), err) == (1, {"revision": None, "accepted": False}, [])
    made = json.loads("".join(asked("migrate", "--json")[1]))
    assert made["applied"][-1] == made["revision"]


@pytest.mark.parametrize("command", ["status", "audit"])
def test_a_database_without_the_schema_is_one_sentence_that_says_what_to_run(
    command: str, empty_database: str, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", empty_database)
    status, out, err = asked(command)
    assert (status, out) == (1, [])
    assert len(err) == 1
    assert err[0].endswith("run `etl-actors migrate`.")


def test_status_counts_each_source(database: str, asked: Any) -> None:
    stage(database, "shop", 1200)
    stage(database, "web", 3)
    status, out, err = asked("status")
    assert (status, err) == (0, [])
    assert [line.split()[:3] for line in out[2:5]] == [["shop", "1,200", "1,200"], ["web", "3", "3"], ["all", "1,203", "1,203"]]
    assert out[-1] == "The books balance."


def test_status_says_the_same_as_json(database: str, asked: Any) -> None:
    stage(database, "shop", 12)
    status, out, _ = asked("status", "--json")
    told = json.loads("\n".join(out))
    assert status == 0
    assert told["balanced"] is True
    assert told["waiting"] == [{"source": "shop", "why": []}]
    (shop,) = told["sources"]
    assert shop.pop("oldest_pending_at").endswith("+00:00")
    assert shop == {
        "source": "shop",
        "staged": 12,
        "pending": 12,
        "claimed": 0,
        "loaded": 0,
        "duplicate": 0,
        "skipped": 0,
        "rejected": 0,
        "pruned": 0,
        "balanced": True,
    }


def test_status_of_an_empty_store_says_what_to_do_next(asked: Any) -> None:
    status, out, _ = asked("status")
    assert status == 0
    assert out[0].startswith("Nothing is staged yet.")


def test_books_that_are_off_are_told_by_status_and_proven_by_audit(database: str, asked: Any) -> None:
    stage(database, "shop", 12)
    assert asked("audit")[0] == 0
    unstage(database)
    status, out, _ = asked("status")
    assert status == 1
    assert out[-1] == "The books of shop do not balance; what is wrong: etl-actors audit"
    status, out, _ = asked("audit")
    assert status == 1
    assert any(line.startswith("NO") and line.endswith("12") for line in out)


def test_audit_tells_as_json_which_check_failed(database: str, asked: Any) -> None:
    stage(database, "shop", 12)
    unstage(database)
    status, out, _ = asked("audit", "--json")
    told = json.loads("\n".join(out))
    assert (status, told["holds"], told["rows"]) == (1, False, 12)
    assert {check["check"] for check in told["checks"] if not check["holds"]} == {"unbalanced", "nowhere"}


def test_audit_since_tomorrow_has_no_rows_to_find_fault_with(database: str, asked: Any) -> None:
    stage(database, "shop", 12)
    status, out, _ = asked("audit", "--since", "2999-01-01")
    assert status == 0
    assert "over 0 staged rows" in out[-1]


def test_the_service_may_look_at_the_books(service_url: str, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", service_url)
    assert asked("status")[0] == 0
    assert asked("audit")[0] == 0


def test_a_producer_may_not_look_at_the_books_and_is_told_so(
    producer_url: str, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", producer_url)
    status, out, err = asked("status")
    assert (status, out) == (1, [])
    assert len(err) == 1
    assert "permission denied" in err[0]


@pytest.mark.parametrize(("statement", "status"), [("SELECT 40 + 2", 0), ("SELECT 40 +", 1)])
def test_psql_speaks_to_the_database_in_use_and_ends_with_its_exit_status(database: str, statement: str, status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "etl_actors", "psql", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement],
        env={"PATH": "/usr/bin:/bin", "ETL_DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (status, "42\n" if status == 0 else "")
