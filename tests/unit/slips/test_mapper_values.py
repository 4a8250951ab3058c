"""Values on their way to columns: conditions, choices, what grammars give, and documents as nasty as they come."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.identity import document_identity, row_identity
from etl_actors.relational.reject import Reject
from etl_actors.slips.values.document import Staged, decode, read_together

from .conftest import mapper_of, rows_of

WORDS = '''
[grammars]
words = { text = """
start: word ("," word)* note?
word: name "=" number
name: /[a-z]+/
number: /[0-9]+/
note: "!" text
text: /.+/
""" }
name = { text = "start: /[a-z]+/" }
'''


@pytest.mark.parametrize(
    ("expression", "document", "value"),
    [
        ("if(a == 1, b, c) | text", {"a": 1, "b": "yes", "c": "no"}, "yes"),
        ("if(a == 1, b, c) | text", {"a": 2, "b": "yes", "c": "no"}, "no"),
        ("if(type(a) == 'string', a, null) | int", {"a": "5"}, "5"),
        ("if(type(a) == 'string', a, null) | int", {"a": 5}, None),
        ("if(a == 1, b | int, c | int)", {"a": 2, "b": "x", "c": "7"}, "7"),
        ("if(matches(a, name), a, 'other') | text", {"a": "abc"}, "abc"),
        ("if(matches(a, name), a, 'other') | text", {"a": "1"}, "other"),
        ("if(a == 1 or b == 1, if(b == 1, 'both', 'a'), 'none') | text", {"a": 1}, "a"),
        ("a | int / b | int / 0 | int", {"a": "x", "b": "y"}, "0"),
        ("a | int / null | int", {"a": "x"}, None),
        ("(a | split(',') / a)[0] | text", {"a": "x,y"}, "x"),
        ("(a | as_list)[*].b | join('+') | text", {"a": [{"b": 1}, {"b": 2}]}, "1+2"),
        ("(a | as_list)[*].b | join('+') | text", {"a": {"b": 1}}, "1"),
        ("(a | as_list)[1:] | jsonb", {"a": [1, 2, 3]}, "[2,3]"),
        ("$..x | join(',') | text", {"x": 1, "a": {"x": 2, "b": [{"x": 3}]}}, "1,2,3"),
        ("w.word[1].number | int", {"w": 1, "t": "a=1,b=22"}, "22"),
        ("w.word[-1].name | text", {"t": "a=1,b=22"}, "b"),
        ("w.word[*].name | join('') | text", {"t": "a=1,b=22"}, "ab"),
        ("w.note | jsonb", {"t": "a=1"}, None),
        ("w.note.text | text", {"t": "a=1!x"}, "x"),
        ("type(w) | text", {"t": "a=1!x"}, "object"),
        ("type(w.word) | text", {"t": "a=1!x"}, "array"),
        ("w.* | first | first | jsonb", {"t": "a=1!x"}, '{"name":"a","number":"1"}'),
        ("w | jsonb", {"t": "a=1"}, '{"word":[{"name":"a","number":"1"}],"note":null}'),
        ("w..number | join('-') | text", {"t": "a=1,b=2"}, "1-2"),
        ("w.word == w.word | text", {"t": "a=1"}, None),
    ],
)
def test_a_column_has_its_value(expression: str, document: Any, value: str | None, map_one: Any) -> None:
    if " == w.word |" in expression:
        expression = "if(w.word == w.word, 'same', 'other') | text"
        value = "same"
    toml = f'{WORDS}[let]\nw = "$.t | parse(words)"\n[tables.t]\ncolumns.c = {json.dumps(expression)}'
    rows = map_one(toml, document)
    assert isinstance(rows, dict), rows
    assert rows["t"][0]["c"] == value


def test_items_that_a_grammar_gives_have_fields_and_items_of_their_own(map_one: Any) -> None:
    toml = f"""{WORDS}
