"""Lets are computed when something asks for them, once a document or item, and fail only what uses them."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.compile import Mapper, compile_slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged, decode

from .conftest import mapper_of, rows_of

COUNTING = """
from typing import Any
from etl_actors import step

CALLS = []

@step
def counted(value: Any) -> Any:
    CALLS.append(value)
    return value

@step
def failing(value: Any) -> Any:
    CALLS.append(value)
    raise ValueError("something else")
"""


def counting(toml: str) -> tuple[Mapper, list[Any]]:
    """Compile a slip whose steps `counted` and `failing` note the values that they are called with."""
    mapper = compile_slip(read_slip({"slip.toml": f'name = "s"\n{toml}', "steps.py": COUNTING}, "public"))
    calls = next(
        cell.cell_contents.__globals__["CALLS"]
        for name, thing in mapper._function.__globals__.items()
        if name.startswith("own_")
        for cell in thing.__closure__
        if hasattr(cell.cell_contents, "__globals__")
    )
    return mapper, calls


def test_a_let_is_a_name_for_a_value(map_one: Any) -> None:
    toml = """
[let]
name = "person.name | trim"
loud = "name | upper"
[tables.t]
columns.a = "name | text"
columns.b = "loud | text"
columns.c = "loud | split('N') | first | text"
"""
    (row,) = map_one(toml, {"person": {"name": " ann "}})["t"]
    assert (row["a"], row["b"], row["c"]) == ("ann", "ANN", "A")


def test_a_let_wins_over_a_field_and_an_at_sign_means_the_field(map_one: Any) -> None:
    toml = """
[let]
a = "b | text"
[tables.t]
columns.let = "a | text"
columns.field = "@.a | text"
columns.root = "$.a | text"
columns.inner = "c.a | text"
"""
    (row,) = map_one(toml, {"a": "field", "b": "let", "c": {"a": "inner"}})["t"]
    assert (row["let"], row["field"], row["root"], row["inner"]) == ("let", "field", "field", "inner")


def test_the_fields_of_a_let_s_value_are_reached_by_paths(map_one: Any) -> None:
    toml = """
[let]
o = "text | from_json"
[tables.t]
columns.a = "o.list[1].x | int"
columns.b = "o['k y'] | int"
columns.c = "o.missing.more | int"
columns.d = "o.list[*].x | join(',') | text"
columns.e = "o.list[-1:] | jsonb"
[tables.u]
parent = "t"
each = "o.*"
columns.k = "@key | text"
"""
    rows = map_one(toml, {"text": '{"list": [{"x": 1}, {"x": 2}], "k y": 3}'})
    (row,) = rows["t"]
    assert [row[name] for name in "abcde"] == ["2", "3", None, "1,2", '[{"x":2}]']
    assert [one["k"] for one in rows["u"]] == ["list", "k y"]


def test_a_let_that_fails_fails_only_what_uses_it(map_one: Any) -> None:
    toml = """
[let]
n = "n | int"
[tables.t]
columns.plain = "a | text"
columns.choice = "n | text / a | text"
columns.never = "if(exists(a), null, n) | int"
"""
    (row,) = map_one(toml.replace('n = "n | int"', 'n = "@.n | int"'), {"n": "x", "a": "y"})["t"]
    assert (row["plain"], row["choice"], row["never"]) == ("y", "y", None)


@pytest.mark.parametrize("uses", [1, 2, 7])
def test_a_let_is_computed_once_a_document_however_often_it_is_used(uses: int) -> None:
    columns = "\n".join(f'columns.c{number} = "x | text"' for number in range(uses))
    mapper, calls = counting(f'[let]\nx = "a | counted"\n[tables.t]\n{columns}\n[tables.u]\nparent = "t"\neach = "u"\n{columns}')
    for number in (1, 2):
        rows_of(mapper, {"a": number, "u": [1, 2, 3]})
    assert calls == [1, 2]


def test_a_let_that_nothing_asks_for_is_not_computed() -> None:
    toml = """
