"""The commands for the author of slips that look at slips: list, show, new, check."""

import json
from pathlib import Path
from typing import Any

import pytest

from etl_actors.cli import main
from etl_actors.cli.slips.group import SLIPS
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import read_slip_folder

BOOK = """\
name   = "book"
source = "library"

[tables.book]
key = ["isbn"]
columns.isbn  = "isbn | text"
columns.year  = "year | int"

[tables.book_author]
parent = "book"
each   = "$.authors"
columns.name = "name | required | text"
"""

WRONG = """\
name   = "wrong"
prioritty = 1
[tables.wrong]
key = ["isbm"]
columns.isbn = "isbn | txt"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of slips with one in it, which the settings name."""
    place = tmp_path / "slips"
    put(place / "book", BOOK)
    monkeypatch.setenv("ETL_PARSERS", str(place))
    monkeypatch.chdir(tmp_path)
    return place


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command of the group: its exit status, its standard output and its standard error."""

    def ask(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main.execute(["slips", *words])
        out, err = capsys.readouterr()
        return status, out, err

    return ask


def put(folder: Path, toml: str, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "slip.toml").write_text(toml)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("name", sorted(SLIPS))
def test_each_command_has_a_help_that_ends_with_examples(name: str, asked: Any) -> None:
    status, out, _ = asked(name, "--help")
    assert status == 0
    assert all(f"    {example}\n" in f"{out}\n" for example in SLIPS[name].examples)
    assert all("etl-actors slips " in example for example in SLIPS[name].examples)
    assert len(SLIPS[name].summary) <= 66


def test_the_group_alone_shows_its_commands_and_ends_with_2(asked: Any) -> None:
    status, out, _ = asked()
    assert status == 2
    assert all(command.summary in out for command in SLIPS.values())


def test_an_unknown_command_of_the_group_is_one_sentence(asked: Any) -> None:
    assert asked("liste") == (2, "", "No such command 'liste'. Try: etl-actors slips --help\n")


def test_list_shows_each_slip_with_what_it_takes_and_makes(folder: Path, asked: Any) -> None:
    status, out, _ = asked("list")
    assert status == 0
    (line,) = [line for line in out.splitlines() if line.startswith("book")]
    assert line.split()[:5] == ["book", "library", "0", "book,", "book_author"]


def test_list_shows_a_broken_slip_with_its_first_problem_and_ends_with_1(folder: Path, asked: Any) -> None:
    put(folder / "wrong", WRONG)
    status, out, _ = asked("list")
    assert status == 1
    assert "wrong/slip.toml:2:1: there is no key `prioritty`; did you mean `priority`? (and 2 more)\n" in out
    told = json.loads(asked("list", "--json")[1])["slips"]
    assert [one["name"] for one in told] == ["book", "wrong"]
    assert told[1]["problems"][0]["line"] == 2


def test_a_folder_without_slips_says_how_to_begin(folder: Path, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "empty").mkdir()
    monkeypatch.setenv("ETL_PARSERS", str(folder / "empty"))
    status, out, err = asked("list")
    assert (status, out) == (2, "")
    assert err.endswith("To write one: etl-actors slips new NAME\n")


@pytest.mark.parametrize("words", [("list",), ("check",), ("show", "book")])
def test_where_the_settings_want_no_slips_it_is_said(
    words: tuple[str, ...], folder: Path, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_PARSERS", "none")
    status, out, err = asked(*words)
    assert (status, out) == (2, "")
    assert "for ETL_PARSERS is none" in err
    assert " in ." not in err


def test_new_begins_a_folder_where_the_settings_want_no_slips(folder: Path, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_PARSERS", "none")
    status, out, _ = asked("new", "novel")
    assert (status, Path("slips/novel/slip.toml").exists()) == (0, True)
    assert f"  export ETL_PARSERS={Path('slips').resolve()} " in out


def test_show_has_each_column_with_its_type_and_expression(folder: Path, asked: Any) -> None:
    status, out, _ = asked("show", "book")
    assert status == 0
    assert [line.split() for line in out.splitlines() if line.startswith("isbn")] == [
        ["isbn", "text", "isbn", "|", "text", "key"]
    ]
    assert "table public.book: the root, one row a document; known by (isbn); on_duplicate ignore" in out
    assert "table public.book_author: below book, one row an item" in out


def test_show_has_the_same_as_json(folder: Path, asked: Any) -> None:
    told = json.loads(asked("show", "book", "--json")[1])
    assert [table["name"] for table in told["tables"]] == ["public.book", "public.book_author"]
    assert told["tables"][0]["key"] == ["isbn"]
    assert told["tables"][1]["columns"][0]["expr"] == "name | required | text"


def test_show_has_the_table_that_tells_what_documents_delete(folder: Path, asked: Any) -> None:
    (folder / "book" / "slip.toml").write_text(
        'name = "book"\n[tables.book]\nkey = ["id"]\non_duplicate = "history(at)"\ndelete_when = "gone == true"\n'
        'columns.id = "id | int"\ncolumns.at = "seen.at | date"\n'
    )
    out = asked("show", "book")[1]
    assert "the root, one row a document; known by (id, at); on_duplicate history(at); index (id, at)" in out
    assert (
        "table public.book_deleted: keys whose row of book a document has deleted; known by (id, at); on_duplicate history(at)"
        in out
    )
    assert "  when    gone == true" in out
    assert [line.split()[-1] for line in out.splitlines() if "seen.at | date" in line] == ["version", "version"]


def test_show_python_is_the_function_that_maps_documents(folder: Path, asked: Any) -> None:
    out = asked("show", "book", "--python")[1]
    assert "def map_document(" in out
    compile(out, "<shown>", "exec")


def test_show_of_a_broken_slip_tells_all_that_is_wrong(folder: Path, asked: Any) -> None:
    put(folder / "wrong", WRONG)
    status, out, err = asked("show", "wrong")
    assert (status, out) == (1, "")
    assert err.count("wrong/slip.toml:") == 3


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("bok", "There is no slip `bok` in {folder}; did you mean `book`?"),
        ("./book", "./book: expected the folder of a slip, which holds a slip.toml, or a folder of such folders."),
        ("there", "There is no slip `there` in {folder}; did you mean the folder ./there?"),
    ],
)
def test_a_slip_that_there_is_not_is_wrong_usage(wanted: str, sentence: str, folder: Path, asked: Any) -> None:
    put(folder.parent / "there", BOOK.replace("book", "x"))
    assert asked("show", wanted) == (2, "", f"{sentence.format(folder=folder)}\n")


@pytest.mark.parametrize("path", ["slips/book", "slips/book/slip.toml", "./slips", "book"])
def test_a_slip_is_named_by_its_name_or_its_path(path: str, folder: Path, asked: Any) -> None:
    status, out, _ = asked("show", path)
    assert status == 0
    assert out.startswith("slip      book\n")


def test_check_says_that_all_is_well(folder: Path, asked: Any) -> None:
    assert asked("check") == (0, "1 slip: no problem.\n", "")


def test_a_folder_that_is_named_twice_is_one(folder: Path, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_PARSERS", f"{folder}:{folder / 'book' / '..'}")
    assert asked("check")[:2] == (0, "1 slip: no problem.\n")


def test_check_tells_every_problem_of_every_slip_with_its_place_and_a_caret(folder: Path, asked: Any) -> None:
    put(folder / "wrong", WRONG)
    put(folder / "worse", 'name = 3\npriority = "x"\n')
    status, out, _ = asked("check")
    assert status == 1
    lines = out.splitlines()
    at = next(number for number, line in enumerate(lines) if "there is no step `txt`" in line)
    assert lines[at].startswith(f"{folder}/wrong/slip.toml:5:24: ")
    assert lines[at + 1][lines[at + 2].index("^")] == "t"
    assert lines[-1] == "3 slips: 5 problems."


def test_check_tells_what_slips_make_differently_of_one_table(folder: Path, asked: Any) -> None:
    put(folder / "other", BOOK.replace('"book"\n', '"other"\n', 1).replace("library", "shop").replace("int", "text"))
    status, out, _ = asked("check")
    assert status == 1
    assert "column `year` is text, there int" in out


def test_check_tells_which_slips_take_the_same_documents(folder: Path, asked: Any) -> None:
    put(folder / "other", 'name = "other"\nsource = ["library", "x"]\n[tables.other]\ncolumns.a = "a | text"\n')
    status, out, _ = asked("check")
    assert status == 1
    assert "other/slip.toml:2:1: this slip and `book` both take every document of source library, at equal priority 0" in out


def test_check_of_one_slip_tells_how_it_stands_to_the_others_but_not_their_own_mistakes(folder: Path, asked: Any) -> None:
    put(folder / "wrong", WRONG)
    put(folder / "other", 'name = "other"\nsource = "library"\n[tables.other]\ncolumns.a = "a | text"\n')
    status, out, _ = asked("check", "book")
    assert status == 1
    assert "prioritty" not in out
    assert "book/slip.toml:2:1: this slip and `other` both take" in out
    assert out.endswith("1 slip: 1 problem.\n")


def test_check_tells_of_one_name_for_two_slips(folder: Path, asked: Any) -> None:
    put(folder / "second", BOOK)
    status, out, _ = asked("check")
    assert status == 1
    assert f"{folder}/book/slip.toml: the name `book` is that of {folder}/second/slip.toml too\n" in out


def test_a_copy_elsewhere_is_checked_alone(folder: Path, asked: Any) -> None:
    put(folder.parent / "copy" / "book", BOOK)
    assert asked("check", "copy/book")[0] == 0


def test_samples_show_that_two_predicates_hold_of_one_document(folder: Path, asked: Any) -> None:
    table = "\n[tables.{0}]\ncolumns.a = 'a | text'\n"
    one = put(folder / "one", 'name = "one"\nsource = "s"\nwhen = "exists(a)"' + table.format("one"))
    put(folder / "two", 'name = "two"\nsource = "s"\nwhen = "exists(b)"' + table.format("two"))
    assert asked("check")[0] == 0
    (one / "samples").mkdir()
    (one / "samples" / "both.json").write_text('{"document": {"a": 1, "b": 2}}')
    status, out, _ = asked("check")
    assert status == 1
    assert "two/slip.toml:3:1: this slip and `one` both take the sample both of `one`, at equal priority 0" in out


def test_check_as_json_has_places(folder: Path, asked: Any) -> None:
    put(folder / "wrong", WRONG)
    told = json.loads(asked("check", "--json")[1])
    assert [(one["line"], one["column"]) for one in told["problems"]] == [(2, 1), (4, 8), (5, 24)]
    assert told["warnings"] == []


DOCUMENTS = """\
{"isbn": "978-0", "title": "The Odyssey", "price": 12.50, "publisher": {"name": "Penguin"}, "added": "2026-03-01T08:00:00Z", "authors": [{"name": "Homer"}]}
{"isbn": "978-1", "price": 3, "odd key's": [1], "@id": true, "in": null, "authors": []}
"""


def test_new_draws_columns_of_a_files_documents(folder: Path, asked: Any) -> None:
    (folder.parent / "books.jsonl").write_text(DOCUMENTS)
    status, _, _ = asked("new", "novel", "--source", "shop", "--from", "books.jsonl")
    assert status == 0
    slip = read_slip(read_slip_folder(folder / "novel"), "public")
    root, authors, odd = slip.targets
    assert slip.sources == ("shop",)
    assert {column.name: column.type for column in root.columns} == {
        "isbn": "text",
        "title": "text",
        "price": "numeric",
        "publisher__name": "text",
        "added": "timestamptz",
        "id": "boolean",
    }
    assert (authors.name, [column.name for column in authors.columns]) == ("novel__authors", ["name"])
    assert (odd.name, [(column.name, column.type) for column in odd.columns]) == ("novel__odd_key_s", [("value", "bigint")])
    assert "# Nothing but null, {} and [] was seen of: @['in']" in (folder / "novel" / "slip.toml").read_text()


@pytest.mark.parametrize("more", [(), ("--from", "books.jsonl")])
def test_what_new_writes_passes_check_and_test(more: tuple[str, ...], folder: Path, asked: Any) -> None:
    (folder.parent / "books.jsonl").write_text(DOCUMENTS)
    assert asked("new", "novel", *more)[0] == 0
    assert asked("check")[:2] == (0, "2 slips: no problem.\n")
    status, out, _ = asked("test", "novel")
    assert status == 0
    assert out.endswith(" passed.\n")


def test_new_reads_integers_of_any_length(folder: Path, asked: Any) -> None:
    Path("long.jsonl").write_text('{"id": 1, "n": 1e5000}\n')
    assert asked("new", "long", "--from", "long.jsonl")[0] == 0
    assert asked("test", "long")[0] == 0


def test_new_never_overwrites(folder: Path, asked: Any) -> None:
    status, out, err = asked("new", "book")
    assert (status, out) == (2, "")
    assert err == f"{folder}/book is there already, and is not overwritten.\n"
    assert (folder / "book" / "slip.toml").read_text() == BOOK


def test_new_goes_where_it_is_told_and_says_how_to_use_it(folder: Path, asked: Any) -> None:
    status, out, _ = asked("new", "novel", "--into", "mine")
    assert status == 0
    assert f"export ETL_PARSERS={folder.parent}/mine" in out
    assert (folder.parent / "mine" / "novel" / "slip.toml").exists()


GRAMMAR = """\
start: HOST pair+ [NOTE]
pair: KEY "=" value
?value: NUMBER | list
list: "(" NUMBER NUMBER* ")"
HOST: /[a-z]+:/
KEY: /[a-z]+(?==)/
NUMBER: /[0-9]+/
NOTE: /!.+/
%ignore " "
"""

TEXT = """\
name = "text"
source = "text"
[input]
format = "lines"
[grammars]
line = "line.lark"
[let]
read = "message | parse(line)"
[tables.text]
let.first = "read.pair[0]"
index = [["host"]]
columns.host = { expr = "read.host | text", null = false, comment = "who" }
columns.size = { expr = "first.key | text", check = "size != '' and size in ['a', 'b']", private = true }
"""


def test_show_draws_what_grammars_give(folder: Path, asked: Any) -> None:
    put(folder / "text", TEXT)
    (folder / "text" / "line.lark").write_text(GRAMMAR)
    status, out, err = asked("show", "text")
    assert (status, err) == (0, "")
    assert "grammar line: line.lark, rule start; compiled\n  host\n  pair[]\n    key\n" in out
    assert "  note\n" in out
    assert "let.first  read.pair[0]" in out
    rows = [line.split() for line in out.splitlines() if line.startswith(("host", "size"))]
    assert rows[0] == ["host", "text", "read.host", "|", "text", "not", "null", "who"]
    assert " ".join(rows[1][5:]) == "private, check size != '' and size in ['a', 'b']"
    told = json.loads(asked("show", "text", "--json")[1])
    assert told["grammars"]["line"]["shape"]["host"] == "text"
    assert isinstance(told["grammars"]["line"]["shape"]["pair"], list)
    assert (told["grammars"]["line"]["compiled"], told["grammars"]["line"]["declined"]) == (True, None)


def test_show_says_why_a_grammar_is_not_compiled(folder: Path, asked: Any) -> None:
    put(folder / "text", TEXT.replace("read.pair[0]", "read").replace("read.host", "read.name").replace("first.key", "read.name"))
    (folder / "text" / "line.lark").write_text('start: NAME ["(" start ")"]\nNAME: /[a-z]+/')
    assert "rule start; not compiled, for rule start contains itself\n" in asked("show", "text")[1]
    told = json.loads(asked("show", "text", "--json")[1])["grammars"]["line"]
    assert (told["compiled"], told["declined"]) == (False, "rule start contains itself")


def test_the_traps_of_grammars_are_warnings_that_strict_makes_problems(folder: Path, asked: Any) -> None:
    inline = "[grammars]\nline = { text = '''\nstart: USER \" from \" HOST\nUSER: /.+/\nHOST: /[a-z]+/\n''' }\n"
    put(
        folder / "trap",
        'name = "trap"\nsource = "t"\n' + inline + '[tables.trap]\ncolumns.a = "message | parse(line).user | text"\n',
    )
    put(folder / "text", TEXT)
    (folder / "text" / "line.lark").write_text(GRAMMAR.replace("NOTE: /!.+/", "NOTE: /!.*?/"))
    status, out, _ = asked("check")
    assert status == 0
    lines = out.splitlines()
    assert any(line.startswith(f"warning: {folder}/trap/slip.toml:6:1: `USER` goes on over") for line in lines)
    assert any(line.startswith(f"warning: {folder}/text/line.lark:8:1: ") for line in lines)
    assert lines[-1].startswith("3 slips: no problem, 2 warning")
    assert asked("check", "--strict")[0] == 1


def test_new_from_lines_is_a_slip_with_a_grammar_that_passes(folder: Path, asked: Any) -> None:
    (folder.parent / "some.log").write_text("one two  three\n\n single \n\tx\n")
    assert asked("new", "lines", "--from", "some.log")[0] == 0
    assert (folder / "lines" / "line.lark").exists()
    assert asked("check", "--strict")[:2] == (0, "2 slips: no problem.\n")
    status, out, _ = asked("test", "lines")
    assert (status, out) == (0, "3 samples of 1 slip: 3 passed.\n")
    told = json.loads(asked("try", "lines", "some.log", "--json")[1])["documents"]
    assert [one["outcome"] for one in told] == ["rows", "rows", "rows"]
    assert told[0]["rows"]["lines"] == [{"first": "one", "rest": "two  three"}]


@pytest.mark.parametrize(
    ("each", "more", "warned"),
    [
        ("$.authors[*]", "", True),
        ("@.pages[0].authors[*]", "", True),
        ("authors[*]", "", True),
        ("$.authors", "", False),
        ("$.authors.*", "", False),
        ("$.pages[*].authors[*]", "", False),  # no other path has these items
        ("known[*]", "", False),
        ("authors | as_list", "", False),
        ("$.authors[*]", 'when = "@key == null"', False),
        ("$.authors[*]", 'columns.key = "@key | text"', False),
        ("$.authors[*]", 'let.key = "@key"', False),
    ],
)
def test_an_each_that_takes_whatever_is_there_is_a_warning(
    folder: Path, asked: Any, each: str, more: str, *, warned: bool
) -> None:
    lets = '[let]\nknown = "authors | as_list"\n'
    put(folder / "book", BOOK.replace("[tables.book]", f"{lets}[tables.book]").replace("$.authors", each) + more)
    status, out, _ = asked("check")
    assert status == 0
    sentence = (
        f"warning: {folder}/book/slip.toml:13:11: `{each}` passes over a text or number without a row or a reject, and makes a row of "
        f"each member of an object; where an array is meant, write `{each.removesuffix('[*]')}`, which refuses a text or number\n"
    )
    assert out.startswith(sentence) if warned else out == "1 slip: no problem.\n"


def test_a_regular_expression_that_can_try_for_ever_is_a_warning(folder: Path, asked: Any) -> None:
    (folder / "slow").mkdir()
    (folder / "slow" / "slip.toml").write_text(
        'name = "slow"\nsource = "s"\n[input]\nformat = "lines"\nbegins = "(x+)+y"\n[tables.slow]\n'
        "columns.a = \"message | match('(a+)+$') | text\"\ncolumns.b = { expr = \"message | match('^b+') | text\" }\n"
        "columns.c = { expr = \"message | match('(c*)*d') | text\" }\n"
    )
    _, out, _ = asked("check")
    lines = [line for line in out.splitlines() if "can try for ever" in line]
    assert [line.removeprefix(f"warning: {folder}/slow/slip.toml:").split(":")[0] for line in lines] == ["5", "7", "9"]
