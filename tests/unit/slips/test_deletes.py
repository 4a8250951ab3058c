"""Documents that delete rows: what a slip may say of them, and what its mapper makes of one."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from etl_actors.relational.identity import key_identity
from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Kind
from etl_actors.slips.mapping.compile import compile_slip
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.shelf.catalogue import load_catalogue
from etl_actors.slips.values.document import Staged, decode
from tests.support.slips import first_lines, read

_HEAD = 'name = "book"\n[let]\nkind = "event.kind"\n[tables.book]\n'
_REST = (
    'columns.isbn = "isbn | int"\ncolumns.title = { expr = "title | required | text", null = false, check = "title != \'\'" }\n'
)
_BOOK = _HEAD + 'key = ["isbn"]\non_duplicate = "update"\nwhen = "exists(title)"\ndelete_when = "kind == \'deleted\'"\n' + _REST
_BELOW = '[tables.tag]\nparent = "book"\neach = "@.tags[*]"\ncolumns.tag = "@ | text"\n'
_ENTITY = '[tables.author]\neach = "$.authors[*]"\nkey = ["name"]\ncolumns.name = "name | text"\n'


def mapped(toml: str, document: Any) -> tuple[Any, Lines]:
    mapper = compile_slip(read(toml))
    lines = mapper.begin()
    raw = orjson.dumps(document)
    return mapper.map(Staged(7, raw, "s", "2026-01-01T00:00:00Z"), decode(raw), lines), lines


def test_of_a_marker_there_is_a_tombstone_and_nothing_else() -> None:
    marker = {"isbn": 1, "event": {"kind": "deleted"}, "tags": ["a"], "authors": [{"name": None}]}
    made, lines = mapped(_BOOK + _BELOW + _ENTITY, marker)
    assert made is True
    assert [list(some) for some in lines] == [[], [], [], [f"{key_identity('book', ['n1e0'])}\t7\t1"]]


def test_what_is_no_marker_is_a_row_as_ever_or_none() -> None:
    made, lines = mapped(_BOOK, {"isbn": 1, "title": "a", "event": {"kind": "made"}})
    assert (made, [len(some) for some in lines]) == (True, [1, 0])
    assert mapped(_BOOK, {"isbn": 1})[0] is False


def test_a_predicate_that_fails_rejects_the_document_and_says_where() -> None:
    made, lines = mapped(
        _BOOK.replace("kind == 'deleted'", "event | from_json == 1").replace('kind = "event.kind"', 'kind = "1"'), {}
    )
    assert (made, [len(some) for some in lines]) == (False, [0, 0])
    made, _ = mapped(_BOOK.replace('"event.kind"', '"event | required"'), {"isbn": 1, "title": "a"})
    assert isinstance(made, Reject)
    assert (made.reason, made.detail["expression"], made.detail["let"]) == ("missing", "kind == 'deleted'", "kind")


def test_a_tombstone_has_the_columns_of_the_key_and_of_what_decides_and_no_conditions() -> None:
    slip = read(_BOOK.replace('"update"', '"newest(title)"'))
    root, tombstones = slip.targets
    assert (root.deleted_by, tombstones.name, tombstones.deletes, tombstones.kind) == (
        "book_deleted",
        "book_deleted",
        "book",
        Kind.TOMBSTONE,
    )
    assert [(column.name, column.null, column.check) for column in tombstones.columns] == [
        ("isbn", True, None),
        ("title", True, None),
    ]
    assert tombstones.copied == (("_id", "uuid"), ("_row_id", "bigint"), ("isbn", "int"), ("title", "text"))


@pytest.mark.parametrize(
    ("toml", "wanted"),
    [
        (
            _BOOK.replace('on_duplicate = "update"\n', ""),
            "7:1: what deletes a row comes after it, and by `ignore`, the default of",
        ),
        (_BOOK.replace('key = ["isbn"]\n', ""), "7:1: `delete_when` deletes the row of a key: the table needs a `key`"),
        (_BOOK.replace("kind ==", "kind =="[:-1]), "8:21: two values are compared by `==`"),
        (_BOOK.replace("kind == 'deleted'", "@key == 1"), "8:16: `@key` has a meaning only in a table with `each`"),
        (
            _BOOK + _BELOW + 'delete_when = "exists(a)"\n',
            "15:1: `delete_when` is for the root: a document deletes the row that it",
        ),
        (
            _BOOK + _ENTITY + 'delete_when = "exists(a)"\n',
            "15:1: `delete_when` is for the root: a document deletes the row that it",
        ),
        (
            _BOOK + '[tables.book_deleted]\nparent = "book"\ncolumns.a = "a | text"\n',
            "11:9: `book_deleted` tells which keys of `book` are deleted: name the table otherwise",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(toml: str, wanted: str) -> None:
    (line,) = first_lines(toml)
    assert line.startswith(f"slip.toml:{wanted}")


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        (_BOOK.replace("delete_when = \"kind == 'deleted'\"\n", ""), "`delete_when` is not given, there given"),
        (
            'name = "b"\n[tables.book_deleted]\ncolumns.a = "a | text"\n',
            "`public.book_deleted` tells which keys of `public.book` are deleted in ",
        ),
    ],
)
def test_slips_that_fill_one_table_agree_on_whether_its_rows_are_deleted(tmp_path: Path, other: str, wanted: str) -> None:
    for name, text in (("a", _BOOK), ("b", other)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "slip.toml").write_text(f'source = "{name}"\n' + text.replace('name = "book"', f'name = "{name}"', 1))
    (problem,) = load_catalogue([tmp_path], "public").problems
    assert wanted in problem


def test_slips_may_have_conditions_of_their_own(tmp_path: Path) -> None:
    for name, kind in (("a", "deleted"), ("b", "gone")):
        (tmp_path / name).mkdir()
        text = _BOOK.replace('name = "book"', f'name = "{name}"', 1).replace("'deleted'", f"'{kind}'")
        (tmp_path / name / "slip.toml").write_text(f'source = "{name}"\n' + text)
    assert load_catalogue([tmp_path], "public").problems == ()
