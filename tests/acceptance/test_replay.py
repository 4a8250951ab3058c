"""Replays by real daemons: a slip is changed, the rows are run again, and nothing else changes."""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl_actors.store.replay.orders import cancel
from tests.support.contents import contents, settled
from tests.support.daemon import environment, etl, named, running, stage, wait_until
from tests.support.servers import Server

_SLIP = """\
name   = "{name}"
source = "{name}s"
[grammars]
price = {{ text = '''
{grammar}
''' }}
[tables.{name}]
key = ["sku"]
on_duplicate = "{policy}"
columns.sku    = "{key} | int"
columns.amount = "price | parse(price) | numeric(12,2)"
[tables.{name}_tag]
parent = "{name}"
each   = "@.tags[*]"
columns.tag = "@ | text"
"""
_DOLLARS = 'start: "$" NUMBER\nNUMBER: /[0-9.]+/'
_ANY_MONEY = 'start: ("$" | "€") NUMBER\nNUMBER: /[0-9.]+/'
_TABLES = ["offer", "offer_tag", "good", "good_tag"]


def _documents(count: int) -> list[str]:
    dice = random.Random(3)
    return [
        json.dumps(
            {
                "sku": dice.randrange(count // 2),
                "price": f"{'€' if n % 5 == 0 else '$'}{dice.randrange(9999) / 100}",
                "tags": [str(dice.randrange(9)) for _ in range(dice.randrange(3))],
            }
        )
        for n in range(count)
    ]


@dataclass
class _Place:
    """A database and a folder of slips."""

    url: str
    root: Path

    def write(
        self, grammar: str, name: str = "offer", more: str = "", key: str = "sku", policy: str = "update", **files: str
    ) -> None:
        folder = self.root / "slips" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "slip.toml").write_text(_SLIP.format(name=name, grammar=grammar, key=key, policy=policy) + more)
        for stem, text in files.items():
            (folder / f"{stem}.py").write_text(text)

    def env(self, **settings: object) -> dict[str, str]:
        """Workers are threads, which are there at once, unless a test says otherwise."""
        return environment(self.url, self.root / "slips", workers=2, batch_rows=100, **{"worker_kind": "thread"} | settings)

    @property
    def log(self) -> Path:
        return self.root / "daemon.log"

    @contextmanager
    def daemon(self, **settings: object) -> Iterator[subprocess.Popen[bytes]]:
        before = self.registered()
        with running("run", env=self.env(**settings), log=self.log) as process:
            wait_until(lambda: self.registered() > before, "it is there")
            yield process

    def registered(self) -> int:
        return int(self.ask("SELECT count(*) FROM etl.daemon"))

    def once(self, **settings: object) -> Any:
        return etl("run", "--once", env=self.env(**settings))

    def replays_only(self) -> Any:
        """Do what a command does that is no daemon: work replays off, and nothing else."""
        work = "from etl_actors import app; from etl_actors.settings import load_settings; import sys; "
        work += "sys.exit(app.run(load_settings(), once=True, replays_only=True))"
        return subprocess.run([sys.executable, "-c", work], env=self.env(), capture_output=True, timeout=60, check=False)

    def order(self, version: str = "current", rate: float | None = None, **chosen: object) -> int:
        """Order a replay of what is staged by now, as a statement of an operator."""
        with psycopg.connect(self.url) as conn:
            row = conn.execute(
                "INSERT INTO etl.replay (filter, version, rate, row_hi) "
                "SELECT %s::jsonb, %s, %s, max(row_id) FROM etl.staging RETURNING replay_id",
                [json.dumps(chosen), version, rate],
            ).fetchone()
            conn.execute("NOTIFY etl_staged")
        assert row is not None
        return int(row[0])

    def hurry(self) -> None:
        """Let what is ordered go as quickly as it can."""
        with psycopg.connect(self.url) as conn:
            conn.execute("UPDATE etl.replay SET rate = NULL")

    def ask(self, query: str) -> Any:
        with psycopg.connect(self.url) as conn:
            row = conn.execute(query.encode()).fetchone()
        return None if row is None else row[0] if len(row) == 1 else row

    def status(self) -> str:
        return str(self.ask("SELECT status FROM etl.replay ORDER BY replay_id DESC LIMIT 1"))


