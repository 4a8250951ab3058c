"""Private values are in no reject: not in its message, not in its detail, whatever way they were refused."""

import json
import traceback
from typing import Any

import pytest

from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.mapping.compile import compile_slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged
from etl_actors.workers.base import Failure, Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser

SECRET = "s3cret@example.com"
GRAMMARS = '''
[grammars]
mail = { text = """
start: "<" name ">" host
name: /[a-z]+/
host: /[a-z.]+/
""" }
entry = { text = """
start: key "=" value
key: /[a-z]+/
value: /.+/
""" }
'''
STEPS = """
from etl_actors import step

@step
def picky(value: str) -> str:
    raise ValueError(f"anything but {value}")

@step
def buggy(value: str) -> str:
    raise RuntimeError(f"cannot do {value}")
"""


def rejected(toml: str, document: Any) -> Reject:
    files = {"slip.toml": f'name = "s"\n{GRAMMARS}{toml}', "steps.py": STEPS}
    mapper = compile_slip(read_slip(files, "public"))
    lines = mapper.begin()
    outcome = mapper.map(Staged(3, b"{}", "s", ""), document, lines)
    if outcome is True:
        (outcome,) = lines.rejects
    assert isinstance(outcome, Reject)
    return outcome


def private(expression: str) -> str:
    return f"[tables.t]\ncolumns.mail = {{ expr = {json.dumps(expression)}, private = true }}\n"


@pytest.mark.parametrize(
    "expression",
    [
        "mail | int",
        "mail | date",
        "mail | timestamptz('%d/%b/%Y', tz='UTC')",
        "mail | inet",
        "mail | boolean",
        "mail | numeric(4,1)",
        "mail | uuid",
        "mail | interval",
        "mail | bytea",
        "mail | split('@') | map(int) | int[]",
        "mail | split('@') | last | int",
        "mail | parse(mail) | text",
        "mail | many(parse(mail)) | jsonb",
        "mail | sep_by(parse(mail), '@') | jsonb",
        "mail | match('^[0-9]+$') | text",
        "mail | from_json | text",
        "mail | picky | text",
        "mail | add(1) | int",
        "mail | concat(mail) | int",
        "mail | as_list | join('') | int",
        "(mail | date / mail | int) | int",
        "if(exists(mail), mail, null) | int",
        "x | default(mail) | int",
        "list | first | int",
        "list[*] | join(',') | int",
        "$..deep | first | int",
        "mail | lookup(words) | text",
    ],
)
@pytest.mark.parametrize("let", [False, True])
def test_a_refused_private_value_is_not_shown(expression: str, let: bool) -> None:  # noqa: FBT001
    toml = '[maps.words]\na = "b"\n' + private(expression)
    if let:
        inner, _, last = expression.rpartition(" | ")
        last = "text" if "int[]" in last else last
        toml = f"[maps.words]\na = 'b'\n[let]\nx1 = {json.dumps(inner)}\nx2 = \"x1 | {last}\"\n" + private("x2 | text")
    reject = rejected(toml, {"mail": SECRET, "list": [SECRET], "more": {"deep": SECRET}})
    assert "private value" in reject.message
    told = json.dumps([reject.message, reject.detail, reject.reason])
    for piece in (SECRET, "s3cret", "example"):
        assert piece not in told
    assert "excerpt" not in reject.detail
    assert reject.detail["path"].startswith("$")


def test_the_place_of_a_private_value_is_told() -> None:
    reject = rejected(private("person.mails[1] | date"), {"person": {"mails": ["a", SECRET]}})
    assert reject.message == "expected a date as YYYY-MM-DD, got a private value"
    assert (reject.detail["path"], reject.detail["column"]) == ("$.person.mails[1]", "mail")