[let]
x = "a | failing"
[tables.t]
columns.c = "if(exists(b), x, 0) | int"
"""
    mapper, calls = counting(toml)
    assert isinstance(rows_of(mapper, {"a": 1}), dict)
    assert calls == []
    assert isinstance(rows_of(mapper, {"a": 1, "b": 1}), Reject)


def test_a_failure_is_kept_too() -> None:
    toml = """
[let]
x = "a | failing"
y = "x | text"
[tables.t]
columns.a = "x | text / 'one' | text"
columns.b = "y | text / 'two' | text"
columns.c = "x | text / 'three' | text"
"""
    mapper, calls = counting(toml)
    rows = rows_of(mapper, {"a": 1})
    assert isinstance(rows, dict)
    assert [rows["t"][0][name] for name in "abc"] == ["one", "two", "three"]
    assert calls == [1]


def test_null_is_a_value_that_is_kept_as_any_other() -> None:
    mapper, calls = counting('[let]\nx = "a | counted | null_if(1)"\n[tables.t]\ncolumns.a = "x | text"\ncolumns.b = "x | text"')
    rows_of(mapper, {"a": 1})
    assert calls == [1]


def test_the_lets_of_a_table_are_computed_once_an_item() -> None:
    toml = """
[let]
top = "$.top | counted"
[tables.t]
columns.a = "a | text"
[tables.u]
parent = "t"
each = "$.u.*"
let.item = "@ | counted"
let.all = "concat(@key, @index, @up.a, top, item)"
when = "item != 0"
columns.a = "all | text"
columns.b = "all | text"
"""
    toml = toml.replace("concat(@key, @index, @up.a, top, item)", "@key | concat(@index, @up.a, top, item)")
    mapper, calls = counting(toml)
    rows = rows_of(mapper, {"a": "-", "top": "T", "u": {"x": 5, "y": 0, "z": 6}})
    assert isinstance(rows, dict)
    assert [(row["a"], row["b"]) for row in rows["u"]] == [("x0-T5", "x0-T5"), ("z2-T6", "z2-T6")]
    assert calls == [5, "T", 0, 6]


def test_a_failure_of_one_item_is_not_that_of_the_next(map_one: Any) -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.u]
parent = "t"
each = "u"
let.n = "n | int"
columns.n = "n | int / -1 | int"
"""
    toml = toml.replace('let.n = "n | int"', 'let.n = "@.n | int"')
    rows = map_one(toml, {"u": [{"n": 1}, {"n": "x"}, {"n": 3}]})
    assert [row["n"] for row in rows["u"]] == ["1", "-1", "3"]


def test_a_table_without_items_of_its_own_sees_the_lets_of_the_table_above(map_one: Any) -> None:
    toml = """
[tables.t]
let.x = "a | upper"
columns.a = "x | text"
[tables.u]
parent = "t"
let.y = "x | lower"
columns.a = "x | text"
columns.b = "y | text"
[tables.v]
parent = "t"
each = "x | split('B')"
columns.field = "x | text"
columns.item = "@ | text"
"""
    rows = map_one(toml, {"a": "aBc"})
    assert (rows["u"][0]["a"], rows["u"][0]["b"]) == ("ABC", "abc")
    assert [(row["field"], row["item"]) for row in rows["v"]] == [(None, "A"), (None, "C")]


def test_a_chain_of_a_hundred_lets_is_computed_from_its_end(map_one: Any) -> None:
    lets = "\n".join(f'l{number} = "l{number - 1} | add(1)"' for number in range(1, 100))
    (row,) = map_one(f'[let]\nl0 = "a"\n{lets}\n[tables.t]\ncolumns.c = "l99 | int"', {"a": 1})["t"]
    assert row["c"] == "100"


