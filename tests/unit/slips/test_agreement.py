"""Several slips may fill one table where they agree on what it is; where they don't, neither is in force."""

from pathlib import Path

import pytest

from etl_actors.slips.catalogue import Catalogue, load_catalogue

BOOK = '[tables.book]\nkey = ["isbn"]\ncolumns.isbn = "isbn | text"\ncolumns.year = "year | int"\n'
TAG = '[tables.tag]\nparent = "book"\neach = "$.tags[*]"\ncolumns.tag = "@ | text"\n'


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
        '[tables.book]\nschema = "public"\n' + BOOK.partition("\n")[2],
        BOOK.replace("[tables.book]", '[tables.book]\nschema = "second"').replace("year | int", "year | text"),
    ],
    ids=["the same", "another column", "from elsewhere", "its schema named", "of another schema"],
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
    ],
    ids=["key", "order of the key", "no key", "policy", "type", "precision", "identity", "root and child", "parent"],
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
