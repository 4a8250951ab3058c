import pytest

from etl_actors.cli.render import Column, show_table
from etl_actors.cli.widths import fits, name_cell, shortened, width_left


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def test_in_a_pipe_nothing_is_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    rows = [["1", name_cell("n" * 40, 14), "m" * 500]]
    show_table(
        [Column("id"), Column("name"), Column("message")],
        [[*row[:-1], shortened(row[-1], width_left(rows, ["id", "name"]))] for row in rows],
    )
    assert capsys.readouterr().out.splitlines()[2].split() == ["1", "n" * 40, "m" * 500]
    assert fits(rows, ["id", "name", "message"])


def test_on_a_page_a_name_is_cut() -> None:
    assert name_cell("n" * 40, 14) == "n" * 13 + "…"


def test_a_name_with_a_line_break_is_told_from_one_with_a_blank() -> None:
    assert name_cell("a\nb", 14) == "a\\u000ab"


def test_what_is_escaped_is_measured_as_it_is_shown() -> None:
    assert width_left([["a\nb"]], ["x"]) == 100 - len("a\\u000ab") - 3


def test_a_table_of_long_messages_fits_a_hundred_columns(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["1234567", "a" * 20, "", "m" * 500], ["1", "b", "", "short"]]
    left = width_left(rows, ["id", "name", "empty"])
    show_table(
        [Column("id"), Column("name"), Column("empty", optional=True), Column("message")],
        [[*row[:-1], shortened(row[-1], left)] for row in rows],
    )
    assert max(len(line.rstrip()) for line in capsys.readouterr().out.splitlines()) == 100


def test_a_title_may_be_wider_than_all_that_is_below_it() -> None:
    assert width_left([["1", "x"]], ["a title"]) == 100 - len("a title") - 3


def test_a_narrow_page_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert width_left([["1"]], ["a title"]) == 60 - len("a title") - 3


def test_the_last_column_keeps_some_room() -> None:
    assert width_left([["x" * 300, ""]], ["a"]) == 14


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("short", 10, "short"), ("exactly10!", 10, "exactly10!"), ("more than 10", 10, "more than…"), ("a\n  b", 10, "a b")],
)
def test_a_text_is_one_line_and_what_is_cut_off_is_an_ellipsis(text: str, width: int, shown: str) -> None:
    assert shortened(text, width) == shown


def test_a_table_fits_whose_titles_and_texts_do_and_what_is_empty_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert fits([["1234567890", "", "x"]], ["id", "a long title of nothing", "a title"])
    assert not fits([["1234567890", "", "x"]], ["id", "", "a title."])
