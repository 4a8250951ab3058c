"""A dry run says what the replay then does, beside what is no longer as it was: documents pruned, tables gone, other policies."""

from pathlib import Path
from typing import Any

import pytest

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.replay.choice import Choice
from etl_actors.store.slips import remember
from etl_actors.store.tables.targets import ensure_tables
from tests.support.changing import load
from tests.support.documents import stage
from tests.support.previews import difference, rows_of, said, settings_of, told
from tests.support.replays import repeat

_SLIP = """
name = "note"
source = "notes"
[tables.{root}]
key = ["id"]
columns.id = "id | text"
[tables.person]
each = "{people}"
key = ["name"]
on_duplicate = "{policy}"
columns.name = "name | text"
columns.a = "a | text"
columns.b = "b | text"
"""
_NOBODY = "$.nobody[*]"
_TABLES = ["note", "person"]


def read_of(people: str = "$.people[*]", policy: str = "fill", root: str = "note") -> Slip:
    return read_slip({"slip.toml": _SLIP.format(people=people, policy=policy, root=root)}, "public")


def slip_of(service: Connection, people: str = "$.people[*]", policy: str = "fill", root: str = "note") -> Slip:
    slip = read_of(people, policy, root)
    ensure_tables(service, slip.targets, slip.name)
    remember(service, slip)
    return slip


def staged(producer: Connection, *people: dict[str, Any]) -> list[int]:
    return stage(producer, "notes", [{"people": [person], "id": person["name"] + str(n)} for n, person in enumerate(people)])


# Which of three documents is no longer retained, and which are chosen.
_CASES = [(None, (0,)), (None, (1, 2)), (0, (1,)), (1, (0,)), (2, (0, 1))]


@pytest.mark.parametrize("policy", ["fill", "update", "ignore"])
@pytest.mark.parametrize("people", [_NOBODY, "$.people[*]"], ids=["nobody", "people"])
def test_what_documents_gave_is_taken_back_as_the_replay_takes_it_back(
    producer: Connection, service: Connection, admin: Connection, database: str, tmp_path: Path, policy: str, people: str
) -> None:
    first = slip_of(service)
    chosen: list[int] = []
    pruned: list[int] = []
    for name, (gone, which) in enumerate(_CASES):
        ids = staged(producer, *({"name": str(name), **gives} for gives in ({"a": "1"}, {"a": "2"}, {"b": "3"})))
        chosen += [ids[no] for no in which]
        pruned += [] if gone is None else [ids[gone]]
    load(service, first, first, frozenset())
    admin.execute("ALTER TABLE etl.staging DISABLE TRIGGER ALL")
    admin.execute("DELETE FROM etl.staging WHERE row_id = ANY (%s)", [pruned])
    later = slip_of(service, people, policy)
    found = told(database, settings_of(later, tmp_path, database), Choice(rows=tuple(chosen)))
    before = rows_of(admin, _TABLES)
    repeat(service, chosen, {slip.digest: slip for slip in (first, later)}, later.digest)
    after = rows_of(admin, _TABLES)
    assert said(found) == difference(before, after)
    examples = {
        example.id: tuple(now for _, now in example.changes.values()) for table in found.tables for example in table.examples
    }
    assert examples == {
        id_: tuple(now for was, now in zip(before["public.person"][id_], row, strict=True) if was != now)
        for id_, row in after["public.person"].items()
        if row != before["public.person"][id_]
    }


def test_a_table_of_an_old_version_that_is_gone_is_not_looked_into(
    producer: Connection, service: Connection, admin: Connection, database: str, tmp_path: Path
) -> None:
    first = slip_of(service, policy="update")
    ids = staged(producer, {"name": "x", "a": "1"}, {"name": "x", "a": "2"})
    load(service, first, first, frozenset())
    later = slip_of(service, _NOBODY, "update", root="memo")
    admin.execute("DROP TABLE note")
    settings = settings_of(later, tmp_path, database)
    before = rows_of(admin, ["memo", "person"])
    foretold = said(told(database, settings, Choice(rows=(ids[1],))))
    repeat(service, ids[1:], {slip.digest: slip for slip in (first, later)}, later.digest)
    assert foretold == difference(before, rows_of(admin, ["memo", "person"]))


def test_a_table_that_is_to_be_filled_column_by_column_may_not_have_its_record_of_givers_yet(
    producer: Connection, service: Connection, admin: Connection, database: str, tmp_path: Path
) -> None:
    first = slip_of(service, policy="update")
    ids = staged(producer, {"name": "x", "a": "1"}, {"name": "x", "b": "2"})
    load(service, first, first, frozenset())
    found = told(database, settings_of(read_of(), tmp_path, database), Choice(rows=tuple(ids)))
    before = rows_of(admin, _TABLES)
    later = slip_of(service)
    repeat(service, ids, {slip.digest: slip for slip in (first, later)}, later.digest)
    assert said(found) == difference(before, rows_of(admin, _TABLES)) == {"public.person": (0, 1, 0)}
