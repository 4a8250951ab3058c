"""Packed rows of roots and keyless children land as lines would: straight, beside contested ones, and by way of temp tables."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from etl_actors.relational.identity import child_identity
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.database import Connection
from etl_actors.store.loading import straight
from etl_actors.store.replay.unchanged import only
from tests.support.breaking import Breaking, stage

_TEXTS = ["a\tb\\c\n\"'%s", "ü\U0001f600" * 900, ""]
_DOCUMENTS: list[Any] = [
    {"no": 1, "items": [{"i": -(2**63), "t": _TEXTS[0], "b": True}, {"i": 2**63 - 1, "t": _TEXTS[1], "b": False}]},
    {"no": 2, "items": [{"t": _TEXTS[2], "n": None, "by": {"1": {"x": "y"}, "2": {"x": "z"}}}]},
    {"no": 3, "items": [None, {}]},
    {"no": 4, "items": []},
]


@pytest.mark.parametrize("most", [straight._MOST_CONTESTED, -1.0])
def test_packed_rows_land_as_lines_would(
    admin: psycopg.Connection, service: Connection, monkeypatch: pytest.MonkeyPatch, most: float
) -> None:
    monkeypatch.setattr(straight, "_MOST_CONTESTED", most)
    breaking = Breaking(service, read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public"))
    loaded = []
    for documents in (_DOCUMENTS[:1], _DOCUMENTS[:2], _DOCUMENTS[1:]):  # new; some there; and half of it
        stage(admin, "shop", documents)
        loaded += breaking.all()
    assert [one.loaded for one in loaded] == [1, 1, 2]
    assert {block.table.name for block in _parsed(admin, breaking) if block.packed} == {"shop", "shop__items", "shop__items__by"}
    root = "SELECT no, _id, _row_id, _batch_id FROM shop ORDER BY no"
    ids = {no: (identity.hex, row, batch) for no, identity, row, batch in service.execute(root)}
    first, second, third = ids[1], ids[2], ids[3]
    items = (
        "SELECT _id, _row_id, _batch_id, _parent_id, _root_id, _index, i, t, b, _rest FROM shop__items ORDER BY _row_id, _index"
    )
    assert [_plain(row) for row in service.execute(items)] == [
        (_child("shop__items", first, 0), *first[1:], first[0], first[0], 0, -(2**63), _TEXTS[0], True, None),
        (_child("shop__items", first, 1), *first[1:], first[0], first[0], 1, 2**63 - 1, _TEXTS[1], False, None),
        (_child("shop__items", second, 0), *second[1:], second[0], second[0], 0, None, "", None, {"/n": None}),
        (_child("shop__items", third, 0), *third[1:], third[0], third[0], 0, None, None, None, {"": None}),
        (_child("shop__items", third, 1), *third[1:], third[0], third[0], 1, None, None, None, {"": {}}),
    ]
    above = _child("shop__items", second, 0)
    by = "SELECT _id, _row_id, _batch_id, _parent_id, _root_id, _index, key, x, _rest FROM shop__items__by ORDER BY _index"
    assert [_plain(row) for row in service.execute(by)] == [
        (child_identity("shop__items__by", above, 0), *second[1:], above, second[0], 0, "1", "y", None),
        (child_identity("shop__items__by", above, 1), *second[1:], above, second[0], 1, "2", "z", None),
    ]


@pytest.mark.parametrize("most", [straight._MOST_CONTESTED, 1.0, -1.0])
def test_of_packed_roots_that_are_there_several_times_the_first_lands(
    admin: psycopg.Connection, service: Connection, monkeypatch: pytest.MonkeyPatch, most: float
) -> None:
    monkeypatch.setattr(straight, "_MOST_CONTESTED", most)
    breaking = Breaking(service, read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public"))
    stage(admin, "shop", [{"no": 1}, {"no": 0, "items": ["x"]}])
    breaking.all()
    stage(admin, "shop", [{"no": no, "items": [f"{no}"]} for no in (3, 2, 3, 4, 5, 6, 2, 3)] + [{"no": 1}])
    (loaded,) = breaking.all()
    assert (loaded.loaded, loaded.duplicate, loaded.differing) == (5, 4, 0)
    rows = "SELECT no, _row_id - (SELECT min(_row_id) FROM shop) FROM shop ORDER BY no"
    assert service.execute(rows).fetchall() == [(0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 6), (6, 7)]
    items = "SELECT value, _row_id - (SELECT min(_row_id) FROM shop) FROM shop__items ORDER BY value"
    assert service.execute(items).fetchall() == [("2", 3), ("3", 2), ("4", 5), ("5", 6), ("6", 7), ("x", 1)]


def _child(table: str, root: tuple[str, int, int], index: int) -> str:
    return child_identity(table, root[0], index)


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.hex if isinstance(value, UUID) else value for value in row)


def _parsed(admin: psycopg.Connection, breaking: Breaking) -> Any:
    stage(admin, "shop", _DOCUMENTS)
    (lease,) = breaking.claim(10)
    return breaking.parse(lease).blocks


@pytest.mark.parametrize("kept", [{1}, {1, 2}, set()])
def test_a_part_of_a_batch_has_the_packed_rows_of_its_documents(
    admin: psycopg.Connection, service: Connection, kept: set[int]
) -> None:
    breaking = Breaking(service, read_slip({"slip.toml": 'name = "shop"\nsource = "shop"\n[breakout]\n'}, "public"))
    stage(admin, "shop", _DOCUMENTS)
    (lease,) = breaking.claim(10)
    part = only(breaking.parse(lease), {lease.row_ids[number - 1] for number in kept})
    assert {block.table.name: block.rows for block in part.blocks} == {
        "shop": len(kept),
        "shop__items": sum(len(_DOCUMENTS[number - 1]["items"]) for number in kept),
        "shop__items__by": 2 * (2 in kept),
    }
    assert all(block.packed and len(block.each()) == block.rows for block in part.blocks)
