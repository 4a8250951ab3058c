"""Documents with one key that are broken out: which stands, all versions or one, and what deletes them, while the tables follow."""

from random import Random
from typing import Any

import pytest

from etl_actors.relational.breakout.seen import seen_in
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown
from etl_actors.store.audit.audit import audit
from etl_actors.store.audit.documents import Deep
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.permission import Permission
from etl_actors.store.breakout.planned import planned_growth
from etl_actors.store.breakout.reshape import reshape
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.any_order import load_shuffled
from tests.support.contents import contents
from tests.support.documents import one, stage
from tests.support.slips import read
from tests.support.standing import begin_again, slip_of, standing, tables_of, text_of

_HISTORY = "history(at)"
_POLICIES = ["update", "newest(at)", _HISTORY]
_ODD: list[Any] = [1, 0.5, "soon", "2026-01-01", True, None, [1], {"w": 1}, []]


def invented(dice: Random, count: int, *, nulls: bool) -> list[dict[str, Any]]:
    """Make documents and markers of four keys, which meet at five times, and are not alike."""
    made: list[dict[str, Any]] = []
    for number in range(count):
        at = dice.choice([*range(5), *[None] * nulls])
        document: dict[str, Any] = {"id": dice.randrange(4), "at": at, "meta": {"at": at}, "no": number}
        if dice.random() < 0.35:
            document |= {"gone": True, "why": "only markers have it"}
        else:
            document |= {dice.choice("abc"): dice.choice(_ODD), "tags": [dice.choice([1, "x"])] * dice.randrange(3)}
        made.append(document)
    return made


@pytest.mark.parametrize("loaders", [1, 2])
@pytest.mark.parametrize("policy", _POLICIES)
def test_any_cut_in_any_order_gives_the_same_tables(
    producer: Connection, service: Connection, service_url: str, database: str, admin: Connection, policy: str, loaders: int
) -> None:
    slip = slip_of(service, policy)
    dice = Random(f"{policy} {loaders}")
    documents = invented(dice, 40, nulls=policy.startswith("newest"))
    row_ids = stage(producer, "shop", documents)
    rows, tombstones = standing(policy, list(zip(row_ids, documents, strict=True)))
    results = []
    for _ in range(6):
        load_shuffled(service_url, slip, dice, loaders)
        results.append(contents(database, tables_of(admin)))
        assert one(admin, "SELECT count(*) FROM etl.reject") == 0
        assert {row_id for (row_id,) in admin.execute("SELECT _row_id FROM shop")} == rows
        assert {row_id for (row_id,) in admin.execute("SELECT _row_id FROM shop_deleted")} == tombstones
        assert not audit(admin, "public", deep=Deep(None)).findings
        begin_again(database, service, slip)
    assert all(result == results[0] for result in results)
    assert ("shop_history" in results[0]) == policy.startswith("history")


def come(producer: Connection, service_url: str, slip: Slip, *documents: dict[str, Any]) -> None:
    stage(producer, "shop", documents)
    load_shuffled(service_url, slip, Random(1), 1)


def test_columns_change_under_the_view_of_versions_and_it_follows(
    producer: Connection, service: Connection, service_url: str, admin: Connection
) -> None:
    slip = slip_of(service, _HISTORY)
    come(producer, service_url, slip, {"id": 1, "meta": {"at": 1}, "no": 1, "day": "2026-01-01", "A b": 1})
    come(producer, service_url, slip, {"id": 1, "meta": {"at": 3}, "no": 0.5, "day": "soon", "A b": 1, "a_b": 2})
    come(producer, service_url, slip, {"id": 1, "meta": {"at": 4}, "gone": True})
    seen = admin.execute("SELECT at, no::text, day, a_b::int, _valid_to, _current FROM shop_history ORDER BY at").fetchall()
    assert seen == [(1, "1", "2026-01-01", None, 3, False), (3, "0.5", "soon", 2, 4, False)]
    made = [statement for (statement,) in admin.execute("SELECT statement FROM etl.schema_change ORDER BY change_id")]
    assert any(statement.startswith("DROP VIEW") for statement in made)
    admin.execute("SET ROLE etl_reader")
    assert one(admin, "SELECT count(*) FROM shop_history") == 2


