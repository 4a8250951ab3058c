"""Trees of unknown depth become rows: an item, then those below it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.errors import SlipError
from etl_actors.relational.identity import child_identity
from etl_actors.relational.reject import Reject
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged, decode

from .conftest import mapper_of, rows_of

TREE = """
[tables.t]
columns.a = "a | text"
[tables.node]
parent = "t"
each = "$.tree"
recurse = "children[*]"
columns.name = "name | text"
columns.up = "@up.name | text"
columns.depth = "@depth | int"
[tables.tag]
parent = "node"
each = "tags"
columns.tag = "@ | text"
columns.of = "@up.name | text"
"""


def node(name: str, *children: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "children": list(children), **more}


def test_an_item_comes_before_those_below_it_and_those_before_the_next(map_one: Any) -> None:
    tree = node("a", node("b", node("c"), node("d")), node("e", node("f")))
    rows = map_one(TREE, {"tree": [tree, node("g")]})["node"]
    assert [(row["name"], row["up"], row["depth"], row["_index"]) for row in rows] == [
        ("a", None, "0", "0"),
        ("b", "a", "1", "1"),
        ("c", "b", "2", "2"),
        ("d", "b", "2", "3"),
        ("e", "a", "1", "4"),
        ("f", "e", "2", "5"),
        ("g", None, "0", "6"),
    ]
    assert len({row["_id"] for row in rows}) == 7


def test_a_tree_may_begin_with_one_object(map_one: Any) -> None:
    assert [row["name"] for row in map_one(TREE, {"tree": node("a", node("b"))})["node"]] == ["a", "b"]


def test_identities_go_by_the_count_over_all_levels(map_one: Any) -> None:
    rows = map_one(TREE, {"tree": node("a", node("b"))})
    assert [row["_id"] for row in rows["node"]] == [child_identity("node", rows["t"][0]["_id"], number) for number in (0, 1)]
    assert {row["_parent_id"] for row in rows["node"]} == {rows["t"][0]["_id"]}


def test_what_is_below_an_item_of_a_tree_belongs_to_it(map_one: Any) -> None:
    rows = map_one(TREE, {"tree": node("a", node("b", tags=["x", "y"]), tags=["z"])})
    a, b = (row["_id"] for row in rows["node"])
    assert [(row["_parent_id"], row["tag"], row["of"], row["_index"]) for row in rows["tag"]] == [
        (a, "z", "a", "0"),
        (b, "x", "b", "0"),
        (b, "y", "b", "1"),
    ]


def test_items_that_give_no_row_count_and_have_items_below(map_one: Any) -> None:
    toml = TREE.replace('recurse = "children[*]"\n', 'recurse = "children[*]"\nwhen = "name != \'b\'"\n')
    rows = map_one(toml, {"tree": node("a", node("b", node("c")))})["node"]
    assert [(row["name"], row["_index"], row["up"]) for row in rows] == [("a", "0", None), ("c", "2", "b")]


def test_keys_of_objects_name_the_items_of_a_tree(map_one: Any) -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.file]
parent = "t"
each = "$.files.*"
recurse = "in.*"
columns.name = "@key | text"
columns.up = "@up.in | jsonb"
"""
    rows = map_one(toml, {"files": {"x": {"in": {"y": {}, "z": {"in": {"w": {}}}}}}})["file"]
    assert [row["name"] for row in rows] == ["x", "y", "z", "w"]


def test_lets_and_steps_may_find_what_is_below(map_one: Any) -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.n]
parent = "t"
each = "$.n"
recurse = "below"
let.below = "text | from_json"
columns.v = "v | int"
columns.depth = "@depth | int"
"""
    inner = json.dumps([{"v": 2, "text": json.dumps({"v": 3})}, {"v": 4}])
    rows = map_one(toml, {"n": {"v": 1, "text": inner}})["n"]
    assert [(row["v"], row["depth"]) for row in rows] == [("1", "0"), ("2", "1"), ("3", "2"), ("4", "1")]


def test_entities_come_out_of_trees(map_one: Any) -> None:
    toml = """
