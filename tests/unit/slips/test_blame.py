"""A reject says where: the path, the column, the expression, the let, and of a text the place in the document's own text."""

import json
from typing import Any

import pytest

from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.values.document import Staged

from .conftest import mapper_of

SYSLOG = '''
[grammars]
log = { text = """
start: stamp " " program ": " msg
stamp: /[A-Z][a-z]+ [0-9]+/
program: /[a-z]+/
msg: /.+/s
""" }
sshd = { text = """
start: "from " ip " port " port
ip: /[0-9.]+/
port: /[0-9a-z]+/
""" }
pair = { text = """
start: name "=" value
name: /[a-z]+/
value: /[0-9]+/
""" }
lines = { text = """
start: line+
line: name ":" value ";"
name: /[a-z]+/
value: /[^;]+/
""" }
[let]
line = "message | parse(log)"
ssh = "line.msg | parse(sshd)"
'''


def rejected(toml: str, document: Any) -> Reject:
    mapper = mapper_of(toml)
    lines = mapper.begin()
    reject = mapper.map(Staged(3, b"{}", "s", ""), document, lines)
    assert isinstance(reject, Reject), reject
    assert (list(lines), lines.rejects) == (list(mapper.begin()), [])
    json.dumps(reject.detail)
    return reject


def column(expression: str) -> str:
    return f"{SYSLOG}[tables.t]\ncolumns.c = {json.dumps(expression)}\n"


def marked(reject: Reject) -> str:
    """Give the rest of the line that the caret points at."""
    line, caret = reject.detail["excerpt"].split("\n")
    return str(line[len(caret) - 1 :])


def test_a_text_that_a_grammar_refuses_is_pointed_at() -> None:
    reject = rejected(column("line.stamp | text"), {"message": "Jan 12 sshd from"})
    assert (reject.stage, reject.reason) == (Stage.PARSE, "no_match")
    assert reject.message == "expected \": \", got ' '"
    assert reject.detail == {
        "path": "$.message",
        "table": "public.t",
        "column": "c",
        "expression": "line.stamp | text",
        "let": "line",
        "let_expression": "message | parse(log)",
        "line": 1,
        "text_column": 12,
        "position": 11,
        "excerpt": "Jan 12 sshd from\n           ^",
    }


def test_the_end_of_a_text_is_a_place_too() -> None:
    reject = rejected(column("message | parse(log) | jsonb"), {"message": "Jan 12 sshd: "})
    assert (reject.detail["position"], reject.detail["text_column"]) == (13, 14)
    assert reject.message.endswith("got the end")
    assert "let" not in reject.detail


@pytest.mark.parametrize(
    ("message", "place", "line"),
    [
        ("Jan 1 sshd: from 1.2.3.4 prt 22", "prt 22", 1),
        ("Jan 1 from: from 1.2.3.4 prt 22", "prt 22", 1),
        ("Jan 1 sshd: \nfrom 1.2", "\nfrom 1.2", 1),
        ("Jan 1 sshd: xfrom 1.2", "xfrom 1.2", 1),
        ("Jan 1 sshd: from 1.2 port ü", "ü", 1),
    ],
)
def test_a_grammar_within_a_grammar_points_into_the_original_text(message: str, place: str, line: int) -> None:
    reject = rejected(column("ssh.ip | text"), {"message": message})
    at = message.index(place)
    assert reject.detail["let"] == "ssh"
    assert reject.detail["path"] == "$.message"
    shown = message[reject.detail["position"] :]
    assert shown.strip() == place.strip()
    assert reject.detail["position"] in {at, at - 1}
    assert reject.detail["line"] == line


