"""``slips show`` of slips that break documents out: the tables in force, and where in documents each column comes from."""

import json
from pathlib import Path
from typing import Any

import pytest

from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.unmatched import Unmatched, is_unmatched
from etl_actors.store.breakout.adoption import adopt
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import connect
from etl_actors.store.tables.targets import ensure_tables
from tests.integration.cli.conftest import Ask

PRODUCT = 'name = "product"\nsource = "shop"\n[breakout]\nkey = "sku"\n'
DOCUMENTS = [{"offers": [{"by": "one"}]}, {"stock": {"2024-01": 5}}]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of slips with one in it, which the settings name."""
    (tmp_path / "product").mkdir()
    (tmp_path / "product" / "slip.toml").write_text(PRODUCT)
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path))
    return tmp_path


def grow(url: str, slip: Slip, *documents: Any) -> None:
    """Put a slip in force that has seen documents."""
    seen = Seen()
    for one in documents:
        seen.add(one)
    with connect(url) as service:
        if not is_unmatched(slip.name):
            ensure_tables(service, slip.targets, slip.name)
            adopt(service, slip)
        Breakouts(service, "public").grow(slip, seen)


def load(url: str) -> None:
    grow(url, read_slip({"slip.toml": PRODUCT}, "public"), *DOCUMENTS)


def test_columns_of_the_tables_in_force_are_shown_with_the_path_that_they_hold(database: str, folder: Path, ask: Ask) -> None:
    load(database)
    status, out, err = ask(database, "slips", "show", "product")
    assert (status, err) == (0, [])
    tables = out[out.index("table public.product: the root, one row a document; known by (sku); on_duplicate ignore") :]
    assert [line for line in tables if not line.startswith("──")] == [
        "table public.product: the root, one row a document; known by (sku); on_duplicate ignore",
        "column   type    path    what of it",
        "sku      text    $.sku   scalar",
        "_rest    jsonb   $       rest",
        "",
        "table public.product__offers: below product, one row an item",
        "column   type    path             what of it",
        "by       text    $.offers[*].by   text",
        "_rest    jsonb   $.offers[*]      rest",
        "",
        "table public.product__stock: below product, one row an item",
        "column   type     path        what of it",
        "key      text     $.stock.*   key",
        "value    bigint   $.stock.*   number",
        "_rest    jsonb    $.stock.*   rest",
        "",
        "view public.product_view: one row a document, what is below it as JSON; whatever the tables hold",
    ]


def test_json_has_the_same(database: str, folder: Path, ask: Ask) -> None:
    load(database)
    status, out, _ = ask(database, "slips", "show", "product", "--json")
    told = json.loads("\n".join(out))
    assert status == 0
    assert told["in_force"] != told["digest"]
    assert told["unknown"] is None
    assert [table["name"] for table in told["tables"]] == ["public.product", "public.product__offers", "public.product__stock"]
    assert told["tables"][1]["columns"][0] == {"name": "by", "type": "text", "path": "$.offers[*].by", "kind": "text"}


def test_a_slip_that_is_not_in_force_says_so(database: str, folder: Path, ask: Ask) -> None:
    status, out, err = ask(database, "slips", "show", "product")
    assert (status, err) == (0, [])
    assert out[-1] == (
        "Which columns its documents have is known to the database, in which the slip is not in force: etl-actors slips apply"
    )


def test_a_database_that_is_away_is_one_sentence_below_what_the_folder_says(folder: Path, ask: Ask) -> None:
    status, out, err = ask("postgresql://etl@127.0.0.1:1/etl", "slips", "show", "product", "--json")
    told = json.loads("\n".join(out))
    assert (status, err) == (0, [])
    assert told["unknown"].startswith("Which columns its documents have is known to the database. No answer from database etl")
    assert told["tables"][0]["columns"] == []


def test_without_any_database_none_is_made(folder: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ETL_DATA_DIR", str(tmp_path / "data"))
    status, out, _ = ask("", "slips", "show", "product")
    assert status == 0
    assert out[-1] == "Which columns its documents have is known to the database, and there is none yet."
    assert not (tmp_path / "data").exists()


def test_a_slip_that_nobody_wrote_is_shown_from_the_database(database: str, ask: Ask) -> None:
    slip = Unmatched("public").slip("heap")
    assert slip is not None
    grow(database, slip, {"a": 1}, {"it's": [True]})
    status, out, err = ask(database, "slips", "show", "unmatched:heap")
    assert (status, err) == (0, [])
    assert "folder    none: nobody wrote it" in out
    assert "sources   heap" in out
    assert "a        bigint   $.a    number" in out
    assert "value    boolean   $['it\\'s'][*]   boolean" in out


def test_an_unknown_slip_that_nobody_wrote_is_wrong_usage_and_the_others_are_named(database: str, ask: Ask) -> None:
    assert ask(database, "slips", "show", "unmatched:heap") == (
        2,
        [],
        ["There is no slip `unmatched:heap` in the database; no documents were broken out without a slip."],
    )
    test_a_slip_that_nobody_wrote_is_shown_from_the_database(database, ask)
    assert ask(database, "slips", "show", "unmatched:shop")[2] == [
        "There is no slip `unmatched:shop` in the database; there are unmatched:heap."
    ]
