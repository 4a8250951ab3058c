"""Which slip says how files are cut: those of the source, and of each only its ``[input]``."""

from pathlib import Path

import pytest

from etl_actors.errors import SlipError, UsageError
from etl_actors.feeding.form import input_form
from etl_actors.slips.model.slip import InputForm

_LINES = '[input]\nformat = "lines"\n'


def slip(folder: Path, name: str, top: str = "", rest: str = "", table: str = "a | text") -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "slip.toml").write_text(f'name = "{name}"\n{top}\n{rest}\n[tables.{name}]\ncolumns.a = "{table}"\n')


def test_the_slip_of_the_source_says_it(tmp_path: Path) -> None:
    slip(tmp_path, "web", 'source = ["web", "www"]', _LINES + "begins = '^x'\norigin = true\n")
    slip(tmp_path, "other", 'source = "other"', _LINES)
    assert input_form([tmp_path], "www") == InputForm("lines", "^x", origin=True)
    assert input_form([tmp_path], "other") == InputForm("lines")
    assert input_form([tmp_path], "nobody") is None


def test_a_slip_without_an_input_leaves_it_to_another_of_the_source(tmp_path: Path) -> None:
    slip(tmp_path, "one", 'source = "web"')
    slip(tmp_path, "two", 'source = "web"', _LINES)
    slip(tmp_path, "same", "", _LINES)
    assert input_form([tmp_path], "web") == InputForm("lines")


def test_slips_that_want_the_source_cut_in_different_ways_are_to_be_named(tmp_path: Path) -> None:
    slip(tmp_path, "one", 'source = "web"', _LINES)
    slip(tmp_path, "two", 'source = "web"', _LINES + "origin = true\n")
    with pytest.raises(
        UsageError, match=r"^The slips one and two cut files of source web in different ways: name one of them by --slip\.$"
    ):
        input_form([tmp_path], "web")
    assert input_form([tmp_path], "web", "two") == InputForm("lines", origin=True)
    assert input_form([tmp_path], "web", "of another daemon") is None


def test_only_what_is_wrong_with_the_input_of_the_source_is_a_matter(tmp_path: Path) -> None:
    slip(tmp_path, "web", 'source = "web"', _LINES, table="a | uper")
    slip(tmp_path, "other", 'source = "other"', '[input]\nformat = "xml"\n')
    (tmp_path / "no_toml").mkdir()
    (tmp_path / "no_toml" / "slip.toml").write_text('source = "third"\n[tables.\n')
    assert input_form([tmp_path], "web") == InputForm("lines")
    assert input_form([tmp_path], "third") is None
    with pytest.raises(SlipError, match=r"How files of source other are cut .*\n.*slip.toml:4:10: expected jsonl or lines"):
        input_form([tmp_path], "other")
    assert input_form([tmp_path], "other", lenient=True) is None


def test_an_input_in_a_text_that_is_no_toml_is_not_known(tmp_path: Path) -> None:
    slip(tmp_path, "web", 'source = "web"', _LINES + "[tables.\n")
    with pytest.raises(SlipError, match=r"slip.toml:1:1: this is no TOML"):
        input_form([tmp_path], "web")