def test_a_let_that_a_private_column_is_made_of_is_private_for_all() -> None:
    toml = '[let]\nentry = "line | parse(entry)"\n[tables.t]\ncolumns.key = "entry.key | text"\n'
    toml += 'columns.value = { expr = "entry.value | text", private = true }'
    reject = rejected(toml, {"line": f"mail {SECRET}"})
    assert (
        reject.stage,
        reject.detail["let"],
        reject.detail["column"],
    ) == (
        Stage.PARSE,
        "entry",
        "key",
    )
    assert SECRET not in repr(reject)
    assert "excerpt" not in reject.detail


def test_a_piece_of_a_private_text_is_not_shown_amid_the_rest_of_it() -> None:
    """The column of the key is not private: its own value may be told, but not the line in which it stands."""
    toml = '[let]\nentry = "line | parse(entry)"\n[tables.t]\ncolumns.key = "entry.key | int"\n'
    toml += 'columns.value = { expr = "entry.value | text", private = true }'
    reject = rejected(toml, {"line": f"mail={SECRET}"})
    assert reject.message.endswith("got 'mail'")
    assert (reject.detail["line"], reject.detail["position"]) == (1, 0)
    assert SECRET not in repr(reject)


def test_the_whole_value_of_a_private_let_is_shown_by_no_column() -> None:
    toml = '[let]\nmail = "$.mail | trim"\n[tables.t]\ncolumns.mail = { expr = "mail | text", private = true }\ncolumns.n = "mail | int"'
    reject = rejected(toml, {"mail": SECRET})
    assert reject.detail["column"] == "n"
    assert SECRET not in repr(reject)


def test_a_private_key_of_an_object_is_not_shown_in_paths() -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.mail]
parent = "t"
each = "$.mails.*"
columns.address = { expr = "@key | text", private = true }
columns.count = "n | int"
[tables.day]
parent = "mail"
each = "days"
columns.day = "@ | date"
"""
    reject = rejected(toml, {"mails": {"a@b": {"n": 1}, SECRET: {"n": "x"}}})
    assert (reject.detail["path"], reject.detail["column"]) == ("$.mails[*].n", "count")
    reject = rejected(toml, {"mails": {"a@b": {"n": 1}, SECRET: {"n": 1, "days": ["2020-01-01", "x"]}}})
    assert reject.detail["path"] == "$.mails[*].days[1]"
    assert SECRET not in repr(reject)


def test_a_private_item_that_is_rejected_alone_is_not_shown() -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.mail]
parent = "t"
each = "mails"
on_error = "item"
columns.address = { expr = "@ | inet", private = true }
"""
    reject = rejected(toml, {"mails": [SECRET]})
    assert reject.item
    assert SECRET not in repr(reject)


def test_null_in_a_private_column_is_refused_without_a_word_on_its_neighbours() -> None:
    toml = (
        '[tables.t]\ncolumns.mail = { expr = "line | parse(entry).value | null_if(secret) | text", private = true, null = false }'
    )
    reject = rejected(toml, {"line": f"a={SECRET}", "secret": SECRET})
    assert reject.reason == "null_value"
    assert SECRET not in repr(reject)


def test_what_a_private_column_is_made_of_is_shown_by_no_other_column() -> None:
    toml = """
[tables.t]
columns.mail = { expr = "contact.mail | text", private = true }
columns.number = "contact.mail | int"
"""
    reject = rejected(toml, {"contact": {"mail": SECRET}})
    assert (reject.detail["column"], reject.detail["path"]) == ("number", "$.contact.mail")
    assert SECRET not in repr(reject)


def test_a_text_of_which_a_part_is_private_is_shown_by_no_other_part() -> None:
    toml = """
[tables.t]
columns.key = "line | parse(entry).key | int"
columns.value = { expr = "line | parse(entry).value | text", private = true }
"""
    for line in (f"mail={SECRET}", f"mail {SECRET}"):
        reject = rejected(toml, {"line": line})
        assert reject.detail["column"] == "key"
        assert SECRET not in repr(reject)
        assert "excerpt" not in reject.detail


