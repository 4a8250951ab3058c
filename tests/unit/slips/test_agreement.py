"""Several slips may fill one table where they agree on what it is; where they don't, neither is in force."""

from pathlib import Path

import pytest

from etl_actors.slips.shelf.catalogue import Catalogue, load_catalogue
from etl_actors.slips.shelf.cross_refs import dangling_refs

BOOK = '[tables.book]\nkey = ["isbn"]\ncolumns.isbn = "isbn | text"\ncolumns.year = "year | int"\n'
TAG = '[tables.tag]\nparent = "book"\neach = "$.tags[*]"\ncolumns.tag = "@ | text"\n'
NEWEST = BOOK.replace("\nkey", '\non_duplicate = "newest(year)"\nkey') + 'columns.seen = "seen | date"\n'
SHARED = BOOK.replace("\nkey", '\neach = "$.books[*]"\nkey')
NEVER_NULL = 'columns.title = { expr = "title | text", null = false }\n'
LOAN = "[tables.loan]\ncolumns.book = \"isbn | text | ref('book')\"\n"


def loaded(folder: Path, *texts: str) -> Catalogue:
    """Load slips that are named `a`, `b`, `c` and so on, of one source each."""
    for name, text in zip("abcd", texts, strict=False):
        (folder / name).mkdir()
        (folder / name / "slip.toml").write_text(f'name = "{name}"\nsource = "{name}"\n{text}')
    return load_catalogue([folder], "public")


def in_force(catalogue: Catalogue) -> list[str]:
    return [slip.name for slip in catalogue.slips]


@pytest.mark.parametrize(
    "other",
    [
        BOOK,
        BOOK + 'columns.title = "title | text"\n',
        BOOK.replace("year | int", "published | integer"),
        BOOK.replace('"year | int"', '{ expr = "year | int", comment = "of the first edition", private = true }'),
        BOOK.replace("\nkey", '\nindex = ["year"]\nkey'),
        "[tables.loan]\ncolumns.book = \"isbn | text | ref('book')\"\n",
        '[tables.book]\nschema = "public"\n' + BOOK.partition("\n")[2],
        BOOK.replace("[tables.book]", '[tables.book]\nschema = "second"').replace("year | int", "year | text"),
    ],
    ids=[
        "the same",
        "another column",
        "from elsewhere",
        "said otherwise",
        "an index",
        "pointing there",
        "its schema named",
        "of another schema",
    ],
)
def test_slips_that_agree_fill_one_table(tmp_path: Path, other: str) -> None:
    catalogue = loaded(tmp_path, BOOK, other)
    assert catalogue.problems == ()
    assert in_force(catalogue) == ["a", "b"]


