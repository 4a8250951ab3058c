"""`docs/nasty_documents.md` shows what becomes of nasty documents with no slip at all: it is written by this file, and held to it.

``python -m tests.acceptance.test_nasty_breakout`` writes it anew.
"""

import json
from pathlib import Path

import psycopg
import pytest

from etl_actors.store.migrate import migrate
from tests.support.contents import settled
from tests.support.daemon import environment, etl
from tests.support.nasty_case import Case
from tests.support.nasty_documents import CASES
from tests.support.nasty_page import Became, became, page
from tests.support.servers import Server, running_server

PAGE = Path(__file__).parent.parent.parent / "docs" / "nasty_documents.md"


def _stage(url: str, case: Case, env: dict[str, str]) -> None:
    if case.fed:
        lines = [one if isinstance(one, bytes) else one.encode() for one in case.documents]
        done = etl("feed", case.source, "-", "--format", "jsonl", env=env, stdin=b"\n".join(lines))
        assert done.returncode == 0, done.stderr
        return
    with psycopg.connect(url) as conn:
        for document in case.documents:
            conn.execute("INSERT INTO etl.staging (source, payload) VALUES (%s, %s)", [case.source, document])


def _load(url: str) -> dict[str, Became]:
    """Put all documents through a daemon, prove that each that was accepted is made again, and look at what became of them."""
    env = environment(url, unmatched="breakout")
    for case in CASES:
        _stage(url, case, env)
    done = etl("run", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert settled(url)
    audited = etl("audit", "--deep", "--json", env=env)
    assert audited.returncode == 0, audited.stdout
    with psycopg.connect(url) as conn:
        _assert_all_made_again(conn, audited.stdout)
        return {case.source: became(conn, case) for case in CASES}


def _assert_all_made_again(conn: psycopg.Connection, audited: str) -> None:
    """Hold the number of documents that were made again against that of those that were loaded, source by source."""
    proven = {check["check"]: check["proves"] for check in json.loads(audited)["checks"]}
    books = conn.execute("SELECT source, loaded, duplicate, rejected FROM etl.ledger WHERE source IS NOT NULL").fetchall()
    found = {source: (loaded, duplicate, rejected) for source, loaded, duplicate, rejected in books}
    for case in CASES:
        loaded, duplicate, rejected = found[case.source]
        assert loaded + duplicate + rejected == len(case.documents), case.source
        if loaded:
            assert f" each document ({loaded:,}) is made again " in proven[f"rebuilt unmatched:{case.source}"], case.source


@pytest.fixture(scope="module")
def loaded(server: Server, template: str) -> dict[str, Became]:
    """Load all of them once."""
    name = server.create(template)
    found = _load(server.admin_url(name))
    server.drop(name)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.source)
def test_each_is_broken_out_or_rejected_with_a_sentence(loaded: dict[str, Became], case: Case) -> None:
    """Every row of a case is in a root table or told of in one line."""
    found = loaded[case.source]
    roots = found.grids[0].rows if found.grids else 0
    assert roots + found.alike + len(found.rejects) == len(case.documents)
    for _, _, _, message in found.rejects:
        assert "expected " in message
        assert message.count("\n") == 0
        assert len(message) < 400
    for grid in found.grids:
        names = [name for name, _, _ in grid.columns]
        assert all(len(name.encode()) <= 63 for name in (grid.name, *names)), "PostgreSQL has cut a name"
        assert len({name.lower() for name in names}) == len(names)


def test_the_page_shows_what_becomes_of_them_now(loaded: dict[str, Became]) -> None:
    assert len(CASES) >= 40
    assert PAGE.read_text("utf-8") == page(loaded), "to write it anew: .venv/bin/python -m tests.acceptance.test_nasty_breakout"


def _written() -> None:
    with running_server() as server:
        name = server.create()
        migrate(server.admin_url(name))
        PAGE.write_text(page(_load(server.admin_url(name))), "utf-8")


if __name__ == "__main__":
    _written()