def test_a_predicate_shows_no_private_value() -> None:
    toml = """
[tables.t]
columns.a = "a | text"
[tables.mail]
parent = "t"
each = "mails"
when = "@ | int > 1"
columns.address = { expr = "@ | text", private = true }
"""
    assert SECRET not in repr(rejected(toml, {"mails": [SECRET]}))


@pytest.mark.parametrize("each", ["mails", "mails | required", "all | parse(entry).value", "found.value"])
def test_what_is_no_item_of_a_table_with_private_columns_is_not_shown(each: str) -> None:
    toml = f"""
[let]
found = "all | parse(entry)"
[tables.t]
columns.a = "a | text"
[tables.mail]
parent = "t"
each = "{each}"
[tables.part]
parent = "mail"
columns.address = {{ expr = "@ | text", private = true }}
"""
    assert SECRET not in repr(rejected(toml, {"mails": SECRET, "all": f"a={SECRET}"}))
    assert SECRET not in repr(rejected(toml, {"mails": SECRET, "all": f"a {SECRET}"}))


def test_lets_behind_the_items_of_a_private_column_are_private() -> None:
    toml = """
[let]
entry = "all | parse(entry)"
[tables.t]
let.list = "entry.value | split(',')"
columns.a = "entry.key | text"
[tables.mail]
parent = "t"
each = "list"
let.part = "@ | split('@')"
columns.n = "@index | int"
[tables.half]
parent = "mail"
columns.host = { expr = "part[1] | text", private = true }
[tables.other]
parent = "t"
let.open = "entry.key"
columns.c = "open | text"
"""
    slip = read_slip({"slip.toml": f'name = "s"\n{GRAMMARS}{toml}'}, "public")
    lets = [*slip.lets, *(let for made in slip.tables for let in made.lets)]
    assert {let.name: let.private for let in lets} == {"entry": True, "list": True, "part": True, "open": False}
    reject = rejected(toml, {"all": f"a {SECRET}"})
    assert SECRET not in repr(reject)
    assert (reject.detail["line"], reject.detail["position"]) == (1, 1)


class _Rows:
    def __init__(self, document: Any) -> None:
        self.row = Staged(1, json.dumps(document).encode(), "src", "2024-01-01 00:00:00+00")

    def __call__(self, _ids: Any) -> list[Staged]:
        return [self.row]


def _parsed(toml: str, document: Any) -> Any:
    files = {"slip.toml": f'name = "s"\n{GRAMMARS}{toml}', "steps.py": STEPS}
    digest = read_slip(files, "public").digest
    return BatchParser(_Rows(document), "public").parse(Job((1,), Role((RoleSlip(digest, files),))))


def test_a_bug_in_a_step_of_the_slip_shows_no_value() -> None:
    (reject,) = _parsed(private("mail | buggy | text"), {"mail": SECRET}).rejects
    assert reject.reason == "bug"
    assert SECRET not in repr(reject)


def test_no_traceback_of_a_mapper_shows_a_value() -> None:
    """What Python keeps to print of a mapper is its source; values are in the words of a step's own exception only."""
    files = {"slip.toml": f'name = "s"\n{private("mail | buggy | text")}', "steps.py": STEPS}
    mapper = compile_slip(read_slip(files, "public"))
    with pytest.raises(RuntimeError) as caught:
        mapper.map(Staged(1, b"{}", "s", ""), {"mail": SECRET}, mapper.begin())
    assert SECRET not in "".join(traceback.format_tb(caught.value.__traceback__))
    assert SECRET not in Failure.of(caught.value).frames


def test_an_unread_document_of_a_private_slip_is_not_shown_when_its_route_fails() -> None:
    files = {"slip.toml": f'name = "s"\nwhen = "mail | int > 1"\n{private("mail | text")}'}
    digest = read_slip(files, "public").digest
    parsed = BatchParser(_Rows({"mail": SECRET}), "public").parse(Job((1,), Role((RoleSlip(digest, files),))))
    assert SECRET not in repr(parsed)
