"""Versions: of a key each one stays, a view tells from when to when it was valid, and late ones fit in."""

from random import Random

import pytest

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.relational.companions import versions_name
from etl_actors.slips.model.slip import Slip
from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember
from etl_actors.store.tables.kin import require_same_identity
from etl_actors.store.tables.targets import ensure_tables
from tests.support.any_order import forget_loads, load_shuffled
from tests.support.contents import contents
from tests.support.documents import one, stage
from tests.support.settle import settle
from tests.support.slips import read

_SLIP = """name = "price"
source = "shop"
[tables.price]
key = ["sku"]
on_duplicate = "history(seen_at)"
columns.seen_at = "at | timestamptz"
columns.sku     = "sku | text"
columns.amount  = "amount | numeric"
[tables.price_tag]
parent = "price"
each = "@.tags[*]"
columns.tag = "@ | text"
[tables.offer]
parent = "price"
each = "@.offers[*]"
key = ["seller"]
on_duplicate = "history(day)"
columns.seller = "seller | text"
columns.day    = "day | int"
columns.amount = "amount | int"
[tables.shop]
each = "$.shops[*]"
key = ["name"]
on_duplicate = "history(city)"
columns.name = "name | text"
columns.city = "city | text"
"""
_TABLES = ["price", "price_tag", "offer", "shop"]


@pytest.fixture
def slip(service: Connection) -> Slip:
    found = read(_SLIP)
    ensure_tables(service, found.targets, found.name)
    remember(service, found)
    return found


def seen(day: int, amount: int, sku: str = "a", **more: object) -> dict[str, object]:
    return {"sku": sku, "at": f"2026-01-{day:02}T00:00Z", "amount": amount, **more}


def test_every_version_stays_and_the_view_tells_when_each_was_valid(
    producer: Connection, service: Connection, admin: Connection, slip: Slip
) -> None:
    stage(producer, "shop", [seen(3, 30), seen(1, 10), seen(9, 9, "b"), seen(2, 20)])
    settle(service, {"shop": slip}, 2)
    service.execute("SET TimeZone = 'Asia/Tokyo'")
    found = service.execute(
        "SELECT sku, amount::int, date_part('day', _valid_from AT TIME ZONE 'UTC')::int, "
        "date_part('day', _valid_to AT TIME ZONE 'UTC')::int, _current FROM price_history ORDER BY sku, seen_at"
    ).fetchall()
    assert found == [("a", 10, 1, 2, False), ("a", 20, 2, 3, False), ("a", 30, 3, None, True), ("b", 9, 9, None, True)]
    assert not audit(admin, "public").findings
    admin.execute("SET ROLE etl_reader")
    assert one(admin, "SELECT count(*) FROM price_history JOIN offer_history USING (_id)") == 0


def test_of_one_key_and_version_the_first_row_stays_whatever_comes_first(
    producer: Connection, service: Connection, slip: Slip
) -> None:
    same = {**seen(1, 11), "at": "2026-01-01T09:00+09:00"}
    first, _, _ = stage(producer, "shop", [seen(1, 10, tags=["x"]), same, seen(2, 20)])
    settle(service, {"shop": slip}, 3)
    assert service.execute("SELECT _row_id, amount::int FROM price ORDER BY seen_at").fetchone() == (first, 10)
    assert one(service, "SELECT string_agg(outcomes, '' ORDER BY batch_id) FROM etl.batch WHERE status = 'done'") == "ldl"


def test_a_version_that_is_null_is_rejected_with_a_reason(producer: Connection, service: Connection, slip: Slip) -> None:
    stage(producer, "shop", [{"sku": "a", "amount": 1}])
    settle(service, {"shop": slip}, 3)
    assert service.execute("SELECT reason, message FROM etl.reject").fetchall() == [
        ("null_version", "expected a value for `seen_at`, which tells the versions of a key of `price` apart, got null")
    ]


