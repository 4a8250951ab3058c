"""Random documents that repeat things have the same tables, row for row, in whatever order and however many sessions bring them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout.rebuild import differing
from etl_actors.store.database import connect
from tests.support.breaking import Breaking, contents, stage
from tests.support.servers import Server
from tests.unit.relational.breakout.entities import REPEATING

SLIP = read_slip(
    {
        "slip.toml": """
name = "w"
source = "s"
[breakout]
key = "n"
on_duplicate = "update"
numbers = ["$.who[*].name", "$.who[*].on", "$.tree.name", "$.tree.on", "$.one.on"]
[breakout.entities]
person = { path = ["$.who[*]", "$.one", "$.by.*"], key = "id" }
node = { path = "$.tree", key = ["id", "kind"], recurse = "below[*]" }
place = { path = "$.who[*].born", key = "at" }
"""
    },
    "public",
)


@pytest.fixture(scope="module")
def urls(server: Server, template: str) -> Iterator[list[str]]:
    """Make two databases, for all of these tests one after the other."""
    names = [server.create(template) for _ in range(2)]
    yield [server.admin_url(name) for name in names]
    for name in names:
        server.drop(name)


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(1, 3), REPEATING), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_random_documents_in_one_batch_and_singly_in_another_order(
    urls: list[str], drawn: list[tuple[int, dict[str, Any]]], random: Any
) -> None:
    documents = [document | {"n": number} for number, document in drawn]
    row_ids = list(range(1, len(documents) + 1))
    singly = [[row_id] for row_id in random.sample(row_ids, len(row_ids))]
    together = _loaded(urls[0], documents, lambda url, admin: _load(url, admin, [row_ids]))
    assert _loaded(urls[1], documents, lambda url, admin: _load(url, admin, singly)) == together


def test_sessions_that_work_at_once_make_what_one_makes(urls: list[str]) -> None:
    dice = Random(5)
    documents = [
        {
            "n": dice.randrange(150),
            "who": [
                {"id": (one := dice.randrange(25)), "name": f"{one}", "on": dice.choice([1] * 50 + [2]), "of": one % 2 or None}
                | ({"since": dice.randrange(3)} if number > 150 else {})
                for _ in range(3)
            ],
            "one": {"id": dice.randrange(30)},
        }
        for number in range(300)
    ]
    alone = _loaded(urls[0], documents, lambda url, admin: _load(url, admin, [range(1, 301)]))

    def at_once(url: str, admin: psycopg.Connection) -> None:
        _wait_in_inbox(admin, range(1, 301))
        failures: list[BaseException] = []

        def work() -> None:
            try:
                with connect(url) as conn:
                    session = Breaking(conn, SLIP)
                    while leases := session.claim(10)[:1]:
                        session.load(leases[0])
            except BaseException as error:  # noqa: BLE001  (told below)
                failures.append(error)

        with connect(url) as conn:
            Breaking(conn, SLIP)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []

    assert _loaded(urls[1], documents, at_once) == alone


def _loaded(url: str, documents: Sequence[Any], load: Callable[[str, psycopg.Connection], None]) -> dict[str, Any]:
    """Stage documents in an empty database, load them, and give what the tables hold; each is made again of its rows."""
    with psycopg.connect(url, autocommit=True) as admin:
        _clear(admin)
        stage(admin, "s", documents)
        admin.execute("DELETE FROM etl.inbox")
        load(url, admin)
        with connect(url) as conn:
            assert differing(conn, Breaking(conn, SLIP).current(), "public")[1] == []
            return contents(conn, lineage=True)


def _load(url: str, admin: psycopg.Connection, batches: Sequence[Sequence[int]]) -> None:
    with connect(url) as conn:
        for row_ids in batches:
            _wait_in_inbox(admin, row_ids)
            Breaking(conn, SLIP).all()


def _wait_in_inbox(admin: psycopg.Connection, row_ids: Sequence[int]) -> None:
    admin.execute("INSERT INTO etl.inbox (source, row_id, bytes) SELECT 's', unnest(%s::bigint[]), 1", [list(row_ids)])


def _clear(admin: psycopg.Connection) -> None:
    """Leave nothing of the documents before, and let row ids begin at 1."""
    tables = admin.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    for (name,) in tables:
        admin.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier("public", name)))
    admin.execute("SET session_replication_role = replica")
    for name in ("staging", "inbox", "batch", "slip", "schema_change", "action"):
        admin.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("etl", name)))
    admin.execute("RESET session_replication_role")
    admin.execute("ALTER TABLE etl.staging ALTER COLUMN row_id RESTART")
