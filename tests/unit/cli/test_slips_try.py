"""The commands for the author of slips that map documents: try, test."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from etl_actors.cli import main

SLIP = """\
name   = "book"
source = "library"
when   = "exists(isbn) or exists(title)"

[tables.book]
key  = ["isbn"]
when = "not (draft == true)"
columns.isbn  = "isbn | text"
columns.year  = "year | int"

[tables.book_author]
parent = "book"
each   = "$.authors[*]"
columns.name = "name | text"
"""

LINES = """\
{"isbn": "1", "year": "1946", "authors": [{"name": "Homer"}, {"name": null}]}
{"isbn": "2", "year": "soon"}

{"isbn": "3", "draft": true}
{"else": 1}
{"isbn": "
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a slip and a file."""
    (tmp_path / "slips" / "book").mkdir(parents=True)
    (tmp_path / "slips" / "book" / "slip.toml").write_text(SLIP)
    (tmp_path / "books.jsonl").write_text(LINES)
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path / "slips"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command of the group: its exit status, its standard output and its standard error."""

    def ask(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main.execute(["slips", *words])
        out, err = capsys.readouterr()
        return status, out, err

    return ask


def test_try_says_what_became_of_every_document(place: Path, asked: Any) -> None:
    status, out, _ = asked("try", "book", "books.jsonl")
    heads = [line for line in out.splitlines() if line.startswith("books.jsonl:")]
    assert status == 1
    assert heads == [
        "books.jsonl:1  1 book, 2 book_author",
        "books.jsonl:2  rejected",
        "books.jsonl:4  skipped: the root's `when` is false",
        "books.jsonl:5  not taken: the slip's `when` is false",
        "books.jsonl:6  rejected",
    ]
    assert out.endswith("5 documents: 1 gave rows, 1 skipped, 1 not taken, 2 rejected. Nothing was written.\n")


def test_try_shows_rows_as_they_would_land_and_rejects_with_their_place(place: Path, asked: Any) -> None:
    lines = [line.split() for line in asked("try", "book", "books.jsonl")[1].splitlines()]
    assert ["year", "1946"] in lines
    assert ["∅"] in lines
    assert ["rejected", "at", "stage", "map,", "not_an_integer:", "expected", "an", "integer", "(int),", "got", "'soon'"] in lines
    assert ["$.year", "book.year", "year", "|", "int"] in lines


def test_try_is_the_same_as_json(place: Path, asked: Any) -> None:
    told = json.loads(asked("try", "book", "books.jsonl", "--limit", "2", "--json")[1])["documents"]
    assert told[0]["rows"] == {"book": [{"isbn": "1", "year": "1946"}], "book_author": [{"name": "Homer"}, {"name": None}]}
    assert told[1]["outcome"] == "rejected"
    assert told[1]["rejects"][0]["detail"]["path"] == "$.year"


def test_try_of_documents_that_all_land_ends_with_0(place: Path, asked: Any) -> None:
    assert asked("try", "book", "books.jsonl", "--limit", "1")[0] == 0


def test_try_reads_standard_input(place: Path, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"isbn": "7"}\n')))
    status, out, _ = asked("try", "book", "-")
    assert status == 0
    assert out.startswith("standard input:1  1 book\n")


def test_try_reads_the_elements_of_a_json_file(place: Path, asked: Any) -> None:
    (place / "books.json").write_text('[{"isbn": "7"},\n {"isbn": 1.50}]')
    told = json.loads(asked("try", "book", "books.json", "--json")[1])["documents"]
    assert [one["place"] for one in told] == ["books.json, document 1", "books.json, document 2"]
    assert told[1]["rows"]["book"][0]["isbn"] == "1.50"


@pytest.mark.parametrize(
    ("file", "content", "places"),
    [
        ("two.json", b'{"isbn": "1"}\n{\n"isbn": "2"}', ["two.json, document 1", "two.json, document 2"]),
        ("two.csv", b'isbn,title\n1,"a\nb"\n2,c\n', ["two.csv:2", "two.csv:4"]),
        ("two.tsv", b"isbn\n1\n2\n", ["two.tsv:2", "two.tsv:3"]),
        ("two.jsonl.zst", zstandard.compress(b'{"isbn": "1"}\n{"isbn": "2"}\n'), ["two.jsonl.zst:1", "two.jsonl.zst:2"]),
        ("two.json.gz", gzip.compress(b'[{"isbn": 1}, {"isbn": 2}, 3]'), ["two.json.gz, document 1", "two.json.gz, document 2"]),
    ],
)
def test_try_takes_what_feed_takes(file: str, content: bytes, places: list[str], place: Path, asked: Any) -> None:
    (place / file).write_bytes(content)
    told = json.loads(asked("try", "book", file, "--limit", "2", "--json")[1])["documents"]
    assert [one["place"] for one in told] == places
    assert [one["rows"]["book"][0]["isbn"] for one in told] == ["1", "2"]


def test_json_that_is_cut_off_is_one_document_that_would_be_rejected(place: Path, asked: Any) -> None:
    (place / "half.json").write_text('[{"isbn": "1"}, {"isbn":')
    status, out, _ = asked("try", "book", "half.json")
    assert status == 1
    heads = [line for line in out.splitlines() if line.startswith("half.json")]
    assert heads == ["half.json, document 1  1 book", "half.json, document 2  rejected"]
    assert "  rejected at stage stage, " in out


def test_a_document_that_is_nested_too_deeply_is_rejected_and_not_in_the_way_of_others(place: Path, asked: Any) -> None:
    (place / "deep.jsonl").write_text('{"isbn": ' + "[" * 5_000 + "]" * 5_000 + '}\n{"isbn": "2"}\n')
    status, out, _ = asked("try", "book", "deep.jsonl")
    assert status == 1
    assert out.endswith("2 documents: 1 gave rows, 1 rejected. Nothing was written.\n")


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("none.jsonl", "none.jsonl: No such file or directory.\n"),
        ("books.xml", "books.xml: expected one of the formats "),
    ],
)
def test_a_file_that_cannot_be_tried_is_wrong_usage(file: str, sentence: str, place: Path, asked: Any) -> None:
    (place / "books.xml").write_text("<a/>")
    status, out, err = asked("try", "book", file)
    assert (status, out) == (2, "")
    assert err.startswith(sentence)