@pytest.mark.parametrize(
    ("expression", "message", "place"),
    [
        ("line.msg | trim | parse(pair) | jsonb", "Jan 1 x:    a=?  ", "?"),
        ("message | parse(log).msg | parse(pair).value | int", "Jan 1 x: a=?", "?"),
        ("line.msg | split(',') | last | parse(pair) | jsonb", "Jan 1 x: a=1,b=?", "?"),
        ("line.msg | split(',') | map(parse(pair)) | jsonb", "Jan 1 x: a=1,b=?", "?"),
        ("if(exists(line), line.msg, null) | parse(pair) | jsonb", "Jan 1 x: a=?", "?"),
        ("nothing | parse(pair) | jsonb / line.msg | parse(pair) | jsonb", "Jan 1 x: a=?", "?"),
    ],
)
def test_a_piece_that_steps_have_cut_out_is_found_where_it_stands_once(expression: str, message: str, place: str) -> None:
    document = {"message": message} if "nothing" not in expression else {"message": message, "nothing": "?"}
    reject = rejected(column(expression), document)
    assert reject.stage is Stage.PARSE
    assert reject.detail["position"] == message.index(place)
    assert "of" not in reject.detail


def test_a_piece_that_stands_twice_is_told_as_such() -> None:
    """Which of the two it was is not known: the place is one within the piece."""
    reject = rejected(column("line.msg | split(',') | first | parse(pair) | jsonb"), {"message": "Jan 1 x: a=?,a=?"})
    assert (reject.detail["of"], reject.detail["position"], marked(reject)) == ("piece", 2, "?")


def test_a_text_that_steps_have_changed_is_told_as_such() -> None:
    reject = rejected(column("line.msg | replace('-', '=') | parse(pair) | jsonb"), {"message": "Jan 1 x: a-?"})
    assert (reject.detail["of"], reject.detail["position"]) == ("piece", 2)


def test_a_value_that_a_type_refuses_is_pointed_at_in_the_text_that_it_comes_from() -> None:
    reject = rejected(column("ssh.port | int"), {"message": "Jan 1 sshd: from 1.2.3.4 port abc"})
    assert (reject.stage, reject.reason) == (Stage.MAP, "not_an_integer")
    assert (reject.detail["column"], reject.detail["path"], marked(reject)) == ("c", "$.message", "abc")
    assert (reject.detail["line"], reject.detail["position"]) == (1, 30)


def test_a_value_of_the_document_itself_has_no_place_in_a_text() -> None:
    reject = rejected(column("message | int"), {"message": "x"})
    assert reject.detail.keys() == {"path", "table", "column", "expression"}


def test_items_that_a_grammar_gives_are_pointed_at() -> None:
    toml = f"""{SYSLOG}
[tables.t]
columns.c = "line.program | text"
[tables.u]
parent = "t"
each = "line.msg | parse(lines).line"
columns.n = "value | int"
"""
    reject = rejected(toml, {"message": "Jan 1 x: a:1;b:2;c:?;d:4;"})
    assert (reject.detail["path"], reject.detail["column"]) == ("$.message", "n")
    assert reject.message.endswith("got '?'")
    toml = toml.replace('each = "line.msg | parse(lines).line"', 'each = "rows.line"').replace(
        "[tables.t]", '[tables.t]\nlet.rows = "line.msg | parse(lines)"', 1
    )
    reject = rejected(toml, {"message": "Jan 1 x: a:1;b:1;c:x1;d:1;"})
    assert (reject.detail["position"], marked(reject)) == (19, "x1;d:1;")


def test_lets_that_are_paths_lead_on_in_the_path() -> None:
    toml = '[let]\no = "$.a.b"\n[tables.t]\ncolumns.c = "o.c[2] | int"'
    reject = rejected(toml, {"a": {"b": {"c": [1, 2, "x"]}}})
    assert reject.detail["path"] == "$.a.b.c[2]"


def test_the_innermost_let_is_named() -> None:
    toml = '[let]\nx = "a | int"\ny = "x | add(1)"\n[tables.t]\ncolumns.c = "y | int"\ncolumns.d = "z | text"'
    reject = rejected(toml, {"a": "q"})
    assert (reject.detail["let"], reject.detail["let_expression"], reject.detail["path"]) == ("x", "a | int", "$.a")
    assert (reject.detail["expression"], reject.detail["column"]) == ("y | int", "c")


