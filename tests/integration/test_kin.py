"""Slips that fill the same table differently: what a replaced row may not leave behind."""

from collections.abc import Sequence

import psycopg
import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser

_WIDE = """
name = "wide"
source = "wide"
[tables.thing]
key = ["id"]
on_duplicate = "{policy}"
columns.id = "id | int"
columns.title = "title | text"
columns.price = "price | int"
[tables.thing_tag]
parent = "thing"
each = "@.tags[*]"
columns.tag = "@ | text"
[tables.thing_copy]
parent = "thing_tag"
columns.again = "1 | int"
"""
_NARROW = """
name = "narrow"
source = "narrow"
[tables.thing]
key = ["id"]
on_duplicate = "{policy}"
columns.id = "id | int"
columns.title = "title | text"
"""
_DOCUMENT = '{"id": 1, "title": "t", "price": 5, "tags": ["x", "y"]}'


def _slips(policy: str) -> dict[str, Slip]:
    return {slip.name: slip for slip in (read_slip({"slip.toml": t.format(policy=policy)}, "public") for t in (_WIDE, _NARROW))}


def _parse(conn: Connection, slip: Slip, lease: Lease) -> Parsed:
    parser = BatchParser(lambda row_ids: fetch(conn, row_ids), "public")
    result = parser.parse(Job(lease.row_ids, Role((RoleSlip(slip.digest, slip.files),))))
    assert isinstance(result, Parsed)
    return result


def _claims(conn: Connection) -> dict[str, Lease]:
    inbox = Inbox(conn, 1)
    assert inbox.look()
    found: dict[str, Lease] = {}
    while made := inbox.claim(100, 1_000_000):
        found |= {lease.source: lease for lease in made}
    return found


def _contents(conn: Connection) -> list[list[tuple[object, ...]]]:
    statements: list[bytes] = [
        b"SELECT _row_id, id, title, price FROM thing ORDER BY _row_id",
        b"SELECT _row_id, tag FROM thing_tag ORDER BY tag",
        b"SELECT _row_id, again FROM thing_copy ORDER BY _id",
    ]
    return [conn.execute(statement).fetchall() for statement in statements]


@pytest.mark.parametrize("policy", ["ignore", "update"])
@pytest.mark.parametrize("staged", [("wide", "narrow"), ("narrow", "wide")], ids=" then ".join)
@pytest.mark.parametrize("committed", [("wide", "narrow"), ("narrow", "wide")], ids=" then ".join)
def test_the_winner_keeps_nothing_of_the_loser(
    service: Connection, producer: Connection, policy: str, staged: Sequence[str], committed: Sequence[str]
) -> None:
    slips = _slips(policy)
    for slip in slips.values():
        remember(service, slip)
    for source in staged:
        producer.execute("INSERT INTO etl.staging (source, payload) VALUES (%s, %s)", [source, _DOCUMENT])
    leases, loading = _claims(service), Loading(service)
    for source in committed:
        loading.load(leases[source], _parse(service, slips[source], leases[source]))
    winner = staged[0] if policy == "ignore" else staged[1]
    row_id = staged.index(winner) + 1
    expected: list[list[tuple[object, ...]]]
    if winner == "wide":
        expected = [[(row_id, 1, "t", 5)], [(row_id, "x"), (row_id, "y")], [(row_id, 1), (row_id, 1)]]
    else:
        expected = [[(row_id, 1, "t", None)], [], []]
    assert _contents(service) == expected
    added = dict(
        service.execute("SELECT key, sum(value::int)::int FROM etl.batch, jsonb_each_text(rows_added) GROUP BY key").fetchall()
    )
    assert {name: rows for name, rows in added.items() if rows} == {
        f"public.{name}": len(rows) for name, rows in zip(("thing", "thing_tag", "thing_copy"), expected, strict=True) if rows
    }


def test_a_slip_that_is_stored_while_another_loads_is_heeded(service: Connection, producer: Connection, database: str) -> None:
    """Warm a loader on the narrow slip before the wide one exists; then let the wide row land, and the narrow one replace it."""
    slips = _slips("update")
    remember(service, slips["narrow"])
    loading = Loading(service)
    producer.execute("INSERT INTO etl.staging (source, payload) VALUES ('narrow', %s)", ['{"id": 9}'])
    warm = _claims(service)["narrow"]
    loading.load(warm, _parse(service, slips["narrow"], warm))
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SET ROLE etl_service")
        remember(other, slips["wide"])
        for source in ("wide", "narrow"):
            producer.execute("INSERT INTO etl.staging (source, payload) VALUES (%s, %s)", [source, _DOCUMENT])
        leases = _claims(service)
        Loading(other).load(leases["wide"], _parse(other, slips["wide"], leases["wide"]))
    loading.load(leases["narrow"], _parse(service, slips["narrow"], leases["narrow"]))
    assert _contents(service) == [[(1, 9, None, None), (3, 1, "t", None)], [], []]