@pytest.fixture
def place(database: str, tmp_path: Path) -> _Place:
    made = _Place(database, tmp_path)
    for name in ("offer", "good"):
        made.write(_DOLLARS, name)
    return made


# By how many batches of a replay a live row was overtaken at most: they were claimed after it had come, and landed before it.
_OVERTAKEN = """
SELECT count(*), max((SELECT count(*) FROM etl.batch r
                       WHERE r.replay_id IS NOT NULL AND r.claimed_at > s.received_at AND r.finished_at < b.finished_at))
  FROM etl.staging s JOIN etl.batch b ON s.row_id = ANY (b.row_ids) WHERE s.source = 'goods' AND s.payload ->> 'sku' = '1000000'
"""


def _load(place: _Place, documents: list[str]) -> None:
    for source in ("offers", "goods"):
        stage(place.url, documents, source)
    loaded = place.once()
    assert loaded.returncode == 0, loaded.stderr


def test_a_changed_grammar_is_replayed_while_live_rows_pass_and_nothing_else_changes(
    place: _Place, server: Server, template: str
) -> None:
    documents = _documents(4000)
    _load(place, documents)
    rejected = place.ask("SELECT count(*) FROM etl.row_status WHERE status = 'rejected'")
    assert rejected == 1600
    others = contents(place.url, _TABLES[2:])
    place.write(_ANY_MONEY)
    live = json.dumps({"sku": 1_000_000, "price": "$1"})
    with place.daemon(worker_kind="process"):
        place.order(source="offers")
        while place.status() == "open":
            stage(place.url, [live], "goods")
            wait_until(lambda: place.ask("SELECT pending + claimed FROM etl.ledger WHERE source = 'goods'") == 0, "it lands")
            assert place.ask("SELECT bool_and(balanced) FROM etl.ledger")
    live_rows, overtaken = place.ask(_OVERTAKEN)
    print(f"{live_rows} live rows, each before all but {overtaken} batches of the replay that were claimed after it had come")
    assert overtaken <= 12, "of 40"
    with psycopg.connect(place.url) as conn:
        conn.execute("DELETE FROM good WHERE sku = 1000000")
        conn.commit()
    assert contents(place.url, _TABLES[2:]) == others, "what was not meant is as it was"
    assert place.ask("SELECT count(*) FROM etl.reject WHERE status = 'replayed'") == 800
    fresh = _Place(server.admin_url(name := server.create(template)), place.root)
    try:
        for source in ("offers", "goods"):
            stage(fresh.url, documents, source)
        assert fresh.once().returncode == 0
        assert contents(place.url, _TABLES[:2]) == contents(fresh.url, _TABLES[:2]), "as loaded once by the new slip"
    finally:
        server.drop(name)


def test_a_daemon_that_sleeps_wakes_for_a_replay(place: _Place) -> None:
    _load(place, _documents(20))
    with place.daemon(poll_s=0.05, safety_poll_s=600, asleep_s=1000, log_level="debug"):
        wait_until(lambda: bool(named(place.log, "doorbell.slept")), "it sleeps")
        place.order(source="offers")
        wait_until(lambda: place.status() == "done", "the replay is done")
    (ended,) = named(place.log, "replay.finished")
    assert (ended["replay_id"], ended["cancelled"]) == (1, False)
    told = [line["replay_id"] for line in named(place.log, "batch.loaded")]
    assert told == [1]


def test_rows_are_replayed_by_the_version_that_settled_them(place: _Place) -> None:
    _load(place, _documents(200))
    before = contents(place.url, _TABLES)
    place.write("start: NUMBER\nNUMBER: /nothing/")
    stage(place.url, ["{}"], "goods")
    place.order("original", source="offers", slip="offer")
    done = place.replays_only()
    assert (done.returncode, place.status()) == (0, "done"), done.stderr
    assert contents(place.url, _TABLES) == before
    assert place.ask("SELECT sum(pending), bool_and(balanced) FROM etl.ledger") == (1, True), "live rows are left to others"


