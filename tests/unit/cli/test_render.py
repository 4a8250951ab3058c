import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.cli.render import Column, ago, duration, number, plural, say, short_digest, show_json, show_table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (0.44, "0.4 s"), (12.3, "12 s"), (59.4, "59 s"), (180, "3 min"), (5 * 3600, "5 h"), (2 * 86400, "2 d")],
)
def test_a_time_is_written_in_its_largest_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 rows"), (1, "1 row"), (2000, "2,000 rows")])
def test_a_count_agrees_with_its_noun(count: int, text: str) -> None:
    assert plural(count, "row") == text


@given(st.integers(1, 10**15))
def test_thousands_stand_apart_and_nothing_else_changes(count: int) -> None:
    assert number(count).replace(",", "") == str(count)
    assert all(len(group) == 3 for group in number(count).split(",")[1:])


def test_numbers_stand_at_the_right_and_empty_columns_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("source"), Column("rows", right=True), Column("skipped", right=True, optional=True)]
    show_table(columns, [["shop", "12,345", ""], ["web", "1", ""]])
    head, _, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["source", "rows"]
    assert first.rstrip() == "shop     12,345"
    assert second.rstrip() == "web           1"


def test_an_optional_column_with_something_in_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_table([Column("source"), Column("skipped", right=True, optional=True)], [["shop", ""], ["web", "7"]])
    assert capsys.readouterr().out.splitlines()[0].split() == ["source", "skipped"]


def test_what_is_shown_is_neither_markup_nor_a_command_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("[red]a[/red] \x1b[31mb :smile:")
    show_table([Column("source")], [["[bold]x[/bold]\x07"]])
    out = capsys.readouterr().out
    assert "[red]a[/red] \\u001b[31mb :smile:" in out
    assert "[bold]x[/bold]\\u0007" in out


@pytest.mark.parametrize("char", ["\t", "\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_name_with_a_line_break_in_it_stays_one_row(char: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_table([Column("source"), Column("rows", right=True)], [[f"a{char}b", "1"]])
    _, _, line = capsys.readouterr().out.splitlines()
    assert line.split() == [f"a\\u{ord(char):04x}b", "1"]


def test_expressions_of_several_lines_keep_them(capsys: pytest.CaptureFixture[str]) -> None:
    show_table([Column("column"), Column("from", lines=True)], [["a", "b |\n  int"]])
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()[2:]] == ["a        b |", "           int"]


def test_without_a_terminal_a_long_row_stays_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    show_table([Column("a"), Column("b")], [["x" * 90, "y" * 50]])
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize("page", [20, 40, 60])
def test_on_a_narrow_page_numbers_are_neither_broken_nor_cut_and_texts_give_way(
    page: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(page))
    counts = ["staged", "pending", "loaded", "duplicate", "rejected"]
    show_table(
        [Column("source"), *(Column(name, right=True) for name in counts), Column("id", firm=True)],
        [["a source of a long name", "2,000,000", "2,000", "1", "0", "12,345", "6f1c3a52"]],
    )
    out = capsys.readouterr().out
    for cell in ("2,000,000", "2,000 ", "12,345", "6f1c3a52"):
        assert cell in out
    assert "".join(out.split()).count("2,000") == 2
    if page == 60:
        assert max(len(line.rstrip()) for line in out.splitlines()) <= page


def test_json_keeps_letters_and_writes_times_as_iso(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"source": "Überseé", "at": datetime(2026, 1, 2, tzinfo=UTC)})
    out = capsys.readouterr().out
    assert "Überseé" in out
    assert json.loads(out) == {"source": "Überseé", "at": "2026-01-02T00:00:00+00:00"}


def test_what_the_clock_of_the_database_has_yet_to_come_to_is_no_time_ago() -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    assert ago(now - timedelta(hours=5), now) == "5 h"
    assert ago(now + timedelta(hours=5), now) == "0.0 s"


def test_a_version_is_told_by_the_beginning_of_its_digest() -> None:
    assert short_digest("0123456789abcdef") == "01234567"
    assert short_digest(None) == ""