@pytest.mark.parametrize(
    ("first", "second", "differs"),
    [
        (
            BOOK,
            BOOK.replace('"isbn"]', '"isbn", "year"]'),
            "its key is (isbn, year), there (isbn)",
        ),
        (
            BOOK.replace('"isbn"]', '"year", "isbn"]'),
            BOOK.replace('"isbn"]', '"isbn", "year"]'),
            "its key is (isbn, year), there (year, isbn)",
        ),
        (BOOK, BOOK.replace('key = ["isbn"]\n', ""), "its key is none, there (isbn)"),
        (
            BOOK,
            BOOK.replace("\nkey", '\non_duplicate = "update"\nkey'),
            '`on_duplicate` is "update", there "ignore"',
        ),
        (BOOK, BOOK.replace("year | int", "year | bigint"), "column `year` is bigint, there int"),
        (
            BOOK.replace("year | int", "year | numeric"),
            BOOK.replace("year | int", "year | numeric(4)"),
            "column `year` is numeric(4,0), there numeric",
        ),
        (
            BOOK.replace('key = ["isbn"]\n', ""),
            BOOK.replace('key = ["isbn"]', 'identity = "row"'),
            '`identity` is "row", there not given',
        ),
        (
            BOOK.replace('key = ["isbn"]\n', ""),
            BOOK.replace('key = ["isbn"]\n', "") + "[input]\norigin = true\n",
            "`origin` is true, there false",
        ),
        (
            BOOK,
            '[tables.library]\ncolumns.a = "a | text"\n'
            + BOOK.replace("\nkey", '\nparent = "library"\neach = "$.books[*]"\nkey'),
            "it is below `public.library`, there the root",
        ),
        (
            BOOK + TAG,
            BOOK + '[tables.part]\nparent = "book"\n' + TAG.replace('"book"', '"part"'),
            "it is below `public.part`, there below `public.book`",
        ),
        (
            BOOK.replace("\nkey", '\non_duplicate = "newest(year)"\nkey'),
            BOOK.replace("\nkey", '\non_duplicate = "update"\nkey'),
            '`on_duplicate` is "update", there "newest(year)"',
        ),
        (
            NEWEST,
            NEWEST.replace("newest(year)", "newest(seen)"),
            '`on_duplicate` is "newest(seen)", there "newest(year)"',
        ),
        (BOOK, SHARED, "it is one of entities, there the root"),
        (
            SHARED,
            SHARED.replace("\nkey", '\non_duplicate = "fill"\nkey'),
            '`on_duplicate` is "fill", there "ignore"',
        ),
        (BOOK, BOOK + NEVER_NULL, "column `title` is never null, and there it is not filled"),
        (BOOK + NEVER_NULL, BOOK, "column `title` is not filled, and there it is never null"),
        (
            BOOK + NEVER_NULL,
            BOOK + NEVER_NULL.replace("null = false", "null = true"),
            "column `title` may be null, there it is never null",
        ),
        (BOOK, BOOK.replace('"year | int"', '{ expr = "year | int", check = "year > 0" }'), "column `year` has a `check`"),
        (BOOK.replace('"year | int"', '{ expr = "year | int", check = "year > 0" }'), BOOK, "column `year` has no `check`"),
        (
            BOOK.replace('"year | int"', '{ expr = "year | int", check = "year > 0" }'),
            BOOK.replace('"year | int"', '{ expr = "year | int", check = "year > 1" }'),
            "column `year` has another `check`",
        ),
    ],
    ids=[
        "key",
        "order of the key",
        "no key",
        "policy",
        "type",
        "precision",
        "identity",
        "origin",
        "root and child",
        "parent",
        "newest and update",
        "newest by what",
        "root and entity",
        "fill",
        "never null and not filled",
        "not filled and never null",
        "null",
        "a check",
        "no check",
        "another check",
    ],
)
def test_slips_that_disagree_on_a_table_are_both_refused(tmp_path: Path, first: str, second: str, differs: str) -> None:
    catalogue = loaded(tmp_path, first, second)
    (problem,) = catalogue.problems
    sentence = problem.partition("\n")[0]
    assert sentence.startswith(f"{tmp_path / 'b' / 'slip.toml'}:")
    assert f"otherwise than {tmp_path / 'a' / 'slip.toml'}: " in sentence
    assert differs in sentence
    assert in_force(catalogue) == []


def test_all_that_differs_is_told_at_the_table_of_the_later_slip(tmp_path: Path) -> None:
    later = BOOK.replace("year | int", "year | text").replace("isbn | text", "isbn | int").replace("[tables", "\n[tables")
    (problem,) = loaded(tmp_path, BOOK, later.replace("\nkey", '\non_duplicate = "update"\nkey')).problems
    assert problem.splitlines() == [
        (
            f"{tmp_path}/b/slip.toml:4:9: the slip fills `public.book` otherwise than {tmp_path}/a/slip.toml: "
            '`on_duplicate` is "update", there "ignore"; column `isbn` is int, there text; column `year` is text, there int'
        ),
        "    [tables.book]",
        "            ^",
    ]


def test_slips_are_held_against_every_other_and_those_without_a_quarrel_stay(tmp_path: Path) -> None:
    """The first has no column `title`, of which the second and the third make two things."""
    second, third = (f'{BOOK}columns.title = "title | {kind}"\n' for kind in ("text", "jsonb"))
    catalogue = loaded(tmp_path, BOOK, second, third)
    (problem,) = catalogue.problems
    assert f"otherwise than {tmp_path}/b/slip.toml: column `title` is jsonb, there text" in problem
    assert in_force(catalogue) == ["a"]


def test_a_root_that_the_slip_was_given_is_a_table_like_any_other(tmp_path: Path) -> None:
    child = '[tables.tag]\nparent = "a"\neach = "$.tags[*]"\ncolumns.tag = "@ | text"\n'
    catalogue = loaded(tmp_path, child, '[tables.a]\nkey = ["id"]\ncolumns.id = "id | int"\n')
    assert any("`public.a`" in problem and "its key is (id), there none" in problem for problem in catalogue.problems)
    assert in_force(catalogue) == []


def test_no_more_than_one_problem_is_told_of_a_table_in_a_slip(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path, BOOK, BOOK, BOOK.replace("year | int", "year | text"))
    assert len(catalogue.problems) == 1
    assert in_force(catalogue) == []


