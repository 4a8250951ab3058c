"""Documents become rows: roots, children, identities, and rejects that say where."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.canonical import canonical_document
from etl_actors.relational.identity import child_identity, document_identity, key_identity, row_identity, stored_identity
from etl_actors.relational.reject import Reject, Stage
from etl_actors.relational.tables import Kind, Policy
from etl_actors.slips.casts.column_type import column_type, type_names
from etl_actors.slips.values.document import Staged

from .conftest import mapper_of, rows_of

SHOP = """
[tables.product]
key = ["sku"]
on_duplicate = "update"
columns.sku = "sku | text"
[tables.offer]
parent = "product"
each = "offers[*]"
key = ["seller"]
columns.seller = "seller | text"
columns.sku = "$.sku | text"
columns.price = "price | numeric(10,2)"
[tables.term]
parent = "offer"
each = "terms"
when = "@ != 'none'"
key = ["text", "at"]
columns.text = "@ | text"
columns.at = "@index | int"
[tables.support]
parent = "product"
each = "$.support.*"
columns.browser = "@key | text"
[tables.statement]
parent = "support"
each = "@ | as_list"
columns.added = "version_added | text"
[tables.maker]
parent = "product"
when = "exists(maker)"
columns.name = "maker.name | text"
"""

PRODUCT = {
    "sku": "A",
    "offers": [{"seller": "x", "price": 1, "terms": ["cash", "none", "card"]}, {"seller": "y", "price": "2.5"}],
    "support": {"ff": {"version_added": 3}, "ch": [{"version_added": True}, {}]},
    "maker": {"name": "M"},
}


def test_children_of_children_carry_the_lineage(map_one: Any) -> None:
    rows = map_one(SHOP, PRODUCT, row_id=9)
    (product,) = rows["product"]
    assert product == {"_id": key_identity("product", ["sA"]), "_row_id": "9", "sku": "A"}
    assert [(o["_id"], o["_parent_id"], o["_root_id"], o["_index"], o["_pos"], o["price"]) for o in rows["offer"]] == [
        (key_identity("offer", ["sx"]), product["_id"], product["_id"], "0", "0", "1.00"),
        (key_identity("offer", ["sy"]), product["_id"], product["_id"], "1", "1", "2.50"),
    ]
    offer = rows["offer"][0]["_id"]
    assert [(t["_id"], t["_parent_id"], t["_root_id"], t["_index"], t["at"], t["text"]) for t in rows["term"]] == [
        (key_identity("term", ["scash", "n0"]), offer, product["_id"], "0", "0", "cash"),
        (key_identity("term", ["scard", "n2e0"]), offer, product["_id"], "2", "2", "card"),
    ]
    assert [row["browser"] for row in rows["support"]] == ["ff", "ch"]
    assert [(row["_index"], row["added"]) for row in rows["statement"]] == [("0", "3"), ("0", "true"), ("1", None)]
    (maker,) = rows["maker"]
    assert maker["_id"] == child_identity("maker", product["_id"], 0)
    assert (maker["_index"], maker["name"]) == ("0", "M")


def test_an_each_without_matches_and_a_false_when_give_no_rows(map_one: Any) -> None:
    rows = map_one(SHOP, {"sku": "A"})
    assert [len(rows[name]) for name in rows] == [1, 0, 0, 0, 0, 0]


def test_positions_count_on_over_the_documents_of_a_batch() -> None:
    mapper = mapper_of(SHOP)
    lines = mapper.begin()
    for row_id in (1, 2):
        assert mapper.map(Staged(row_id, b"", "s", ""), PRODUCT, lines) is True
    assert [line.split("\t")[5] for line in lines[1]] == ["0", "1", "2", "3"]


def test_the_tables_know_kind_policy_and_parent() -> None:
    tables = {table.name: table for table in mapper_of(SHOP).tables}
    assert {name: (table.kind, table.policy, table.parent) for name, table in tables.items()} == {
        "product": (Kind.ROOT, Policy.UPDATE, None),
        "offer": (Kind.OWN, Policy.IGNORE, "public.product"),
        "term": (Kind.OWN, Policy.IGNORE, "public.offer"),
        "support": (Kind.SET, Policy.UPDATE, "public.product"),
        "statement": (Kind.SET, Policy.UPDATE, "public.support"),
        "maker": (Kind.SET, Policy.UPDATE, "public.product"),
    }
    assert next(iter(tables)) == "product"


@pytest.mark.parametrize(
    ("change", "path", "table", "column"),
    [
        ({"offers": [{"seller": "x"}, {"seller": "y", "price": "?"}]}, "$.offers[1].price", "public.offer", "price"),
        ({"offers": [{"price": 1}]}, "$.offers[0].seller", "public.offer", "seller"),
        ({"offers": [{"seller": "x"}, {"seller": "y", "terms": "z"}]}, "$.offers[1].terms", "public.term", None),
        ({"offers": [{"seller": "x", "terms": ["a", "\0"]}]}, "$.offers[0].terms[1]", "public.term", "text"),
        (
            {"support": {"it's": [{}, {"version_added": "\0"}]}},
            "$.support['it\\'s'][1].version_added",
            "public.statement",
            "added",
        ),
        ({"support": {"it's": {"version_added": "\0"}}}, "$.support['it\\'s'].version_added", "public.statement", "added"),
        ({"sku": None}, "$.sku", "public.product", "sku"),
        ({"maker": {"name": "\0"}}, "$.maker.name", "public.maker", "name"),
    ],
)
def test_a_reject_says_where_and_leaves_nothing_behind(change: Any, path: str, table: str, column: str | None) -> None:
    reject = rows_of_document(SHOP, PRODUCT | change)
    assert isinstance(reject, Reject)
    assert (reject.row_id, reject.stage) == (7, Stage.MAP)
    assert (reject.detail["path"], reject.detail["table"], reject.detail.get("column")) == (path, table, column)
    json.dumps(reject.detail)


@pytest.mark.parametrize(
    ("each", "document", "path", "column"),
    [
        (
            "a[*].b[*]",
            {"a": [{"b": [{}, {}]}, {"c": 1}, {"b": [{}, {"x": "?"}]}]},
            "$.a[2].b[1].x",
            "(x | int / x | date | int) | int",
        ),
        ("a[1:]", {"a": [{}, {}, {"x": "?"}]}, "$.a[2].x", "(x | int / x | date | int) | int"),
        ("a[*].b", {"a": [{}, {"b": {"x": "?"}}]}, "$.a[1].b.x", "(x | int / x | date | int) | int"),
        ("a | as_list", {"a": {"x": "?"}}, "$.a.x", "(x | int / x | date | int) | int"),
        ("a | as_list", {"a": [{}, {"x": "?"}]}, "$.a[1].x", "(x | int / x | date | int) | int"),
        ("a", {"a": [{}, {"x": "?"}]}, "$.a[1].x", "(x | int / x | date | int) | int"),
        ("b / a", {"a": 1, "b": [{"x": "?"}]}, "$.b[0].x", "(x | int / x | date | int) | int"),
        ("'k,l' | split(',')", {}, "$[0]", "@ | int"),
    ],
)
def test_a_reject_says_which_of_the_items_it_was(each: str, document: Any, path: str, column: str) -> None:
    toml = f"""[tables.t]
