"""The daemon lifts what documents repeat out of them, each thing once, whoever brings it."""

import json
from pathlib import Path
from typing import Any

import psycopg

from tests.support.contents import settled
from tests.support.daemon import environment, etl

SLIP = 'name = "shop"\nsource = "shop"\n[breakout]\nkey = ["sku"]\nentities.maker = { path = "$.made[*]", key = "id" }\n'


def _feed(env: dict[str, str], folder: Path, documents: list[Any]) -> None:
    file = folder / "documents.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in documents))
    assert etl("feed", "shop", file, env=env).returncode == 0
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    audited = etl("audit", "--deep", env=env)
    assert audited.returncode == 0, audited.stdout


def _asked(url: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(question.encode()).fetchall()


def _slips(tmp_path: Path, text: str) -> Path:
    (tmp_path / "slips" / "shop").mkdir(parents=True, exist_ok=True)
    (tmp_path / "slips" / "shop" / "slip.toml").write_text(text)
    return tmp_path / "slips"


def test_things_that_documents_repeat_are_there_once_whatever_workers_bring_them(database: str, tmp_path: Path) -> None:
    env = environment(database) | {"ETL_PARSERS": str(_slips(tmp_path, SLIP)), "ETL_WORKERS": "2", "ETL_BATCH_ROWS": "10"}
    documents = [
        {"sku": number, "made": [{"id": number % 7, "name": f"maker {number % 7}", "part": number % 3, "of": number // 50}]}
        for number in range(120)
    ]
    _feed(env, tmp_path, documents)
    assert _asked(database, "SELECT id, name FROM maker ORDER BY id") == [(f"{n}", f"maker {n}") for n in range(7)]
    found = _asked(
        database,
        "SELECT r.sku::int, a.id::int, m.part::int, m.of::int FROM shop r JOIN shop__made m ON m._parent_id = r._id "
        "JOIN maker a ON a._id = m.maker_id ORDER BY 1",
    )
    assert found == [(number, number % 7, number % 3, number // 50) for number in range(120)]
    told = etl("replay", "--source", "shop", "--dry-run", "--json", env=env)
    assert told.returncode == 0, told.stderr
    assert not any(table["changed"] or table["added"] or table["removed"] for table in json.loads(told.stdout)["tables"])
    done = etl("replay", "--source", "shop", "--yes", env=env)
    assert done.returncode == 0, done.stdout
    assert _asked(database, "SELECT count(*)::int FROM maker") == [(7,)]
    assert etl("audit", "--deep", env=env).returncode == 0
    assert json.loads(etl("rebuild", "5", env=env).stdout) == documents[4]


def test_in_tables_that_follow_no_more_the_document_in_which_something_begins_to_vary_is_rejected_alone(
    database: str, tmp_path: Path
) -> None:
    env = environment(database) | {"ETL_PARSERS": str(_slips(tmp_path, SLIP))}
    _feed(env, tmp_path, [{"sku": 1, "made": [{"id": 1, "name": "a"}]}])
    _slips(tmp_path, f'{SLIP}contract = "freeze"\n')
    _feed(env, tmp_path, [{"sku": number, "made": [{"id": 1, "name": "b" if number == 5 else "a"}]} for number in range(2, 10)])
    assert _asked(database, "SELECT row_id::int, stage, reason, message FROM etl.reject") == [
        (
            5,
            "load",
            "frozen",
            "expected name of `maker` to be the same as in other documents (contract = freeze), got another value for the same key",
        )
    ]
    assert _asked(database, "SELECT count(*)::int FROM shop") == [(8,)]
    _slips(tmp_path, SLIP)
    assert etl("rejects", "replay", "--reason", "frozen", "--yes", env=env).returncode == 0
    assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)
    assert _asked(database, "SELECT count(*)::int, count(DISTINCT name)::int FROM shop__made") == [(9, 2)]
    assert etl("audit", "--deep", env=env).returncode == 0