@pytest.mark.parametrize(
    ("key", "column", "wanted"),
    [
        ("isbn", "isbn | int | ref('book')", "5:30: the key of `public.book` is isbn text in {other}; got int"),
        ("isbn", "isbn | text | ref('book', b | int)", "5:31: the key of `public.book` is isbn text in {other}; got text, int"),
        ("year", "year | text | ref('book')", "5:31: the key of `public.book` is year int in {other}; got text"),
        ("", "year | text | ref('book')", "5:31: the key of `public.book` is none in {other}; got text"),
    ],
)
def test_slips_that_point_to_a_table_by_another_key_are_both_refused(tmp_path: Path, key: str, column: str, wanted: str) -> None:
    book = BOOK.replace('key = ["isbn"]\n', f'key = ["{key}"]\n' if key else "")
    catalogue = loaded(tmp_path, book, f'[tables.loan]\n\ncolumns.book = "{column}"\n')
    (problem,) = catalogue.problems
    place = wanted.format(other=tmp_path / "a" / "slip.toml")
    assert problem.splitlines()[0] == f"{tmp_path}/b/slip.toml:{place}"
    assert in_force(catalogue) == []


@pytest.mark.parametrize("kind", ["smallint", "int", "bigint"])
def test_an_integer_points_to_a_key_of_any_integer_type(tmp_path: Path, kind: str) -> None:
    book = BOOK.replace('["isbn"]', '["year"]')
    assert loaded(tmp_path, book, f"[tables.loan]\ncolumns.book = \"year | {kind} | ref('book')\"\n").problems == ()


def test_what_points_to_a_table_that_no_slip_fills_is_told_and_stays_in_force(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path, BOOK, LOAN, LOAN.replace("'book'", "'boook'").replace("loan", "lost"))
    assert in_force(catalogue) == ["a", "b", "c"]
    slips = [(tmp_path / slip.name, slip) for slip in catalogue.slips]
    assert [(each.slip, each.problem.splitlines()[0]) for each in dangling_refs(slips)] == [
        ("c", f"{tmp_path}/c/slip.toml:4:31: no slip fills a table `boook`; did you mean `book`?")
    ]


def test_a_ref_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """Lets, conditions and columns that say more than their expression."""
    slip = (
        "[let]\nx = \"a | text | ref('p')\"\n[tables.t]\nwhen = \"exists(a | text | ref('q'))\"\n"
        "columns.a = { null = true, expr = \"a | text | ref('r')\" }\nlet.y = \"a | text | ref('s')\"\n"
    )
    (read,) = loaded(tmp_path, slip).slips
    problems = [each.problem.splitlines()[0] for each in dangling_refs([(tmp_path / "a", read)])]
    assert [problem.removeprefix(f"{tmp_path}/a/slip.toml:") for problem in problems] == [
        "4:17: no slip fills a table `p`",
        "6:27: no slip fills a table `q`",
        "8:21: no slip fills a table `s`",
        "7:47: no slip fills a table `r`",
    ]


@pytest.mark.parametrize("first", [BOOK, '[breakout]\ntable = "book"\n'], ids=["with columns", "breaking out too"])
def test_a_slip_that_breaks_documents_out_has_its_tables_for_itself(tmp_path: Path, first: str) -> None:
    catalogue = loaded(tmp_path, first, '[breakout]\ntable = "book"\n')
    assert in_force(catalogue) == []
    assert "`public.book` is a table of " in catalogue.problems[0]
    assert "what breaks documents out has its tables for itself" in catalogue.problems[0]


@pytest.mark.parametrize(
    ("first", "what"),
    [
        (BOOK, "table"),
        ('[breakout]\nview = "book"\n', "view"),
        (
            '[breakout]\ntable = "lib"\nkey = "k"\non_duplicate = "history(at)"\ncolumns.k = "k | int"\ncolumns.at = "at | int"\n',
            "view",
        ),
    ],
    ids=["a table", "a view", "a view of versions"],
)
def test_a_view_has_a_name_of_its_own_among_all_slips(tmp_path: Path, first: str, what: str) -> None:
    name = "lib_history" if "history" in first else "book"
    catalogue = loaded(tmp_path, first, f'[breakout]\nview = "{name}"\n')
    assert in_force(catalogue) == []
    assert any(f"the slip's view is `public.{name}`, which is a {what} of " in problem for problem in catalogue.problems)