_STEPS = ["trim", "upper", "lower", "squish", "default('d')", "null_if('a')", "text", "required", "split(' ') | first", "int"]
_VALUES = st.one_of(st.none(), st.integers(0, 3), st.text("aA 1", max_size=4), st.lists(st.text("a ", max_size=2), max_size=2))


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from(_STEPS), min_size=1, max_size=3), min_size=1, max_size=4),
    _VALUES,
    st.lists(_VALUES, max_size=3),
)
def test_a_let_gives_what_its_expression_written_in_its_place_gives(steps: list[list[str]], value: Any, items: list[Any]) -> None:
    lets, names, whole = [], ["$.a"], ["$.a"]
    for number, several in enumerate(steps):
        lets.append(f"l{number} = {json.dumps(' | '.join([names[-1], *several]))}")
        names.append(f"l{number}")
        whole.append(" | ".join([whole[-1], *several]))

    def slip(values: list[str]) -> str:
        columns = "\n".join(f"columns.c{number} = {json.dumps(f'{one} | text')}" for number, one in enumerate(values))
        safe = "\n".join(f"columns.c{number} = {json.dumps(f'{one} | text / null')}" for number, one in enumerate(values))
        return f'[tables.t]\n{safe}\n[tables.u]\nparent = "t"\neach = "u"\n{columns}'

    document = {"a": value, "u": items}
    written = rows_of(mapper_of(slip(whole)), document)
    named = rows_of(mapper_of("[let]\n" + "\n".join(lets) + "\n" + slip(names)), document)
    if isinstance(written, Reject):
        assert isinstance(named, Reject)
        assert (named.reason, named.message, named.detail["path"]) == (written.reason, written.message, written.detail["path"])
    else:
        assert named == written


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("xyz"), st.booleans()), max_size=8), st.integers(0, 3))
def test_no_let_is_computed_twice(columns: list[tuple[str, bool]], items: int) -> None:
    """Whatever is asked for in whatever order, failures included."""
    written = "\n".join(
        f'columns.c{number} = "{name} | text / null"' if loose else f'columns.c{number} = "if(exists($.never), {name}, 1) | text"'
        for number, (name, loose) in enumerate(columns)
    )
    toml = f"""
[let]
x = "$.a | counted"
y = "$.b | failing"
[tables.t]
columns.a = "$.a | int"
[tables.u]
parent = "t"
each = "u"
let.z = "@.i | counted"
{written}
"""
    mapper, calls = counting(toml)
    document = {"a": 1, "b": 2, "u": [{"i": 10 + number} for number in range(items)]}
    rows_of(mapper, document)
    assert len(calls) == len(set(calls))
    asked = {name for name, loose in columns if loose}
    assert set(calls) == ({1} if "x" in asked and items else set()) | ({2} if "y" in asked and items else set()) | (
        {10 + number for number in range(items)} if "z" in asked else set()
    )


def test_lets_hold_in_deep_and_wide_documents(map_one: Any) -> None:
    deep: Any = "end"
    for _ in range(250):
        deep = {"": [deep]}
    wide = {f"k{number}": {"": number} for number in range(5000)}
    toml = """
[let]
all = "$.wide"
down = "$.deep['']"
[tables.t]
columns.c = "all.k4999[''] | int"
columns.d = "down[0][''][0] | jsonb"
[tables.u]
parent = "t"
each = "all.*"
let.n = "@[''] | add(1)"
columns.k = "@key | text"
columns.n = "n | numeric"
"""
    rows = map_one(toml, {"wide": wide, "deep": deep})
    assert rows["t"][0]["c"] == "4999"
    assert rows["t"][0]["d"] is not None
    assert [Decimal(row["n"]) for row in rows["u"]] == list(range(1, 5001))


def test_a_failure_leaves_no_frames_behind() -> None:
    """A kept failure must not hold the document, nor grow a traceback with each use."""
    mapper = mapper_of(
        '[let]\nx = "a | int"\n[tables.t]\ncolumns.a = "a | text"\n[tables.u]\nparent = "t"\neach = "u"\non_error = "item"\n'
        'columns.c = "x | int"'
    )
    lines = mapper.begin()
    document = {"a": "no", "u": list(range(50))}
    assert mapper.map(Staged(1, b"{}", "s", ""), decode(json.dumps(document).encode()), lines) is True
    assert len(lines.rejects) == 50
    assert len({(one.message, one.detail["let"]) for one in lines.rejects}) == 1