columns.z = "z | text"
[tables.u]
parent = "t"
each = "{each}"
columns.x = "{column}"
"""
    reject = rows_of_document(toml, document)
    assert isinstance(reject, Reject)
    assert reject.detail["path"] == path
    assert reject.detail["column"] == "x"


def rows_of_document(toml: str, document: Any) -> Any:
    mapper = mapper_of(toml)
    lines = mapper.begin()
    outcome = mapper.map(Staged(7, b"{}", "s", ""), document, lines)
    assert lines == mapper.begin()
    return outcome


def test_a_bug_in_a_step_goes_through_and_leaves_nothing_behind() -> None:
    mapper = mapper_of(SHOP)
    lines = mapper.begin()
    with pytest.raises(KeyError):
        mapper.map(Staged(7, b"{}", "s", ""), {"sku": "A", "offers": [{"seller": "x", "terms": [object()]}]}, lines)
    assert lines == mapper.begin()


def test_a_false_when_of_the_root_skips_the_document(map_one: Any) -> None:
    toml = "[tables.t]\nwhen = \"kind == 'x'\"\ncolumns.c = \"c | int\"\n[tables.u]\nparent = 't'\neach = '$.u'\ncolumns.d = '@ | int'"
    assert map_one(toml, {"kind": "y", "c": "no int", "u": "no list"}) is False
    assert map_one(toml, {"kind": "x", "c": 1, "u": [1]})["u"][0]["d"] == "1"


def test_a_slip_without_a_root_is_given_one() -> None:
    mapper = mapper_of('[tables.tag]\nparent = "s"\neach = "tags"\ncolumns.tag = "@ | text"')
    rows = rows_of(mapper, {"tags": ["a"]}, raw=b'{"tags": ["a"]}')
    assert isinstance(rows, dict)
    assert [name for name, _ in mapper.tables[0].copied] == ["_id", "_row_id"]
    assert rows["s"] == [{"_id": document_identity("s", b'{"tags": ["a"]}'), "_row_id": "1"}]
    assert rows["tag"][0]["_parent_id"] == rows["s"][0]["_id"]


def test_without_a_key_the_document_is_the_identity_however_its_numbers_are_written(map_one: Any) -> None:
    toml = '[tables.t]\ncolumns.a = "a | numeric"'
    rows = [map_one(toml, None, raw=raw)["t"][0] for raw in (b'{"a": 1.0}', b'{"a": 1}', b'{"a": 1.000}', b'{"a": "1.0"}')]
    assert len({row["_id"] for row in rows}) == 2
    assert rows[0]["_id"] == document_identity("t", canonical_document(b'{"a": 1.0}'))


def test_with_identity_row_every_staged_row_is_its_own(map_one: Any) -> None:
    toml = '[tables.t]\nidentity = "row"\ncolumns.a = "a | int"'
    rows = [map_one(toml, {"a": 1}, row_id=row_id)["t"][0] for row_id in (1, 2)]
    assert [row["_id"] for row in rows] == [row_identity("t", 1), row_identity("t", 2)]


def exactly(text: str) -> Any:
    """Read JSON without rounding."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False), _TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXT, inner, max_size=4)),
    max_leaves=15,
)