[tables.subject]
each = "$.subjects"
recurse = "children[*]"
key = ["id"]
on_duplicate = "fill"
columns.id = "id | int"
columns.broader = "@up.id | ref('subject')"
"""
    rows = map_one(toml, {"subjects": {"id": 1, "children": [{"id": 2, "children": [{"id": 3}]}, {"id": 3}]}})["subject"]
    ids = {row["id"]: (row["_id"] or "").replace("-", "") for row in rows}
    assert [(row["id"], (row["broader"] or "").replace("-", "")) for row in rows] == [
        ("1", ""),
        ("2", ids["1"]),
        ("3", ids["2"]),
        ("3", ids["1"]),
    ]
    assert [row["_pos"] for row in rows] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ([node("a"), node("b", node("c"), node("d"), node("\0"))], "$.tree[1].children[2].name"),
        (node("a", node("b", node("c", node("\0")))), "$.tree.children[0].children[0].children[0].name"),
        (node("a", node("b", tags=["x", "\0"])), "$.tree.children[0].tags[1]"),
        (node("a", {"name": "x", "tags": 5}), "$.tree.children[0].tags"),
    ],
)
def test_a_reject_says_where_in_the_tree(tree: Any, path: str) -> None:
    mapper = mapper_of(TREE)
    reject = mapper.map(Staged(1, b"{}", "s", ""), {"tree": tree}, mapper.begin())
    assert isinstance(reject, Reject)
    assert reject.detail["path"] == path


def test_a_reject_says_where_recurse_itself_failed(map_one: Any) -> None:
    toml = TREE.replace('"children[*]"', '"children"')
    reject = map_one(toml, {"tree": node("a", node("b"), {"name": "c", "children": 7})})
    assert (reject.reason, reject.detail["path"], reject.detail["expression"]) == (
        "not_an_array",
        "$.tree.children[1].children",
        "children",
    )


def test_a_document_of_the_greatest_depth_is_mapped() -> None:
    deep: Any = {"name": "end"}
    for number in range(510):
        deep = {"name": str(number), "in": deep}
    toml = TREE.replace("children[*]", "in").replace("$.tree", "$")
    mapper = mapper_of(toml)
    raw = json.dumps(deep).encode()
    lines = mapper.begin()
    assert mapper.map(Staged(1, raw, "s", ""), decode(raw), lines) is True
    assert len(lines[1]) == 511
    assert lines[1][-1].endswith("\t510")
    assert "\tend\t0\t" in lines[1][-1]


LETS = '[let]\ntree = "$.tree"\nbelow = "$.tree.children[*]"\n'


def test_a_recursion_that_never_ends_is_refused_soon() -> None:
    for recurse in ("@ | as_list", "tree", "below"):
        toml = LETS + TREE.replace('"children[*]"', f'"{recurse}"')
        mapper = mapper_of(toml)
        lines = mapper.begin()
        document = {"tree": node("a", *[node(f"b{number}") for number in range(20)])}
        reject = mapper.map(Staged(1, b"{}", "s", ""), document, lines)
        assert isinstance(reject, Reject)
        assert reject.reason == "too_deep"
        assert lines == mapper.begin()


def test_a_recursion_that_never_ends_is_not_the_fault_of_single_items() -> None:
    mapper = mapper_of(LETS + TREE.replace('"children[*]"', '"below"\non_error = "item"'))
    reject = mapper.map(Staged(1, b"{}", "s", ""), {"tree": node("a", *[node("b")] * 20)}, mapper.begin())
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.item) == ("too_deep", False)


_TREES = st.recursive(
    st.builds(node, st.sampled_from("ab")),
    lambda inner: st.builds(lambda name, children: node(name, *children), st.sampled_from("ab"), st.lists(inner, max_size=3)),
    max_leaves=12,
)


def _walked(tree: dict[str, Any], up: str | None = None, depth: int = 0) -> list[tuple[str, str | None, str]]:
    here = (tree["name"], up, str(depth))
    return [here, *(one for child in tree["children"] for one in _walked(child, tree["name"], depth + 1))]


@given(st.lists(_TREES, max_size=3))
def test_any_tree_comes_out_as_a_walk_over_it(trees: list[dict[str, Any]]) -> None:
    rows = rows_of(_MAPPER, {"tree": trees})
    assert isinstance(rows, dict)
    walked = [one for tree in trees for one in _walked(tree)]
    assert [(row["name"], row["up"], row["depth"]) for row in rows["node"]] == walked
    assert [row["_index"] for row in rows["node"]] == [str(number) for number in range(len(walked))]


_MAPPER = mapper_of(TREE)


@pytest.mark.parametrize("recurse", ["@", "$", "$.tree", "$.tree.*", "@up", "@up.children", "$.tree | as_list"])
def test_what_is_the_same_at_every_level_is_refused(recurse: str) -> None:
    toml = f"""
name = "s"
[tables.t]
columns.a = "a | text"
[tables.n]
parent = "t"
each = "tree"
recurse = "{recurse}"
columns.b = "b | text"
"""
    with pytest.raises(SlipError, match="the same at every level, without end"):
        read_slip({"slip.toml": toml}, "public")