def test_tables_are_filled_anew_under_the_view_of_versions_and_tombstones_stay(
    producer: Connection, service: Connection, service_url: str, admin: Connection
) -> None:
    slip = slip_of(service, _HISTORY)
    come(
        producer,
        service_url,
        slip,
        {"id": 1, "meta": {"at": 1}, "sold": {"x": 1, "y": 2}},
        {"id": 1, "meta": {"at": 2}, "gone": True},
    )
    were = sorted(
        admin.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename ~ '^shop(_deleted)?$' AND indexname ~ '^etl_index'"
        ).fetchall()
    )
    come(producer, service_url, slip, {"id": 1, "meta": {"at": 5}, "sold": {"2024-01": 5, "2024-02": 7}})
    assert one(admin, "SELECT count(*) FROM etl.action WHERE action = 'breakout refill'") > 0
    assert admin.execute("SELECT at, _valid_to, _current FROM shop_history ORDER BY at").fetchall() == [
        (1, 2, False),
        (5, None, True),
    ]
    assert (
        sorted(
            admin.execute(
                "SELECT indexname FROM pg_indexes WHERE tablename ~ '^shop(_deleted)?$' AND indexname ~ '^etl_index'"
            ).fetchall()
        )
        == were
    )
    assert ensure_tables(service, slip.targets[-1:], "shop") == []
    assert not audit(admin, "public", deep=Deep(None)).findings


def test_a_view_on_the_view_of_versions_keeps_a_document_from_changing_the_columns(
    producer: Connection, service: Connection, service_url: str, admin: Connection
) -> None:
    slip = slip_of(service, _HISTORY)
    come(producer, service_url, slip, {"id": 1, "meta": {"at": 1}, "no": 1, "sold": {"x": 1}})
    admin.execute("CREATE VIEW mine AS SELECT id FROM shop_history")
    come(
        producer,
        service_url,
        slip,
        {"id": 1, "meta": {"at": 2}, "no": 0.5},
        {"id": 1, "meta": {"at": 3}, "more": 1},
        {"id": 1, "meta": {"at": 4}, "sold": {"2024-01": 1, "2024-02": 2}},
    )
    assert admin.execute("SELECT at FROM shop_history ORDER BY at").fetchall() == [(1,), (3,)], "new columns go behind the others"
    told = [message for (message,) in admin.execute("SELECT message FROM etl.reject WHERE reason = 'no_place' ORDER BY row_id")]
    assert len(told) == 2
    assert all("mine" in message for message in told)
    known = Breakouts(service, "public").current(slip)
    wider, otherwise = (grown(known, seen_in(one)) for one in ({"no": 0.5}, {"sold": {"2024-01": 1, "2024-02": 2}}))
    plans = [planned_growth(service, wanted, "public", Permission()) for wanted in (wider, otherwise)]
    assert [conflict.split(", which")[0] for conflict in plans[0].conflicts] == ['View mine depends on "public"."shop_history"']
    assert [conflict.split(":")[0] for conflict in plans[1].conflicts] == [
        "View mine depends on tables that would have to be filled anew"
    ]


def test_versions_and_markers_that_cannot_be_read_are_rejected_with_reasons(
    producer: Connection, service: Connection, service_url: str, admin: Connection
) -> None:
    slip = slip_of(service, _HISTORY)
    come(producer, service_url, slip, {"id": 1}, {"id": 1, "meta": {"at": "soon"}}, {"gone": True}, {"id": 1, "gone": True})
    told = "SELECT reason, message, detail ->> 'path', detail ->> 'expression' FROM etl.reject ORDER BY row_id"
    null = "expected a value for `at`, which tells the versions of a key of `shop` apart, got null"
    assert admin.execute(told).fetchall() == [
        ("null_version", null, "$.meta.at", "meta.at | int"),
        ("not_an_integer", "expected an integer (int), got 'soon'", "$.meta.at", "meta.at | int"),
        ("null_key", "expected a value for `id`, which is in the key of `shop`, got null", "$.id", "id | int"),
        ("null_version", null, "$.meta.at", "meta.at | int"),
    ]


def test_the_key_of_a_tombstone_has_a_name_whatever_other_fields_there_are(
    producer: Connection, service: Connection, service_url: str, admin: Connection
) -> None:
    slip = read(text_of("update").replace('"id"', '"The Id"'))
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
    come(producer, service_url, slip, {"The Id": 1}, {"The Id": 1, "gone": True})
    come(producer, service_url, slip, {"The Id": 2, "the_id": 7}, {"The Id": 3}, {"The Id": 3, "gone": True})
    assert admin.execute("SELECT the_id FROM shop").fetchall() == [(7,)]
    assert admin.execute("SELECT the_id FROM shop_deleted ORDER BY 1").fetchall() == [("1",), ("3",)]
    assert not audit(admin, "public", deep=Deep(None)).findings


def test_a_slip_that_says_otherwise_of_places_has_the_tables_without_what_markers_hold(
    producer: Connection, service: Connection, service_url: str, admin: Connection
) -> None:
    slip = slip_of(service, "update")
    come(producer, service_url, slip, {"id": 1, "no": "7"}, {"id": 2, "gone": True, "why": "sold"})
    later = read(text_of("update") + 'numbers = ["$.no"]\n')
    assert reshape(service, later, "public") == ["public.shop"]
    columns = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'shop'::regclass AND attnum > 4"
    assert one(admin, columns).split() == ["id", "no", "_rest"]