def test_the_lets_of_items_are_placed_at_their_item() -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.u]
parent = "t"
each = "u"
let.n = "@.n | int"
columns.n = "n | int"
"""
    reject = rejected(toml, {"u": [{"n": 1}, {"n": "x"}]})
    assert (reject.detail["path"], reject.detail["let"], reject.detail["column"]) == ("$.u[1].n", "n", "n")


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("a | int / b | int", "$.b"),
        ("b | int / a | int", "$.a"),
        ("a | int / b | date | int / 'z' | int", "$.b"),
        ("if(exists(a), b, a) | int", "$.b"),
        ("if(exists(zz), b, a) | int", "$.a"),
        ("list[*].x | first | int", "$.list[*].x"),
        ("$..x | first | int", "$..x"),
        ("a | default(b) | int", "$.a"),
        ("b | null_if('y') | default(a) | int", "$.b"),
    ],
)
def test_of_several_paths_that_of_the_refused_value_is_told(expression: str, path: str) -> None:
    document = {"a": "ax", "b": "by", "list": [{"x": "lx"}, {"x": 2}]}
    if path == "$.b" and "null_if" in expression:
        document["b"] = "by"
    reject = rejected(f"[tables.t]\ncolumns.c = {json.dumps(expression)}", document)
    assert reject.detail["path"] == path


def test_of_several_failures_the_one_that_read_furthest_is_told() -> None:
    toml = column("message | parse(log) | jsonb / message | parse(pair) | jsonb / message | parse(sshd) | jsonb")
    assert rejected(toml, {"message": "Jan 1 x? y"}).detail["position"] == 7
    assert rejected(toml, {"message": "abc=x"}).detail["position"] == 4
    assert rejected(toml, {"message": "from 1.2 prt"}).detail["position"] in {8, 9}


def test_of_failures_that_read_equally_far_the_last_is_told() -> None:
    reject = rejected(column("message | int / message | date | int"), {"message": "x"})
    assert reject.reason == "not_a_date"


def test_predicates_of_tables_are_placed() -> None:
    toml = '[tables.t]\ncolumns.a = "a | text"\n[tables.u]\nparent = "t"\neach = "u"\nwhen = "a == 1 and b | int > 2"\ncolumns.b = "b | text"'
    reject = rejected(toml, {"u": [{"a": 2, "b": "x"}, {"a": 1, "b": "x"}]})
    assert (reject.detail["path"], reject.detail["expression"]) == ("$.u[1].b", "a == 1 and b | int > 2")
    assert "column" not in reject.detail


def test_what_is_above_an_item_is_placed() -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.u]
parent = "t"
each = "u"
columns.a = "@up.a | text"
[tables.v]
parent = "u"
each = "v"
columns.b = "@up.b | int"
"""
    reject = rejected(toml, {"u": [{"b": 1, "v": [1]}, {"b": "x", "v": [1]}]})
    assert reject.detail["path"] == "$.u[1].b"


def test_null_where_none_may_be_is_refused() -> None:
    toml = '[tables.t]\ncolumns.a = { expr = "b.c | int", null = false }'
    reject = rejected(toml, {"b": {"c": None}})
    assert (reject.reason, reject.message) == ("null_value", "expected a value for `a`, which may not be null, got null")
    assert (reject.detail["path"], reject.detail["column"]) == ("$.b.c", "a")
    assert rejected(toml, {}).reason == "null_value"


def test_a_bare_backslash_n_is_no_null(map_one: Any) -> None:
    toml = '[tables.t]\ncolumns.a = { expr = "a | text", null = false }\ncolumns.b = { expr = "a | jsonb", null = false }'
    (row,) = map_one(toml, {"a": "\\N"})["t"]
    assert row["a"] == "\\N"