@pytest.mark.parametrize("loaders", [1, 2])
def test_any_cut_in_any_order_gives_the_same_versions(
    producer: Connection, service_url: str, database: str, admin: Connection, slip: Slip, loaders: int
) -> None:
    dice = Random(loaders)
    documents = [
        seen(
            dice.randrange(1, 5),
            dice.randrange(9),
            dice.choice("abc"),
            tags=[dice.choice("xy") for _ in range(dice.randrange(3))],
            offers=[{"seller": dice.choice("mn"), "day": dice.randrange(3), "amount": dice.randrange(9)} for _ in range(2)],
            shops=[{"name": dice.choice("uv"), "city": dice.choice(["ä", "B", "a"])}],
        )
        for _ in range(40)
    ]
    stage(producer, "shop", documents)
    results = []
    for _ in range(8):
        load_shuffled(service_url, slip, dice, loaders)
        results.append(contents(database, [*_TABLES, "price_history", "offer_history", "shop_history"]))
        assert not audit(admin, "public").findings
        forget_loads(database, _TABLES)
    assert all(result == results[0] for result in results)
    assert results[0]["price"][0] == len({(d["sku"], d["at"]) for d in documents})


def test_versions_that_are_texts_follow_one_another_by_their_bytes(producer: Connection, service: Connection, slip: Slip) -> None:
    stage(producer, "shop", [seen(1, 1, shops=[{"name": "u", "city": city} for city in ("a", "ä", "B")])])
    settle(service, {"shop": slip}, 3)
    assert service.execute("SELECT city, _valid_to FROM shop_history ORDER BY _valid_to NULLS LAST").fetchall() == [
        ("B", "a"),
        ("a", "ä"),
        ("ä", None),
    ]


def test_the_view_gets_the_columns_that_the_table_gets_behind_those_that_it_has(
    producer: Connection, service: Connection, slip: Slip
) -> None:
    stage(producer, "shop", [seen(1, 10)])
    settle(service, {"shop": slip}, 3)
    wider = read(_SLIP.replace("columns.seen_at", 'columns.colour = "colour | text"\ncolumns.seen_at', 1))
    assert ensure_tables(service, wider.targets, "price") == ["public.price"]
    assert ensure_tables(service, wider.targets, "price") == []
    assert ensure_tables(service, slip.targets, "price") == [], "the former version leaves it as it is"
    names = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'price_history'::regclass"
    assert one(service, names) == ("_id _row_id _batch_id _loaded_at _valid_from _valid_to _current seen_at sku amount colour")


def test_versions_of_one_key_are_found_by_index(service: Connection, slip: Slip) -> None:
    service.execute(
        "INSERT INTO price (_id, _row_id, _batch_id, sku, seen_at) "
        "SELECT gen_random_uuid(), n, 1, 's' || n % 20000, now() + n * interval '1 s' FROM generate_series(1, 60000) n"
    )
    service.execute("ANALYZE price")
    plan = "\n".join(line for (line,) in service.execute("EXPLAIN SELECT * FROM price_history WHERE sku = 's7'"))
    assert "Seq Scan" not in plan, slip.name
    assert "Index" in plan


def test_what_has_the_name_of_the_view_already_is_left_alone(service: Connection) -> None:
    service.execute("CREATE VIEW price_history AS SELECT 1 AS mine")
    with pytest.raises(DatabaseUnsuitable, match="price_history"):
        ensure_tables(service, read(_SLIP).targets, "price")
    service.execute("DROP VIEW price_history")
    ensure_tables(service, read(_SLIP).targets, "price")
    service.execute("DROP VIEW price_history")
    service.execute("CREATE VIEW price_history AS SELECT 1 AS mine")
    with pytest.raises(DatabaseUnsuitable) as refused:
        ensure_tables(service, read(_SLIP).targets, "price")
    assert str(refused.value) == (
        "Slip price shows the versions of public.price in public.price_history, and something else has that name: name the table otherwise."
    )


def test_a_table_that_is_filled_keeps_its_way_of_knowing_rows(producer: Connection, service: Connection, slip: Slip) -> None:
    stage(producer, "shop", [seen(1, 10)])
    settle(service, {"shop": slip}, 3)
    latest = read(_SLIP.replace('on_duplicate = "history(seen_at)"', 'on_duplicate = "newest(seen_at)"', 1))
    with pytest.raises(
        DatabaseUnsuitable, match=r"by \(sku\), but those that are there are known by \(sku\) and the version seen_at"
    ):
        require_same_identity(service, latest, [slip])


def test_the_view_of_a_long_name_has_a_name_that_postgresql_does_not_cut() -> None:
    names = {versions_name("é" * 28 + ending) for ending in ("abcdef", "abcdeg")}
    assert len(names) == 2
    assert all(len(name.encode()) <= 63 and name.endswith("_history") for name in names)
    assert versions_name("price") == "price_history"
