"""``slips plan`` looks at staged rows: what break-outs would ask for, what stands against it, and how many rows would be rejected."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from etl_actors.cli.main import execute
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout import in_place
from etl_actors.store.breakout.adoption import adopt
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import connect
from etl_actors.store.tables.targets import ensure_tables
from tests.integration.cli.conftest import Ask

BOOK = """\
name   = "book"
source = "library"
when   = "exists(isbn)"
[tables.book]
key = ["isbn"]
columns.isbn = "isbn | text"
columns.year = { expr = "year | smallint", check = "year > 0" }
columns.owner = { expr = "owner | date", private = true }
"""
BOOKS = [
    {"isbn": "1", "year": 1988},
    {"isbn": "2", "year": "MCMXCVI"},
    {"isbn": "3", "year": -5},
    {"isbn": "4", "year": 1, "owner": "Ann Secret"},
    {"title": "no book"},
    {"$raw": "{broken", "$reason": "not_json", "$error": "expected JSON"},
]
PRODUCT = 'name = "product"\nsource = "shop"\n[breakout]\nkey = "sku"\n'

Put = Callable[[str, str], None]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Write a slip into the folder that the settings name."""
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path))

    def written(name: str, toml: str) -> None:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "slip.toml").write_text(toml)

    return written


def stage(url: str, source: str, documents: list[Any], slip: str | None = None) -> None:
    with psycopg.connect(url) as conn, conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO etl.staging (source, payload, slip) VALUES (%s, %s, %s)",
            [(source, Jsonb(one), slip) for one in documents],
        )


def grow(url: str, *documents: Any) -> None:
    """Put the slip of products in force, with what it has seen of documents."""
    slip, seen = read_slip({"slip.toml": PRODUCT}, "public"), Seen()
    for one in documents:
        seen.add(one)
    with connect(url) as service:
        ensure_tables(service, slip.targets, slip.name)
        adopt(service, slip)
        Breakouts(service, "public").grow(slip, seen)


def counts(url: str) -> Any:
    """Count what must stay as it is."""
    with psycopg.connect(url) as conn:
        return conn.execute(
            "SELECT (SELECT count(*) FROM etl.reject), (SELECT count(*) FROM etl.slip), (SELECT count(*) FROM etl.batch), "
            "(SELECT count(*) FROM etl.schema_change), (SELECT count(*) FROM etl.action), (SELECT sum(rows) FROM etl.inbox), "
            "(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public')"
        ).fetchone()


def test_rows_that_would_be_rejected_are_counted_by_reason_and_nothing_is_written(database: str, put: Put, ask: Ask) -> None:
    put("book", BOOK)
    stage(database, "library", BOOKS)
    before = counts(database)
    status, out, err = ask(database, "slips", "plan")
    assert (status, err) == (0, [])
    assert "  Of the 6 rows staged last that may come to it, 4 do; 3 would be rejected (75 %)." in out
    at = next(number for number, line in enumerate(out) if line.startswith("rejected for"))
    assert sorted(line.split()[:3] for line in out[at + 2 : at + 5]) == [
        ["check_violation", "1", "3"],
        ["not_a_date", "1", "4"],
        ["not_an_integer", "1", "2"],
    ]
    assert not any("Ann" in line or "Secret" in line for line in out)
    assert out[-1] == "1 slip: 3 changes to come: etl-actors slips apply."
    assert counts(database) == before


def test_json_has_the_sample(database: str, put: Put, ask: Ask) -> None:
    put("book", BOOK)
    stage(database, "library", BOOKS)
    told = json.loads("\n".join(ask(database, "slips", "plan", "--json")[1]))["slips"][0]["sample"]
    assert {name: told[name] for name in ("rows", "came", "skipped", "rejected", "rate")} == {
        "rows": 6,
        "came": 4,
        "skipped": 0,
        "rejected": 3,
        "rate": 0.75,
    }
    (one,) = [reason for reason in told["reasons"] if reason["reason"] == "not_an_integer"]
    assert one["example"]["message"].startswith("expected")
    assert (one["rows"], one["items"], one["example"]["row_id"]) == (1, 0, 2)


def test_the_sample_is_of_the_rows_staged_last(database: str, put: Put, ask: Ask) -> None:
    put("book", BOOK)
    stage(database, "library", [{"isbn": str(number), "year": "x" if number < 5 else 1} for number in range(10)])
    assert (
        "  Of the 5 rows staged last that may come to it, 5 do; none would be rejected."
        in ask(database, "slips", "plan", "--rows", "5")[1]
    )
    assert not any("staged last" in line for line in ask(database, "slips", "plan", "--rows", "0")[1])