[let]
w = "t | parse(words)"
[tables.t]
columns.a = "w.note.text | text"
[tables.word]
parent = "t"
each = "w.word"
when = "number != '0'"
let.long = "name | concat(number)"
columns.name = "name | text"
columns.number = "@.number | int"
columns.long = "long | text"
[tables.letter]
parent = "word"
each = "@.*"
columns.key = "@key | text"
columns.up = "@up.name | text"
"""
    rows = map_one(toml, {"t": "a=1,b=0,c=3!done"})
    assert rows["t"][0]["a"] == "done"
    assert [(row["name"], row["number"], row["long"]) for row in rows["word"]] == [("a", "1", "a1"), ("c", "3", "c3")]
    assert [(row["key"], row["up"]) for row in rows["letter"]] == [("name", "a"), ("number", "a"), ("name", "c"), ("number", "c")]


def test_two_formats_of_one_type_are_not_taken_for_one_another(map_one: Any) -> None:
    toml = '[tables.t]\ncolumns.a = "a | date(\'%d.%m.%Y\')"\ncolumns.b = "b | date(\'%m/%d/%Y\')"\ncolumns.c = "c | date"'
    (row,) = map_one(toml, {"a": "02.01.2020", "b": "01/02/2020", "c": "2020-01-02"})["t"]
    assert (row["a"], row["b"], row["c"]) == ("2020-01-02",) * 3


ORIGIN = 'input.origin = true\n[tables.t]\ncolumns.m = "message | text"\ncolumns.f = "_file | text"\ncolumns.l = "_line | int"'


def test_the_same_line_of_another_file_is_the_same_row(map_one: Any) -> None:
    one = map_one(ORIGIN, {"_file": "a.log", "_line": 3, "message": "x"})["t"][0]
    other = map_one(ORIGIN, {"_file": "b.log", "_line": 77, "message": "x"})["t"][0]
    assert one["_id"] == other["_id"] == document_identity("t", b'{"message": "x"}')
    assert (one["f"], one["l"]) == ("a.log", "3")
    assert map_one(ORIGIN, {"_file": "a.log", "_line": 3, "message": "y"})["t"][0]["_id"] != one["_id"]


def test_without_origin_file_and_line_are_fields_as_any_other(map_one: Any) -> None:
    toml = ORIGIN.replace("true", "false")
    ids = {map_one(toml, {"_file": file, "message": "x"})["t"][0]["_id"] for file in ("a", "b")}
    assert len(ids) == 2


def test_origin_is_left_out_of_no_other_identity(map_one: Any) -> None:
    toml = ORIGIN.replace("[tables.t]", '[tables.t]\nidentity = "row"')
    assert map_one(toml, {"_file": "a", "message": "x"}, row_id=8)["t"][0]["_id"] == row_identity("t", 8)


NASTY = f"""{WORDS}
[let]
w = "a | parse(words)"
list = "b | as_list"
first = "list | first"
[tables.t]
columns.a = "(w.note.text / a) | jsonb"
columns.b = "if(exists(first), first, list) | jsonb"
[tables.node]
each = "b"
recurse = "b"
key = ["k"]
on_duplicate = "update"
on_error = "item"
let.k = "@.k | default(@index)"
columns.k = "k | text"
columns.up = "@up.k | text"
columns.depth = "@depth | int"
columns.key = {{ expr = "@key | text", private = true }}
[tables.leaf]
parent = "node"
each = "$.a.*"
when = "@ != 0"
on_error = "item"
columns.c = {{ expr = "@.x | text", null = false }}
[tables.piece]
parent = "leaf"
each = "@.b[*]"
columns.d = "@ | int"
columns.e = "@up.x | text"
[tables.word]
parent = "t"
each = "w.word / list[*]"
on_error = "item"
columns.n = "number | int"
"""

_NAMES = st.sampled_from(["a", "b", "k", "x", "", "it's", "a.b", '"', "\\", "number"])
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from(["", "a", "a=1", "a=1,b=2!c", "a=1,b", "é\n", "\t\\N", "9" * 30]),
    st.floats(allow_nan=False, allow_infinity=False),
)
_DOCUMENTS = st.recursive(
    _SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=4)), max_leaves=25
)
_MAPPER = mapper_of(NASTY)


@settings(max_examples=300)
@given(_DOCUMENTS)
def test_any_document_gives_rows_or_rejects(document: Any) -> None:
    lines = _MAPPER.begin()
    raw = json.dumps(document, ensure_ascii=False).encode()
    outcome = _MAPPER.map(Staged(1, raw, "s", ""), decode(raw), lines)
    assert outcome is True or isinstance(outcome, Reject)
    if isinstance(outcome, Reject):
        assert (list(lines), lines.rejects) == (list(_MAPPER.begin()), [])
    for reject in [*lines.rejects, *([outcome] if isinstance(outcome, Reject) else [])]:
        assert reject.message.startswith("expected ")
        assert reject.detail["path"].startswith("$")
        assert reject.detail["table"].startswith("public.")
        json.dumps(reject.detail)
    for table, written in zip(_MAPPER.tables, lines, strict=True):
        assert all(line.count("\t") == len(table.copied) - 1 for line in written)


def test_a_wide_and_a_deep_document_go_through_lets_and_trees() -> None:
    wide = {f"k{number}": {"x": number, "b": [number]} for number in range(5000)}
    deep: Any = {"k": "end"}
    for number in range(500):
        deep = {"k": number, "": number, "b": deep}
    for document, rows in (({"a": wide, "b": {"k": 1}}, 5000), ({"a": {"": {"x": 1}}, "b": deep["b"]}, 500)):
        outcome = rows_of(_MAPPER, document)
        assert isinstance(outcome, dict)
        assert len(outcome["leaf"]) == rows


_CLEAN_OR_NOT = mapper_of(
    """
[let]
first = "texts[0]"
inner = "in | from_json"
[tables.t]
key = ["k", "l", "f"]
columns.k = "k | text"
columns.l = "texts | text[]"
columns.f = "f | bytea('base64')"
columns.a = "first | text"
columns.b = "inner.a | text"
columns.c = "texts | text"
columns.d = "texts | jsonb"
columns.e = "k | concat('\\\\\\\\n', '\\t') | text"
[tables.u]
parent = "t"
each   = "$.texts[*]"
columns.v = "@ | text"
[tables.w]
parent = "t"
each   = "inner[*]"
columns.v = "@ | text"
"""
)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), max_size=3),
    st.text(st.sampled_from('ab\\\\\t\n"{}'), max_size=4) | st.none(),
    st.sampled_from(["[1]", "null", '{"a": "x\\ty"}', '["a\\nb", "c"]']),
)
def test_lines_are_the_same_whether_a_document_was_looked_over_or_not(texts: list[str], key: str | None, inner: str) -> None:
    raw = json.dumps({"texts": texts, "k": key, "in": inner, "f": "aGk="}, ensure_ascii=False).encode()
    staged = Staged(1, raw, "s", "")
    (together,) = read_together([staged])
    look = together.look
    made, other = _CLEAN_OR_NOT.begin(), _CLEAN_OR_NOT.begin()
    outcome = _CLEAN_OR_NOT.map(staged, decode(raw), made)
    assert outcome is True or key is None
    assert _CLEAN_OR_NOT.map(staged, decode(raw, plain=look.plain), other, clean=look.clean) == outcome
    assert other == made
