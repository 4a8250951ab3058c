"""Folders of slips become a catalogue; a broken slip does not keep the others out."""

from pathlib import Path

import pytest

from etl_actors.errors import SlipError
from etl_actors.resources import resource
from etl_actors.slips.shelf.catalogue import load_catalogue
from etl_actors.slips.source.files import digest, read_slip_folder


def write(folder: Path, name: str, top: str = "", column: str = "a | text") -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "slip.toml").write_text(f'name = "{name}"\n{top}\n[tables.{name}]\ncolumns.a = "{column}"\n')
    return folder / name


def test_slips_are_found_by_source_and_by_name(tmp_path: Path) -> None:
    write(tmp_path, "one", 'source = "x"')
    write(tmp_path, "two", 'source = ["x", "y"]\npriority = 5')
    write(tmp_path, "any")
    catalogue = load_catalogue([tmp_path], "public")
    assert catalogue.problems == ()
    assert [slip.name for slip in catalogue.for_source("x")] == ["two", "any", "one"]
    assert [slip.name for slip in catalogue.for_source("y")] == ["two", "any"]
    assert [slip.name for slip in catalogue.for_source("z")] == ["any"]
    assert catalogue.named("one") in catalogue.slips
    assert catalogue.named("none") is None


def test_a_broken_slip_is_a_problem_and_the_others_are_in_force(tmp_path: Path) -> None:
    write(tmp_path, "good")
    bad = write(tmp_path, "bad", column="a | dte")
    catalogue = load_catalogue([tmp_path], "public")
    assert [slip.name for slip in catalogue.slips] == ["good"]
    (problem,) = catalogue.problems
    assert problem.startswith(f"{bad}/slip.toml:4:18: there is no step `dte`")


def test_two_slips_of_one_name_are_both_refused(tmp_path: Path) -> None:
    write(tmp_path / "a", "same")
    write(tmp_path / "b", "same")
    catalogue = load_catalogue([tmp_path / "a", tmp_path / "b"], "public")
    assert catalogue.slips == ()
    assert "the name `same`" in catalogue.problems[0]


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert "no such folder" in load_catalogue([tmp_path / "none"], "public").problems[0]


def test_a_file_that_is_not_utf_8_is_a_problem(tmp_path: Path) -> None:
    (write(tmp_path, "x") / "slip.toml").write_bytes(b"name = '\xff'")
    assert "expected UTF-8" in load_catalogue([tmp_path], "public").problems[0]


def test_samples_are_no_part_of_a_slip(tmp_path: Path) -> None:
    folder = write(tmp_path, "x")
    (folder / "samples").mkdir()
    (folder / "samples" / "a.json").write_text("{}")
    assert list(read_slip_folder(folder)) == ["slip.toml"]
    with pytest.raises(SlipError, match="no such file"):
        read_slip_folder(tmp_path)


def test_the_digest_tells_files_apart_by_name_and_by_text() -> None:
    digests = {
        digest(files) for files in ({"a": "b"}, {"a": "b "}, {"ab": ""}, {"": "ab"}, {"a": "", "b": ""}, {"a": "b", "c": ""})
    }
    assert len(digests) == 6
    assert digest({"a": "1", "b": "2"}) == digest({"b": "2", "a": "1"})
    assert all(len(one) == 32 for one in digests)


def test_every_bundled_slip_can_be_used() -> None:
    catalogue = load_catalogue([resource("parsers")], "public")
    assert catalogue.problems == ()
    assert catalogue.slips