def test_rows_go_where_routing_takes_them(database: str, put: Put, ask: Ask) -> None:
    put("book", BOOK)
    put(
        "old", 'name = "old"\nsource = "library"\npriority = 1\nwhen = "year < 1900"\n[tables.old]\ncolumns.year = "year | int"\n'
    )
    stage(database, "library", [{"isbn": "1", "year": 1800}, {"isbn": "2", "year": 1988}])
    stage(database, "library", [{"isbn": "3", "year": "x"}], slip="book")
    stage(database, "library", [{"isbn": "4", "year": 1}], slip="old")
    told = json.loads("\n".join(ask(database, "slips", "plan", "--json")[1]))["slips"]
    found = {one["name"]: (one["sample"]["rows"], one["sample"]["came"], one["sample"]["rejected"]) for one in told}
    assert found == {"book": (3, 2, 1), "old": (3, 2, 0)}


def test_where_no_row_comes_to_a_slip_it_says_so(database: str, put: Put, ask: Ask) -> None:
    put("book", BOOK)
    stage(database, "library", [{"title": "no book"}])
    assert "  Of the 1 row staged last that may come to it, none does." in ask(database, "slips", "plan")[1]


def test_a_new_break_out_has_the_tables_that_staged_rows_ask_for(database: str, put: Put, ask: Ask) -> None:
    put("product", PRODUCT)
    stage(database, "shop", [{"sku": "A", "offers": [{"by": "one"}]}, {"sku": None}])
    status, out, _ = ask(database, "slips", "plan")
    assert status == 0
    assert "  create table public.product (2 columns)" in out
    assert "  create table public.product__offers (2 columns)" in out
    assert "  Of the 2 rows staged last that may come to it, 2 do; 1 would be rejected (50 %)." in out
    assert any(line.startswith("null_key ") for line in out)
    assert out[-1].endswith(" changes to come as documents land.")


def test_a_break_out_in_force_is_changed_in_place(database: str, put: Put, ask: Ask) -> None:
    put("product", PRODUCT)
    grow(database, {"price": 1, "at": "2026-01-01"})
    stage(database, "shop", [{"sku": "A", "price": 1.5, "name": "x"}])
    before = counts(database)
    status, out, _ = ask(database, "slips", "plan")
    assert status == 0
    assert [line for line in out if line.startswith(("slip ", "  add", "  let"))] == [
        "slip product: 2 changes",
        "  add column name text to public.product",
        "  let public.product.price be numeric",
    ]
    assert '      ALTER TABLE "public"."product" ADD COLUMN "name" text;' in out
    assert out[-1] == "1 slip: 2 changes to come as documents land."
    assert counts(database) == before


def test_tables_that_would_be_filled_anew_are_told_with_their_size(database: str, put: Put, ask: Ask) -> None:
    put("product", PRODUCT)
    grow(database, {"stock": {"a": 1}})
    with psycopg.connect(database) as admin:
        admin.execute(
            "INSERT INTO product (_id, _row_id, _batch_id, sku) SELECT gen_random_uuid(), n, 1, n FROM generate_series(1, 3) n"
        )
    stage(database, "shop", [{"sku": "A", "stock": {"2024-01": 1}}])
    status, out, _ = ask(database, "slips", "plan")
    assert status == 0
    assert any(line.startswith("  fill public.product anew (3 rows, 0.") for line in out), out
    told = json.loads("\n".join(ask(database, "slips", "plan", "--json")[1]))["slips"][0]
    assert told["changes"] == []
    assert (told["refill"]["tables"], told["refill"]["rows"]) == (["public.product"], 3)
    assert told["refill"]["bytes"] > 8192
    assert told["refill"]["sentence"].endswith("is now in a table")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"price": 1.5}, "View mine depends on public.product.price, which would have to be numeric: "),
        ({"at": "soon"}, "View mine depends on public.product.at, which would have to be text: "),
        ({"stock": {"2024-01": 1}}, "View mine depends on tables that would have to be filled anew: "),
    ],
)
def test_a_view_that_stands_against_a_change_is_a_conflict(
    database: str, put: Put, ask: Ask, document: dict[str, Any], sentence: str
) -> None:
    put("product", PRODUCT)
    grow(database, {"price": 1, "at": "2026-01-01", "stock": {"a": 1}})
    with psycopg.connect(database) as admin:
        admin.execute("CREATE VIEW mine AS SELECT price, at FROM product")
    stage(database, "shop", [{"sku": "A", **document}])
    status, out, _ = ask(database, "slips", "plan")
    assert status == 1
    assert f"  {sentence}until the view is gone, documents that ask for that are rejected (no_place)." in out
    assert "slip product: 1 change, 1 conflict" in out
    assert out[-1] == "1 slip: 1 change to come as documents land, 1 conflict."


def test_a_view_does_not_stand_against_columns_more(database: str, put: Put, ask: Ask) -> None:
    put("product", PRODUCT)
    grow(database, {"price": 1})
    with psycopg.connect(database) as admin:
        admin.execute("CREATE VIEW mine AS SELECT price FROM product")
    stage(database, "shop", [{"sku": "A", "price": 2, "name": "x"}])
    assert ask(database, "slips", "plan")[0] == 0


