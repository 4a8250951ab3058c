"""Documents that are deleted, or kept in every version, and repeat things that have tables of their own: markers have no part in those."""

from random import Random
from typing import Any

import pytest

from etl_actors.store.audit.audit import audit
from etl_actors.store.audit.documents import Deep
from etl_actors.store.database import Connection
from tests.support.any_order import load_shuffled
from tests.support.contents import contents
from tests.support.documents import one, stage
from tests.support.standing import begin_again, slip_of, standing, tables_of

_ENTITIES = '[breakout.entities]\nshop_maker = { path = ["$.makers[*]", "$.of"], key = "id" }\n'


def _invented(dice: Random, count: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for number in range(count):
        at = dice.randrange(5)
        makers = [{"id": dice.randrange(3), "name": "x", dice.choice("pqr"): dice.choice([1, "a", 0.5])} for _ in range(3)]
        document: dict[str, Any] = {"id": dice.randrange(4), "at": at, "meta": {"at": at}, "no": number}
        document |= {"makers": makers[: dice.randrange(3)]} | ({"of": makers[2]} if dice.random() < 0.5 else {})
        if dice.random() < 0.35:
            document |= {"gone": True, "of": {"id": 9, "name": "only markers have it"}}
        made.append(document)
    return made


@pytest.mark.parametrize("loaders", [1, 2])
@pytest.mark.parametrize("policy", ["update", "newest(at)", "history(at)"])
def test_any_cut_in_any_order_gives_the_same_tables_of_documents_and_of_what_they_repeat(
    producer: Connection, service: Connection, service_url: str, database: str, admin: Connection, policy: str, loaders: int
) -> None:
    slip = slip_of(service, policy, _ENTITIES)
    dice = Random(f"{policy} {loaders}")
    documents = _invented(dice, 30)
    row_ids = stage(producer, "shop", documents)
    rows, tombstones = standing(policy, list(zip(row_ids, documents, strict=True)))
    results = []
    for _ in range(4):
        load_shuffled(service_url, slip, dice, loaders)
        results.append(contents(database, tables_of(admin)))
        assert one(admin, "SELECT count(*) FROM etl.reject") == 0
        assert {row_id for (row_id,) in admin.execute("SELECT _row_id FROM shop")} == rows
        assert {row_id for (row_id,) in admin.execute("SELECT _row_id FROM shop_deleted")} == tombstones
        assert one(admin, "SELECT count(*) FROM shop_maker WHERE id = '9'") == 0
        assert one(admin, "SELECT count(*) FROM shop_view") == len(rows)
        assert not audit(admin, "public", deep=Deep(None)).findings
        begin_again(database, service, slip)
    assert all(result == results[0] for result in results)
    assert {"shop_deleted", "shop_maker", "shop_view"} <= {*results[0]}
    assert ("shop_history" in results[0]) == policy.startswith("history")
