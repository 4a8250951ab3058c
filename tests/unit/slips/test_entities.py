"""Entities: items below no parent, which many documents share; what is below them; the fields of every kind in order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.identity import child_identity, key_identity
from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Kind
from etl_actors.slips.values.document import Staged

from .conftest import mapper_of, rows_of, unescaped

WORKS = """
[tables.work]
key = ["id"]
columns.id = "id | int"
[tables.artist]
each = "$.artists[*]"
key = ["id"]
on_duplicate = "fill"
when = "exists(id)"
columns.id = "id | int"
columns.name = "name | text"
columns.place = "@index | int"
[tables.prize]
parent = "artist"
each = "prizes"
key = ["name"]
columns.name = "@ | text"
columns.of = "@up.name | text"
[tables.maker]
each = "$.makers.*"
key = ["name"]
on_duplicate = "update"
columns.name = "@key | text"
[tables.tool]
parent = "maker"
each = "tools"
columns.name = "@ | text"
[tables.part]
parent = "tool"
each = "@ | split('-')"
columns.name = "@ | text"
[tables.work_artist]
parent = "work"
each = "$.artists[*]"
columns.artist = "id | int"
"""

WORK = {
    "id": 7,
    "artists": [{"id": 1, "name": "A", "prizes": ["p", "q"]}, {"name": "nobody"}, {"id": 3, "prizes": ["p"]}],
    "makers": {"M": {"tools": ["a-b", "c"]}, "N": {"tools": []}},
}


def test_entities_are_rows_of_their_own_below_no_parent(map_one: Any) -> None:
    rows = map_one(WORKS, WORK, row_id=5)
    assert rows["artist"] == [
        {"_id": key_identity("artist", ["n1e0"]), "_row_id": "5", "_pos": "0", "id": "1", "name": "A", "place": "0"},
        {"_id": key_identity("artist", ["n3e0"]), "_row_id": "5", "_pos": "1", "id": "3", "name": None, "place": "2"},
    ]
    assert [row["_parent_id"] for row in rows["work_artist"]] == [rows["work"][0]["_id"]] * 3


def test_the_root_of_what_is_below_an_entity_is_the_entity(map_one: Any) -> None:
    rows = map_one(WORKS, WORK)
    one, three = rows["artist"]
    assert [
        (row["_parent_id"], row["_root_id"], row["_index"], row["_pos"], row["name"], row["of"]) for row in rows["prize"]
    ] == [
        (one["_id"], one["_id"], "0", "0", "p", "A"),
        (one["_id"], one["_id"], "1", "1", "q", "A"),
        (three["_id"], three["_id"], "0", "2", "p", None),
    ]
    maker = rows["maker"][0]
    tool = rows["tool"][0]
    assert tool["_id"] == child_identity("tool", maker["_id"], 0)
    assert (tool["_parent_id"], tool["_root_id"]) == (maker["_id"], maker["_id"])
    assert [(part["_parent_id"], part["_root_id"]) for part in rows["part"]][:2] == [(tool["_id"], maker["_id"])] * 2


def test_a_set_says_at_which_position_of_the_batch_its_owner_stands() -> None:
    mapper = mapper_of(WORKS)
    lines = mapper.begin()
    for row_id in (1, 2):
        assert mapper.map(Staged(row_id, b"", "s", ""), WORK, lines) is True
    told = {}
    for table, written in zip(mapper.tables, lines, strict=True):
        names = [name for name, _ in table.copied]
        told[table.name] = [dict(zip(names, map(unescaped, line.split("\t")), strict=True)) for line in written]
    makers = {(row["_row_id"], row["_id"]): row["_pos"] for row in told["maker"]}
    assert list(makers.values()) == ["0", "1", "2", "3"]
    for name in ("tool", "part"):
        assert {row["_owner_pos"] for row in told[name]} == {"0", "2"}
        assert all(row["_owner_pos"] == makers[row["_row_id"], row["_root_id"]] for row in told[name])
    assert [row["_pos"] for row in told["prize"]] == ["0", "1", "2", "3", "4", "5"]


def test_an_entity_of_no_key_is_refused_as_any_row(map_one: Any) -> None:
    reject = map_one(WORKS.replace('when = "exists(id)"\n', ""), WORK)
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.detail["path"], reject.detail["table"]) == ("null_key", "$.artists[1].id", "public.artist")


def test_an_entity_may_be_the_document_itself(map_one: Any) -> None:
    """A slip without a root is given one, so that its documents have a place in the books."""
    rows = map_one('[tables.artist]\neach = "@"\nkey = ["id"]\non_duplicate = "fill"\ncolumns.id = "id | int"', {"id": 4})
    assert [row["id"] for row in rows["artist"]] == ["4"]
    assert len(rows["s"]) == 1


def test_a_false_when_of_the_root_leaves_no_entities_either(map_one: Any) -> None:
    toml = "[tables.t]\nwhen = \"a == 1\"\ncolumns.a = \"a | int\"\n[tables.e]\neach = 'e'\nkey = ['k']\ncolumns.k = '@ | int'"
    assert map_one(toml, {"a": 2, "e": [1]}) is False
    assert len(map_one(toml, {"a": 1, "e": [1]})["e"]) == 1


@pytest.mark.parametrize(
    ("each", "document", "count"),
    [("a", {"a": [1, 2]}, 2), ("a", {"a": {"x": 1}}, 1), ("a", {}, 0), ("a", {"a": []}, 0), ("a.*", {"a": {"x": 1, "y": 2}}, 2)],
)
def test_an_object_is_one_item_and_an_array_as_many_as_it_holds(each: str, document: Any, count: int, map_one: Any) -> None:
    toml = f'[tables.t]\ncolumns.a = "@source | text"\n[tables.u]\nparent = "t"\neach = "{each}"\ncolumns.b = "@index | int"'
    assert [row["b"] for row in map_one(toml, document)["u"]] == [str(number) for number in range(count)]


def test_a_scalar_is_no_item(map_one: Any) -> None:
    toml = '[tables.t]\ncolumns.a = "@source | text"\n[tables.u]\nparent = "t"\neach = "a"\ncolumns.b = "@index | int"'
    reject = map_one(toml, {"a": 5})
    assert (reject.reason, reject.detail["path"]) == ("not_an_array", "$.a")


@given(st.permutations(["a", "b", "k", "z"]), st.sampled_from(["", "k"]), st.sampled_from(["", "k"]), st.booleans())
def test_the_fields_of_a_line_stand_as_the_table_says(order: list[str], key: str, inner: str, entity: bool) -> None:  # noqa: FBT001
    """Of roots, sets, rows with a key, entities, and sets with an owner: one column, one value that names it."""

    def table(name: str, key: str, more: str) -> str:
        columns = "\n".join(f"columns.{one} = \"'{name}_{one}' | text\"" for one in order)
        return f"[tables.{name}]\n{f'key = [{chr(34)}{key}{chr(34)}]' if key else ''}\n{more}\n{columns}\n"

    toml = (
        table("r", key, "")
        + table("u", "k" if entity else key, 'each = "$.u"' + ("" if entity else '\nparent = "r"'))
        + table("v", inner, 'each = "$.u"\nparent = "u"')
        + table("w", "", 'parent = "v"')
    )
    mapper = mapper_of(toml)
    rows = rows_of(mapper, {"u": [1, 2]})
    assert isinstance(rows, dict)
    kinds = {made.name: made.kind for made in mapper.tables}
    assert kinds["u"] is (Kind.ENTITY if entity else Kind.OWN if key else Kind.SET)
    for made in mapper.tables:
        assert rows[made.name]
        for row in rows[made.name]:
            assert list(row) == [name for name, _ in made.copied]
            assert {name: value for name, value in row.items() if not name.startswith("_")} == {
                one: f"{made.name}_{one}" for one in order
            }
            assert all(value is not None and value.isdigit() for name, value in row.items() if name in _NUMBERS)
            assert all(len(value or "") == 32 for name, value in row.items() if name in _IDENTITIES)


_NUMBERS = {"_row_id", "_index", "_pos", "_owner_pos"}
_IDENTITIES = {"_id", "_parent_id", "_root_id"}
