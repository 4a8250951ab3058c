"""`slips check` warns of what points to a table that no slip fills."""

from pathlib import Path

import pytest

from etl_actors.cli import main

BOOK = 'name = "book"\nsource = "library"\n[tables.book]\nkey = ["isbn"]\ncolumns.isbn = "isbn | text"\n'
LOAN = 'name = "loan"\nsource = "loans"\n[tables.loan]\ncolumns.book = "isbn | text | ref(\'boook\')"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of two slips, which the settings name."""
    for name, text in (("book", BOOK), ("loan", LOAN)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "slip.toml").write_text(text)
    monkeypatch.setenv("ETL_PARSERS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("words", [["check"], ["check", "loan"]])
def test_check_warns_of_what_points_to_a_table_that_no_slip_fills(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main.execute(["slips", *words]) == 0
    out = capsys.readouterr().out
    assert f"warning: {folder}/loan/slip.toml:4:31: no slip fills a table `boook`; did you mean `book`?\n" in out
    assert main.execute(["slips", *words, "--strict"]) == 1


def test_check_warns_of_nothing_while_a_slip_that_may_fill_it_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "book" / "slip.toml").write_text("name = ")
    assert main.execute(["slips", "check"]) == 1
    assert "no slip fills" not in capsys.readouterr().out


def test_a_copy_elsewhere_is_not_warned_of_what_stands_beside_the_others(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path_factory.mktemp("copy") / "loan"
    copy.mkdir()
    (copy / "slip.toml").write_text(LOAN)
    assert main.execute(["slips", "check", str(copy)]) == 0
    assert "no slip fills" not in capsys.readouterr().out