def sample(place: Path, name: str, content: Any) -> Path:
    path = place / "slips" / "book" / "samples" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_slip_without_samples_is_said(place: Path, asked: Any) -> None:
    status, out, _ = asked("test")
    assert status == 0
    assert out.startswith("book: no samples. To begin: ")


@pytest.mark.parametrize(
    "content",
    [
        {"document": {"isbn": "1"}, "rows": {"book": [{"isbn": "1", "year": None}], "book_author": []}},
        {"document": {"isbn": "1", "year": "x"}, "reject": {"reason": "not_an_integer", "path": "$.year"}},
        {"document": {"isbn": "1", "year": "x"}, "reject": {"message": "expected an integer (int), got 'x'"}},
        {"document": {"isbn": "1", "draft": True}, "skipped": True},
        {"document": {}, "not_taken": True},
        [{"document": {}, "not_taken": True}, {"document": {"isbn": "1", "draft": True}, "skipped": True}],
    ],
)
def test_a_sample_that_gives_what_it_expects_passes(content: Any, place: Path, asked: Any) -> None:
    sample(place, "one.json", content)
    assert asked("test")[0] == 0


def test_a_sample_that_gives_something_else_fails_with_a_diff(place: Path, asked: Any) -> None:
    sample(place, "one.json", {"document": {"isbn": "1"}, "rows": {"book": [{"isbn": "2", "year": None}], "book_author": []}})
    status, out, _ = asked("test")
    assert status == 1
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == "book/one: failed"
    assert '-        "isbn": "2",' in lines
    assert '+        "isbn": "1",' in lines
    assert lines[-1] == "1 sample of 1 slip: 1 failed."


def test_update_writes_what_slips_make_now_and_leaves_what_passes(place: Path, asked: Any) -> None:
    old = sample(place, "old.json", {"document": {"isbn": "1", "year": "x"}, "reject": {"path": "$.year"}})
    before = old.read_text()
    new = sample(place, "new.json", '{"document": {"isbn": 1.50, "year": 3}}')
    assert asked("test")[0] == 1
    assert asked("test", "--update")[0] == 0
    assert asked("test")[0] == 0
    assert old.read_text() == before
    assert '"isbn": 1.50,' in new.read_text()
    assert json.loads(new.read_text())["rows"]["book"] == [{"isbn": "1.50", "year": "3"}]


def test_lines_of_text_are_samples_too(place: Path, asked: Any) -> None:
    (place / "slips" / "book" / "slip.toml").write_text('name = "l"\n[tables.l]\ncolumns.m = "message | text"\n')
    sample(place, "some.log", "one\n\ntwo\n")
    assert asked("test", "--update")[0] == 0
    written = json.loads((place / "slips" / "book" / "samples" / "some.json").read_text())
    assert [one["rows"]["l"] for one in written] == [[{"m": "one"}], [{"m": "two"}]]
    assert asked("test")[:2] == (0, "2 samples of 1 slip: 2 passed.\n")
    sample(place, "some.log", "one\n")
    status, out, _ = asked("test")
    assert status == 1
    assert "expected of some.log 2 documents, got 1" in out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "expected a sample as JSON, got text that is none"),
        ("{}", "got no `document`"),
        ('{"document": 1, "row": {}}', "a sample has no key `row`"),
    ],
)
def test_a_sample_that_is_none_fails_with_a_sentence(content: str, sentence: str, place: Path, asked: Any) -> None:
    sample(place, "one.json", content)
    status, out, _ = asked("test")
    assert status == 1
    assert sentence in out


