"""The readable view of documents that are broken out: the same in whatever steps they came."""

import json
from pathlib import Path
from typing import Any

import psycopg

from tests.support.contents import settled
from tests.support.daemon import environment, etl, running, wait_until
from tests.support.servers import Server
from tests.support.shop import SHOP, feed

DOCUMENTS: list[dict[str, Any]] = [
    {"sku": "1", "price": 12, "at": "2024-03-09", "tags": ["x"], "first name": "Ada", "v": {"x": 1}, "grid": [[1], []]},
    {"sku": "2", "price": 0.5, "tags": [2, None], "new": True, "offers": [{"by": "one", "prices": [1, 2.5]}]},
    {"sku": "3", "price": "free", "at": "soon", "first_name": "Bob", "offers": [{"prices": []}, None], "grid": []},
    {"sku": "4", "v": {"2024": 2}, "tags": [{"a": {"b": "x"}}]},
    {"sku": "5", "v": {"2025": [3]}, "tags": "none"},
]


def _viewed(url: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as conn:
        found = conn.execute(
            "SELECT to_jsonb(whole) - '_id' - '_row_id' - '_loaded_at' FROM shop_view whole ORDER BY sku"
        ).fetchall()
    return [row for (row,) in found]


def test_the_view_shows_documents_as_they_are_in_whatever_steps_they_came(
    server: Server, template: str, database: str, slips: Path
) -> None:
    name = server.create(template)
    try:
        for document in DOCUMENTS:
            feed(database, slips, [document])
        feed(server.admin_url(name), slips, DOCUMENTS[::-1])
        assert _viewed(database) == _viewed(server.admin_url(name))
    finally:
        server.drop(name)
    shown = [{column: value for column, value in row.items() if value is not None} for row in _viewed(database)]
    names = {column for column in shown[0] if column.startswith("first_name_")}
    assert len(names) == 1
    assert shown == [
        {"sku": "1", "price": 12, "at": "2024-03-09", "tags__item": ["x"], names.pop(): "Ada", "v": {"x": 1}, "grid": [[1], []]},
        {"sku": "2", "price": 0.5, "tags__item": [2, None], "new": True, "offers": [{"by": "one", "prices": [1, 2.5]}]},
        {"sku": "3", "price__text": "free", "at": "soon", "first_name": "Bob", "offers": [{"prices": []}, None], "grid": []},
        {"sku": "4", "v": {"2024": 2}, "tags__item": [{"a__b": "x"}]},
        {"sku": "5", "v": {"2025": [3]}, "tags": "none"},
    ]


def test_sources_whose_names_are_like_the_view_of_another_have_tables_and_views_of_their_own(database: str, slips: Path) -> None:
    env = environment(database) | {"ETL_PARSERS": str(slips), "ETL_UNMATCHED": "breakout"}
    file = slips.parent / "documents.jsonl"
    file.write_text('{"a": 1}\n')
    for source in ("other_view", "other"):
        assert etl("feed", source, file, env=env).returncode == 0
        assert etl("run", "--once", env=env).returncode == 0
    assert settled(database)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT a FROM other_view").fetchall() == [(1,)]
        kinds = conn.execute(
            "SELECT relkind::text, count(*)::int FROM pg_class WHERE relname ~ '^other' AND relkind <> 'i' GROUP BY 1"
        )
        assert dict(kinds.fetchall()) == {"r": 2, "v": 2}


def test_a_materialized_view_shows_all_that_has_landed_when_a_run_ends(database: str, slips: Path) -> None:
    (slips / "shop" / "slip.toml").write_text(SHOP + "materialize = true\n")
    for document in DOCUMENTS:
        feed(database, slips, [document])
        with psycopg.connect(database) as conn:
            kind = conn.execute("SELECT relkind::text FROM pg_class WHERE oid = 'shop_view'::regclass").fetchone()
        assert kind == ("m",)
        assert document["sku"] in {row["sku"] for row in _viewed(database)}
    materialized = _viewed(database)
    (slips / "shop" / "slip.toml").write_text(SHOP)
    feed(database, slips, [])
    assert _viewed(database) == materialized


def test_the_daemon_refreshes_materialized_views_while_documents_land_and_tables_change(
    database: str, slips: Path, tmp_path: Path
) -> None:
    (slips / "shop" / "slip.toml").write_text(SHOP + "materialize = true\n")
    env = environment(database, slips, materialize_every_s=0.2)
    documents = [document | {"sku": f"{document['sku']}-{turn}"} for turn in range(40) for document in DOCUMENTS]
    with running("run", env=env, log=tmp_path / "log"), psycopg.connect(database, autocommit=True) as conn:
        conn.prepare_threshold = None  # else PostgreSQL tells of columns that have changed
        for first in range(0, len(documents), 5):
            with conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
                for one in documents[first : first + 5]:
                    copy.write_row(("shop", json.dumps(one)))
            wait_until(lambda: conn.execute("SELECT to_regclass('shop_view')").fetchone() != (None,), "there is the view")
            conn.execute("SELECT * FROM shop_view").fetchall()
        wait_until(lambda: _landed(conn) == len(documents), "all have landed, and the view shows it")
        conn.execute("INSERT INTO etl.staging (source, payload) SELECT 'shop', '{\"sku\": \"one more\"}'")
        wait_until(lambda: _landed(conn) == len(documents) + 1, "it shows what has landed since")
    events = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    refreshed = [one for one in events if one["event"] == "view.refreshed"]
    assert [one for one in events if one["event"] == "view.refresh_failed"] == []
    assert any(one["anew"] for one in refreshed)
    assert any(not one["anew"] for one in refreshed)
    assert {(one["slip"], one["view"]) for one in refreshed} == {("shop", "public.shop_view")}
    assert settled(database)


def _landed(conn: psycopg.Connection) -> int:
    statement = "SELECT count(*)::int, (SELECT relkind::text FROM pg_class WHERE oid = 'shop_view'::regclass) FROM shop_view"
    row = conn.execute(statement).fetchone()
    return row[0] if row is not None and row[1] == "m" else 0
