"""Replays beside what is no longer as it was: documents that are pruned, tables that are gone, policies that have changed."""

import pytest

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.changing import load
from tests.support.documents import one, stage
from tests.support.replays import repeat

_SLIP = """
name = "note"
source = "notes"
[tables.{root}]
key = ["id"]
columns.id = "id | int"
[tables.person]
each = "{people}"
key = ["name"]
on_duplicate = "{policy}"
on_error = "item"
columns.name = "name | text"
columns.a = "a | text"
columns.b = "b | text"
columns.size = "size | int"
"""
_PEOPLE = "SELECT name, a, b, _row_id, _filled FROM person ORDER BY name"


def slip_of(service: Connection, people: str = "$.people[*]", policy: str = "fill", root: str = "note") -> Slip:
    slip = read_slip({"slip.toml": _SLIP.format(people=people, policy=policy, root=root)}, "public")
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
    return slip


def prune(admin: Connection, row_id: int) -> None:
    admin.execute("ALTER TABLE etl.staging DISABLE TRIGGER ALL")
    admin.execute("DELETE FROM etl.staging WHERE row_id = %s", [row_id])


def replayed(service: Connection, row_ids: list[int], *slips: Slip) -> None:
    repeat(service, row_ids, {slip.digest: slip for slip in slips}, slips[-1].digest)


@pytest.mark.parametrize("policy", ["fill", "update"])
def test_what_a_document_gave_that_is_no_longer_retained_stays(
    producer: Connection, service: Connection, admin: Connection, policy: str
) -> None:
    first, later = slip_of(service), slip_of(service, "$.nobody[*]", policy)
    people = [{"name": "x", "a": "from 1"}], [{"name": "x", "b": "from 2"}]
    ids = stage(producer, "notes", [{"id": n, "people": given} for n, given in enumerate(people)])
    load(service, first, first, frozenset())
    prune(admin, ids[0])
    replayed(service, ids[1:], first, later)
    assert service.execute(_PEOPLE).fetchall() == [("x", "from 1", None, ids[0], None)]


def test_the_row_passes_to_the_lowest_giver_that_is_left_pruned_or_not(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    first, later = slip_of(service), slip_of(service, "$.nobody[*]")
    people = [{"name": "x", "a": "1"}], [{"name": "x", "a": "2"}], [{"name": "x", "b": "3"}]
    ids = stage(producer, "notes", [{"id": n, "people": given} for n, given in enumerate(people)])
    load(service, first, first, frozenset())
    prune(admin, ids[2])
    replayed(service, ids[:1], first, later)
    assert service.execute(_PEOPLE).fetchall() == [("x", "2", "3", ids[1], {"b": ids[2]})]
    admin.execute(
        "INSERT INTO etl.staging (row_id, source, payload) OVERRIDING SYSTEM VALUE VALUES (%s, 'notes', '{}')", [ids[2]]
    )
    assert not audit(admin, "public").findings


def test_a_table_that_is_gone_is_not_made_again_by_looking_for_winners(
    producer: Connection, service: Connection, admin: Connection
) -> None:
    first, moved = slip_of(service, policy="update"), slip_of(service, policy="update", root="memo")
    later = slip_of(service, "$.nobody[*]", "update", root="memo")
    ids = stage(producer, "notes", [{"id": 1, "people": [{"name": "x", "a": "1"}]}])
    load(service, first, first, frozenset())
    ids += stage(producer, "notes", [{"id": 2, "people": [{"name": "x", "a": "2"}]}])
    load(service, moved, moved, frozenset())
    admin.execute("DROP TABLE note")
    replayed(service, ids[1:], first, moved, later)
    assert one(service, "SELECT to_regclass('note')") is None
    assert service.execute(_PEOPLE.replace(", _filled", "")).fetchall() == [("x", "1", None, ids[0])]


def test_looking_for_winners_leaves_the_dead_letters_of_items_as_they_are(producer: Connection, service: Connection) -> None:
    first, later = slip_of(service, policy="update"), slip_of(service, "$.nobody[*]", "update")
    people = [{"name": "x", "a": "1"}, {"name": "y", "size": "big"}], [{"name": "x", "a": "2"}]
    ids = stage(producer, "notes", [{"id": n, "people": given} for n, given in enumerate(people)])
    load(service, first, first, frozenset())
    service.execute("UPDATE etl.reject SET status = 'discarded'")
    replayed(service, ids[1:], first, later)
    assert service.execute(_PEOPLE.replace(", _filled", "")).fetchall() == [("x", "1", None, ids[0])]
    assert service.execute("SELECT row_id, status FROM etl.reject").fetchall() == [(ids[0], "discarded")]
    assert one(service, "SELECT rejected_items FROM etl.row_status WHERE row_id = %s", ids[0]) == 1