EVENTS = """\
name = "event"
source = "event"
[input]
format = "lines"
begins = '^[0-9]'
origin = true
[tables.event]
columns.at   = "message | match('^[0-9:]+') | text"
columns.line = "_line | int"
columns.file = "_file | text"
"""


def test_files_are_cut_as_the_slip_says(place: Path, asked: Any) -> None:
    (place / "slips" / "book" / "slip.toml").write_text(EVENTS)
    (place / "some.out").write_text("10:01 began\n  at a\n  at b\n\n10:02 went on\n")
    told = json.loads(asked("try", "event", "some.out", "--json")[1])["documents"]
    assert [one["place"] for one in told] == ["some.out:1", "some.out:5"]
    assert [one["rows"]["event"][0] for one in told] == [
        {"at": "10:01", "line": "1", "file": "some.out"},
        {"at": "10:02", "line": "5", "file": "some.out"},
    ]
    out = asked("try", "event", "some.out", "--limit", "1")[1]
    assert out.splitlines()[1:4] == ["  10:01 began", "    at a", "    at b"]
    assert asked("explain", "some.out", "--format", "lines")[1].count("taken by event") == 2


def test_items_that_fail_alone_are_told_beside_the_rows(place: Path, asked: Any) -> None:
    toml = SLIP.replace('each   = "$.authors[*]"', 'each   = "$.authors[*]"\non_error = "item"').replace(
        "name | text", "name | required | text"
    )
    (place / "slips" / "book" / "slip.toml").write_text(toml)
    status, out, _ = asked("try", "book", "books.jsonl", "--limit", "1")
    assert status == 1
    lines = out.splitlines()
    assert lines[0] == "books.jsonl:1  1 book, 1 book_author"
    assert "  item rejected at stage map, missing: expected a value, got null" in lines
    assert "    $.authors[1].name   book_author.name   name | required | text" in lines
    assert lines[-1] == "1 document: 1 gave rows; 1 item rejected alone. Nothing was written."


def test_a_line_that_a_grammar_refuses_is_shown_with_a_caret(place: Path, asked: Any) -> None:
    grammar = "[grammars]\nline = { text = '''\nstart: WORD NUMBER\nWORD: /[a-z]+/\nNUMBER: /[0-9]+/\n%ignore \" \"\n''' }\n"
    table = '[tables.l]\ncolumns.n = "message | parse(line).number | int"\n'
    (place / "slips" / "book" / "slip.toml").write_text(f'name = "l"\n{grammar}{table}')
    (place / "some.log").write_text("abc 12\nabc  x\n")
    out = asked("try", "l", "some.log")[1]
    assert out.splitlines()[-7:-2] == [
        "some.log:2  rejected",
        "  rejected at stage parse, no_match: expected number, got 'x'",
        "    $.message   l.n   message | parse(line).number | int",
        "    abc  x",
        "         ^",
    ]


PRIVATE = """\
name   = "person"
source = "people"

[tables.person]
columns.name = "name | text"
columns.ssn  = { expr = "ssn | broken | text", private = true }
columns.age  = "age | int"
"""

BROKEN = """\
from etl_actors import step

@step
def broken(value: str) -> str:
    if value == "bug-secret":
        raise RuntimeError(f"cannot do {value}")
    return value
"""


@pytest.fixture
def people(place: Path) -> Path:
    """Make a slip with a private column and a file for it."""
    (place / "slips" / "person").mkdir()
    (place / "slips" / "person" / "slip.toml").write_text(PRIVATE)
    (place / "slips" / "person" / "steps.py").write_text(BROKEN)
    several = [{"name": "Ada", "ssn": "one-secret", "age": 1}, {"name": "Bob", "age": "x", "ssn": "two-secret"}]
    several += [{"name": "Cy", "ssn": None}, {"name": "Di", "ssn": "bug-secret"}]
    (place / "people.jsonl").write_text("".join(json.dumps(one) + "\n" for one in several))
    return place


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("words", [("try", "person", "people.jsonl"), ("explain", "people.jsonl", "--source", "people")])
def test_what_is_private_is_shown_only_to_who_asks_for_it(asked: Any, words: tuple[str, ...]) -> None:
    _, out, err = asked(*words)
    assert "secret" not in out + err
    assert "source not shown: the slip has private columns" in out
    assert "secret" not in asked(*words, "--json")[1]
    out = asked(*words, "--show-private")[1]
    assert all(one in out for one in ("one-secret", "two-secret", "bug-secret"))


@pytest.mark.usefixtures("people")
def test_try_shows_that_a_private_value_is_there_or_is_not(asked: Any) -> None:
    out = asked("try", "person", "people.jsonl", "--json")[1]
    ada, bob, cy, di = json.loads(out)["documents"]
    assert ada["rows"]["person"] == [{"name": "Ada", "ssn": "(private)", "age": "1"}]
    assert cy["rows"]["person"] == [{"name": "Cy", "ssn": None, "age": None}]
    assert bob["rejects"][0]["message"].endswith("got 'x'")
    assert di["rejects"][0]["message"].endswith("it raised RuntimeError")
