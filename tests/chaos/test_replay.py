"""A replay whose daemon is killed leaves what one load by the new slip leaves, and the books balance all the while."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.support.contents import contents, settled
from tests.support.daemon import environment, etl, stage, start
from tests.support.servers import Server

_DOCUMENTS = 100_000
_KEYS = 90_000
_KILLED_AT = (0.2, 0.6)  # of the rows
_SLIP = """\
name   = "offer"
source = "offers"
[grammars]
price = {{ text = '''
start: ({signs}) NUMBER
NUMBER: /[0-9.]+/
''' }}
[tables.offer]
key = ["sku"]
on_duplicate = "update"
columns.sku    = "{sku} | int"
columns.amount = "price | parse(price) | numeric(12,2)"
[tables.offer_tag]
parent = "offer"
each   = "@.tags[*]"
columns.tag = "@ | text"
"""
_OLD = {"signs": '"$" | "£"', "sku": "sku"}
_NEW = {"signs": '"$" | "€"', "sku": "if(moved == true, new_sku, sku)"}
_TABLES = ["offer", "offer_tag"]


def _documents() -> list[str]:
    """Make documents of which some are refused by the old slip, others by the new, and some have another key by then."""
    dice = random.Random(5)
    return [
        json.dumps(
            {
                "sku": (sku := dice.randrange(_KEYS)),
                "new_sku": sku + 1_000_000,
                "moved": n % 50 == 0,
                "price": f"{dice.choice('$$$$$$$$€£')}{dice.randrange(9999) / 100}",
                "tags": [str(dice.randrange(9))] * (n % 10 == 0),
            }
        )
        for n in range(_DOCUMENTS)
    ]


def _write(folder: Path, words: dict[str, str]) -> None:
    (folder / "offer").mkdir(parents=True, exist_ok=True)
    (folder / "offer" / "slip.toml").write_text(_SLIP.format(**words))


def _poll(url: str, conn: psycopg.Connection, daemon: subprocess.Popen[bytes], over: Callable[[str, int], bool]) -> int:
    """Watch the books until a replay has come so far; return how often they were read."""
    looks = 0
    while True:
        status, done = conn.execute("SELECT status, rows_done FROM etl.replay").fetchone() or ("", 0)
        books = conn.execute("SELECT pending, claimed, balanced FROM etl.ledger").fetchall()
        assert books == [(0, 0, True)], books
        looks += 1
        if over(status, done):
            return looks
        assert daemon.poll() in {None, 0}
        time.sleep(0.5)


def _dry_run(env: dict[str, str]) -> dict[str, tuple[int, int, int]]:
    """Return rows added, changed and removed of each table, as the dry run foretells them."""
    asked = etl("replay", "--source", "offers", "--dry-run", "--json", env=env)
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    assert told["looked_at"] == _DOCUMENTS
    return {table["table"]: (table["added"], table["changed"], table["removed"]) for table in told["tables"]}


def _differences(conn: psycopg.Connection, table: str) -> tuple[int, int, int]:
    """Return how many rows were added, changed and removed since the table was copied, lineage aside."""
    column = "amount" if table == "offer" else "tag"
    counted = conn.execute(
        f"SELECT count(*) FILTER (WHERE b._id IS NULL), "
        f"count(*) FILTER (WHERE a.{column} IS DISTINCT FROM b.{column} AND a._id = b._id), "
        f"count(*) FILTER (WHERE a._id IS NULL) FROM {table} a FULL JOIN before_{table} b ON a._id = b._id".encode()
    ).fetchone()
    assert counted is not None
    return counted


def test_a_replay_of_100_000_rows_that_is_killed_twice_leaves_what_one_load_leaves(
    server: Server, database: str, template: str, tmp_path: Path
) -> None:
    documents, slips, log = _documents(), tmp_path / "slips", tmp_path / "daemon.log"
    began = time.monotonic()
    _write(slips, _OLD)
    stage(database, documents, "offers")
    env = environment(database, slips, workers=2)
    assert etl("run", "--once", env=env).returncode == 0
    print(f"loaded after {time.monotonic() - began:.1f} s")
    before = contents(database, _TABLES)
    _write(slips, _NEW)
    foretold = _dry_run(env)
    assert contents(database, _TABLES) == before
    print(f"dry run after {time.monotonic() - began:.1f} s")
    looks = 0
    with psycopg.connect(database, autocommit=True) as conn:
        for table in _TABLES:
            conn.execute(f"CREATE TABLE before_{table} AS SELECT * FROM {table}".encode())
        conn.execute("INSERT INTO etl.replay (filter, row_hi) SELECT '{}', max(row_id) FROM etl.staging")
        for share in _KILLED_AT:
            daemon = start("run", env=env, log=log)
            looks += _poll(database, conn, daemon, lambda _status, done, least=share * _DOCUMENTS: done >= least)  # type: ignore[misc]
            os.kill(daemon.pid, signal.SIGKILL)
            daemon.wait()
            assert conn.execute("SELECT status FROM etl.replay").fetchone() == ("open",)
        print(f"killed twice after {time.monotonic() - began:.1f} s")
        daemon = start("run", "--once", env=env, log=log)
        looks += _poll(database, conn, daemon, lambda status, _done: status == "done")
        assert daemon.wait(60) == 0, log.read_text()
        done, vacated, found = conn.execute("SELECT rows_done, vacated, found FROM etl.replay").fetchone() or (0, 0, 0)
        made = {f"public.{table}": _differences(conn, table) for table in _TABLES}
    assert made == foretold
    print(made)
    print(
        f"replayed after {time.monotonic() - began:.1f} s; {vacated} vacated, {found} found again, the books read {looks} times"
    )
    assert (done, vacated > 1000, found > 100) == (_DOCUMENTS, True, True)
    undisturbed = server.create(template)
    try:
        url = server.admin_url(undisturbed)
        stage(url, documents, "offers")
        assert etl("run", "--once", env=environment(url, slips, workers=2)).returncode == 0
        expected = contents(url, _TABLES)
        assert expected != before
        assert contents(database, _TABLES) == expected
        letters = "SELECT status, count(*) FROM etl.row_status GROUP BY 1 ORDER BY 1"
        with psycopg.connect(url) as fresh, psycopg.connect(database) as replayed:
            counts = [dict[str, int](conn.execute(letters).fetchall())["rejected"] for conn in (fresh, replayed)]
            assert counts[0] == counts[1]
    finally:
        server.drop(undisturbed)
    assert settled(database)
    audited = etl("audit", env=env)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    print(f"audited after {time.monotonic() - began:.1f} s")