@given(st.dictionaries(_TEXT, _JSON, min_size=1, max_size=5))
def test_any_document_comes_back_from_its_lines(document: dict[str, Any]) -> None:
    toml = "[tables.t]\n" + "\n".join(
        f"columns.{kind}{number} = {json.dumps(f'@[{json.dumps(name)}] | {kind}', ensure_ascii=False)}".replace("\x7f", "\\u007f")
        for number, name in enumerate(document)
        for kind in ("text", "jsonb")
    )
    rows = rows_of(mapper_of(toml), document)
    assert isinstance(rows, dict)
    for number, value in enumerate(document.values()):
        text, written = rows["t"][0][f"text{number}"], rows["t"][0][f"jsonb{number}"]
        assert (None if written is None else exactly(written)) == exactly(json.dumps(value))
        if isinstance(value, str):
            assert text == value


_KEYS = {
    "text": _TEXT,
    "int": st.integers(-(2**31), 2**31 - 1),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str),
    "numeric(9,2)": st.integers(-9999, 9999),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "real": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "boolean": st.booleans(),
    "date": st.dates().map(str),
    "timestamptz": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    "uuid": st.uuids().map(str),
    "inet": st.ip_addresses().map(str),
    "jsonb": _JSON.filter(lambda value: value is not None),
}


@given(
    st.lists(st.sampled_from(sorted(_KEYS)).flatmap(lambda kind: st.tuples(st.just(kind), _KEYS[kind])), min_size=1, max_size=3)
)
def test_an_id_can_be_computed_from_the_stored_row(parts: list[tuple[str, Any]]) -> None:
    names = [f"k{number}" for number in range(len(parts))]
    columns = "\n".join(f'columns.{name} = "{name} | {kind}"' for name, (kind, _) in zip(names, parts, strict=True))
    mapper = mapper_of(f'[tables."it\'s {{t}}\\""]\nkey = {json.dumps(names)}\n{columns}')
    rows = rows_of(mapper, dict(zip(names, (value for _, value in parts), strict=True)))
    assert isinstance(rows, dict)
    ((row,),) = rows.values()
    assert row["_id"] == stored_identity(mapper.tables[0], [row[name] or "" for name in names])


@given(st.integers(-(10**6), 10**6))
def test_one_number_is_one_key_whatever_its_type(number: int) -> None:
    ids = set()
    for kind in ("int", "bigint", "numeric", "numeric(12,3)", "double"):
        rows = rows_of(mapper_of(f'[tables.t]\nkey = ["k"]\ncolumns.k = "k | {kind}"'), {"k": number})
        assert isinstance(rows, dict)
        ids.add(rows["t"][0]["_id"])
    assert len(ids) == 1


def test_deep_and_wide_documents_are_mapped(map_one: Any) -> None:
    deep: Any = 1.5
    for _ in range(500):
        deep = {"a": [deep]} if _ % 2 else {"a": deep}
    assert json.loads(map_one('[tables.t]\ncolumns.c = "@ | jsonb"', {"b": 1})["t"][0]["c"]) == {"b": 1}
    wide = {f"k{number}": number for number in range(5000)}
    rows = map_one(
        '[tables.t]\ncolumns.c = "k4999 | int"\n[tables.u]\nparent = "t"\neach = "$.*"\ncolumns.k = "@key | text"', wide
    )
    assert (rows["t"][0]["c"], len(rows["u"]), rows["u"][-1]["k"]) == ("4999", 5000, "k4999")
    nested: Any = "deepest"
    for _ in range(500):
        nested = [nested]
    assert json.loads(map_one('[tables.t]\ncolumns.c = "$ | jsonb"', nested)["t"][0]["c"]) == nested


def test_every_type_with_one_text_a_value_can_stand_in_a_key() -> None:
    for name in type_names():
        kind = column_type(name)
        if not kind.keyable:
            continue
        assert mapper_of(f'[tables.t]\nkey = ["k"]\ncolumns.k = "k | {name}"').tables[0].columns[0].type == kind.name