_STEPS = "from etl_actors.steps import step\n\n\n@step\ndef twice(text: str) -> str:\n    return text + {}\n"


def test_stored_code_runs_only_where_it_is_installed_and_the_replay_says_so(place: _Place) -> None:
    more = '[tables.offer_copy]\nparent = "offer"\ncolumns.copy = "price | twice | text"\n'
    place.write(_DOLLARS, more=more, steps=_STEPS.format("text"))
    _load(place, _documents(50))
    before = contents(place.url, [*_TABLES, "offer_copy"])
    place.write(_DOLLARS, more=more, steps=_STEPS.format("'!'"))
    place.order("original", source="offers")
    refused = place.once(worker_kind="process")
    assert (refused.returncode, place.status()) == (1, "open")
    problem = place.ask("SELECT problem FROM etl.replay")
    assert "of slip offer has a steps.py that runs only where the same is installed" in problem
    assert "stored_steps" in problem
    assert place.ask("SELECT count(*) FROM etl.replay_row") == 50, "its rows wait"
    assert place.once(stored_steps="any", worker_kind="process").returncode == 0
    assert (place.status(), place.ask("SELECT problem FROM etl.replay")) == ("done", None)
    assert contents(place.url, [*_TABLES, "offer_copy"]) == before


def test_a_replay_is_drained_and_goes_on_where_it_was(place: _Place) -> None:
    _load(place, _documents(3000))
    before = contents(place.url, _TABLES)
    place.order(source="offers", rate=300)
    with place.daemon() as daemon:
        wait_until(lambda: place.ask("SELECT rows_done FROM etl.replay") > 0, "it begins")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0, place.log.read_text()
    assert place.ask("SELECT count(*) FROM etl.batch WHERE status = 'claimed'") == 0
    assert 0 < place.ask("SELECT rows_done FROM etl.replay") < 3000
    place.hurry()
    assert place.once().returncode == 0
    assert (place.status(), place.ask("SELECT rows_done FROM etl.replay")) == ("done", 3000)
    assert contents(place.url, _TABLES) == before
    audited = etl("audit", env=place.env())
    assert audited.returncode == 0, audited.stdout + audited.stderr


_LOSSES = """
SELECT count(*) FROM (
    SELECT min(d.row_id) AS row_id,
           (s.payload ->> 'sku')::int + CASE WHEN d.slip_digest = n.digest THEN 1000000 ELSE 0 END AS sku
      FROM etl.settled(1, 100000) d JOIN etl.staging s USING (row_id) JOIN etl.slip n ON n.name = 'offer' AND n.active
     WHERE d.letter IN ('l', 'd') AND d.source = 'offers' GROUP BY 2
) best FULL JOIN offer o USING (sku) WHERE o._row_id IS DISTINCT FROM best.row_id
"""


def test_a_replay_cancelled_under_two_daemons_leaves_every_identity_with_the_row_that_wins_it(place: _Place) -> None:
    place.write(_DOLLARS, policy="ignore")
    _load(place, _documents(3000))
    place.write(_DOLLARS, key="sku | add(1000000)", policy="ignore")
    with place.daemon() as _, place.daemon() as _:
        replay_id = place.order(source="offers", rate=300)
        wait_until(lambda: place.ask("SELECT vacated FROM etl.replay") > 100, "identities are vacated")
        with psycopg.connect(place.url, autocommit=True) as conn:
            assert cancel(conn, replay_id)
        wait_until(lambda: place.ask("SELECT finished_at IS NOT NULL FROM etl.replay"), "it has ended")
    done, found, status = place.ask("SELECT rows_done, found, status FROM etl.replay")
    print(f"{done} rows were repeated, {found} found again")
    assert (done < 3000, found > 0, status) == (True, True, "cancelled")
    assert place.ask(_LOSSES) == 0
    assert place.ask("SELECT (SELECT count(*) FROM etl.vacancy) + (SELECT count(*) FROM etl.replay_row)") == 0
    assert settled(place.url)
    audited = etl("audit", env=place.env())
    assert audited.returncode == 0, audited.stdout + audited.stderr