def test_lets_of_items_point_into_the_text_of_their_item() -> None:
    toml = f"""{SYSLOG}
[tables.t]
columns.a = "a | text"
[tables.offer]
parent = "t"
each = "offers"
let.m = "note | parse(log)"
let.p = "m.msg | parse(pair)"
columns.value = "p.value | smallint"
"""
    offers = [{"note": "Jan 1 x: a=1"}, {"note": "Jan 1 x: b=99999999"}]
    reject = rejected(toml, {"offers": offers})
    assert (reject.reason, reject.detail["path"], reject.detail["position"]) == ("out_of_range", "$.offers[1].note", 11)
    reject = rejected(toml, {"offers": [offers[0], {"note": "Jan 1 x: b=?"}]})
    assert (reject.stage, reject.detail["let"], reject.detail["position"], marked(reject)) == (Stage.PARSE, "p", 11, "?")


def test_grammars_three_deep_point_into_the_document() -> None:
    """The items of one grammar's value are texts that another reads, and a piece of those is read by a third."""
    toml = f"""{SYSLOG}
[tables.t]
let.rows = "line.msg | parse(lines)"
columns.a = "line.program | text"
[tables.u]
parent = "t"
each = "rows.line"
let.inner = "value | parse(log)"
let.pair = "inner.msg | parse(pair)"
columns.n = "pair.value | int"
"""
    message = "Jan 1 x: a:Feb 2 y: k=1;b:Feb 3 z: k=2;c:Feb 4 z: k=?;"
    reject = rejected(toml, {"message": message})
    assert (reject.detail["let"], reject.detail["path"], reject.detail["position"]) == ("pair", "$.message", message.index("?"))
    assert marked(reject) == "?;"


def test_every_grammar_failure_within_a_text_points_at_it() -> None:
    """Wherever a wrong character stands, the caret of the innermost grammar points at it in the original text."""
    good = "Jan 1 sshd: from 1.2.3.4 port 22"
    for at in range(17, len(good) - 2):
        message = f"{good[:at]}#{good[at + 1 :]}"
        reject = rejected(column("ssh.ip | inet / 0 | inet").replace(" / 0 | inet", ""), {"message": message})
        found = reject.detail["position"]
        assert good[found:at] in {"", " ", " p", " po", " por", " port"}, message


@pytest.mark.parametrize(
    ("expression", "path", "element"),
    [
        ("tags | int[]", "$.tags[3]", None),
        ("tags | map(trim) | int[]", "$.tags[3]", None),
        ("tags | as_list | map(int) | first | int", "$.tags[3]", None),
        ("matrix | map(map(int)) | jsonb", "$.matrix[1][0]", None),
        ("rows | map(first | split(',') | map(int)) | jsonb", "$.rows[0]", 1),
        ("rows | first | int[]", "$.rows", 0),
        ("csv | split(',') | int[]", "$.csv", 1),
        ("csv | split(';') | map(split(',') | map(int)) | jsonb", "$.csv", [0, 1]),
        ("$.items[*].n | int[]", "$.items[*].n", 1),
    ],
)
def test_the_element_that_was_refused_is_in_the_path_where_the_list_is_the_documents(
    expression: str, path: str, element: Any
) -> None:
    document = {
        "tags": ["1", "2", "3", "x"],
        "rows": [["1,y"], ["z"]],
        "matrix": [[1], ["z"]],
        "csv": "1,y",
        "items": [{"n": 1}, {"n": "q"}],
    }
    detail = rejected(column(expression), document).detail
    assert (detail["path"], detail.get("element")) == (path, element)


def test_what_a_let_refuses_is_placed_in_the_lets_own_list() -> None:
    toml = '[let]\nfee = "fees | map(int) | first"\n[tables.t]\ncolumns.c = "prices | map(add(fee)) | jsonb"\n'
    detail = rejected(toml, {"fees": [1, "x"], "prices": [0, 1, 2]}).detail
    assert (detail["path"], detail["let"], detail.get("element")) == ("$.fees[1]", "fee", None)