def test_a_frozen_break_out_rejects_what_has_no_place(database: str, put: Put, ask: Ask) -> None:
    grow(database, {"price": 1})
    put("product", PRODUCT + 'contract = "freeze"\n')
    stage(database, "shop", [{"sku": "A", "price": 2}, {"sku": "B", "name": "x"}])
    status, out, _ = ask(database, "slips", "plan")
    assert status == 0
    assert out[0] == "slip product: nothing to do"
    assert any(line.startswith("frozen ") for line in out)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Work off what waits, as the daemon does."""
    monkeypatch.setenv("ETL_HTTP_PORT", "off")
    monkeypatch.setenv("ETL_WORKER_KIND", "thread")

    def worked() -> None:
        assert execute(["run", "--once"]) == 0

    return worked


def test_what_was_planned_is_what_comes(database: str, put: Put, ask: Ask, run: Callable[[], None]) -> None:
    put("product", PRODUCT)
    grow(database, {"price": 1, "at": "2026-01-01", "a b": 1})
    stage(database, "shop", [{"sku": "A", "price": 1.5, "at": "soon", "a_b": {"x": [1, "y"]}}])
    planned = json.loads("\n".join(ask(database, "slips", "plan", "--json")[1]))["slips"][0]["changes"]
    with psycopg.connect(database) as admin:
        last = admin.execute("SELECT max(change_id) FROM etl.schema_change").fetchone()
    run()
    with psycopg.connect(database) as admin:
        statement = (
            "SELECT statement FROM etl.schema_change WHERE change_id > %s AND target <> 'public.product_view' ORDER BY change_id"
        )
        made = admin.execute(statement, last).fetchall()
    assert [(one["statement"],) for one in planned] == made


def test_a_slip_that_says_otherwise_of_its_documents_looks_at_all_of_them_again(
    database: str, put: Put, ask: Ask, run: Callable[[], None]
) -> None:
    put("product", PRODUCT)
    stage(database, "shop", [{"sku": "A", "price": "12.50", "more": {"a": 1}}, {"sku": "B", "price": "3"}])
    ask(database, "slips", "apply")
    run()
    put("product", PRODUCT + 'numbers = ["$.price"]\njson = ["$.more"]\n')
    told = json.loads("\n".join(ask(database, "slips", "plan", "--json", "--rows", "1")[1]))["slips"][0]
    assert told["refill"]["sentence"].startswith("fill public.product anew (2 rows, ")
    assert (told["sample"]["came"], told["sample"]["rejected"]) == (1, 0)
    assert ask(database, "slips", "apply")[0] == 0
    shown = ask(database, "slips", "show", "product")[1]
    assert [line.split() for line in shown if line.startswith(("price", "more"))] == [
        ["more", "jsonb", "$.more", "json"],
        ["price", "numeric", "$.price", "quoted"],
    ]
    assert ask(database, "slips", "plan")[1][0] == "slip product: nothing to do"


def test_what_waits_for_somebody_to_apply_it_is_shown_as_such(
    database: str, put: Put, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_HTTP_PORT", "off")
    monkeypatch.setenv("ETL_WORKER_KIND", "thread")
    put("product", PRODUCT)
    ask(database, "slips", "apply")
    stage(database, "shop", [{"sku": "A", "price": 1}])
    stage(database, "heap", [{"a": 1}])
    monkeypatch.setenv("ETL_DDL", "plan")
    assert execute(["run", "--once"]) == 1
    status, out, _ = ask(database, "slips", "plan", "--rows", "0")
    assert status == 0
    assert [line for line in out if line.startswith(("slip ", "  add column", "  create", "  Documents"))] == [
        "slip product: 1 change",
        "  add column price bigint to public.product",
        "  Documents that ask for it wait, since by the setting ddl = plan somebody is to make them.",
        "slip unmatched:heap: 3 changes",
        "  create table public.heap (2 columns)",
        "  Documents that ask for it wait, since by the setting ddl = plan somebody is to make them.",
    ]
    assert out[-1] == "2 slips: 4 changes to come: etl-actors slips apply."
    assert ask(database, "slips", "plan", "unmatched:heap")[1][0] == "slip unmatched:heap: 3 changes"
    assert ask(database, "slips", "apply")[0] == 0
    assert ask(database, "slips", "plan", "--rows", "0")[1] == ["1 slip: nothing to do."]


def test_large_tables_that_are_filled_beside_are_told_as_such(
    database: str, put: Put, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("product", PRODUCT)
    grow(database, {"price": 1})
    stage(database, "shop", [{"sku": "A", "price": 1.5}])
    monkeypatch.setattr(in_place, "_IN_PLACE_BYTES", 0)
    told = json.loads("\n".join(ask(database, "slips", "plan", "--json")[1]))["slips"][0]
    assert told["refill"]["sentence"].endswith("readers would wait while so much is written anew in place")
    assert told["changes"] == []
