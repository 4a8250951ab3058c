"""Which version of a slip is in force: the folder's, else the last good one; of two that disagree, the one that changed loses."""

from collections.abc import Callable
from pathlib import Path

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.found import Found, find_slips, head_of, sources_of
from etl_actors.slips.shelf.in_force import Standing, settle

_FOLDER = Path("slips")


def toml(name: str, kind: str = "text", table: str = "shared") -> str:
    return f'name = "{name}"\nsource = "s"\n[tables.{table}]\nkey = ["a"]\ncolumns.a = "a | {kind}"\n'


def shelf(tmp_path: Path, **texts: str) -> tuple[Found, ...]:
    """Write slips by folder, and find them."""
    for folder, text in texts.items():
        (tmp_path / folder).mkdir(exist_ok=True, parents=True)
        (tmp_path / folder / "slip.toml").write_text(text)
    return find_slips([tmp_path], "public").slips


def last_of(before: tuple[Found, ...]) -> Callable[[Found], Slip | None]:
    return lambda found: next((each.slip for each in before if each.folder == found.folder), None)


def in_force(standings: tuple[Standing, ...]) -> dict[str, str]:
    """Return the types of the column in force, by slip; of a slip that is refused with a bang."""
    return {
        s.name: ("!" if s.problem else "") + ("-" if s.slip is None else s.slip.tables[0].table.columns[0].type)
        for s in standings
    }


def test_a_broken_slip_leaves_its_last_good_version_in_force(tmp_path: Path) -> None:
    before = shelf(tmp_path, a=toml("a"))
    after = shelf(tmp_path, a=toml("a", "txt"))
    assert in_force(settle(after, last_of(before))) == {"a": "!text"}
    assert in_force(settle(after)) == {"a": "!-"}


def test_what_the_database_refuses_is_broken_too(tmp_path: Path) -> None:
    before = shelf(tmp_path, a=toml("a"))
    after = shelf(tmp_path, a=toml("a", "int"))
    assert after[0].slip is not None
    (standing,) = settle(after, last_of(before), {after[0].slip.digest: "other types"})
    assert (standing.problem, standing.slip) == ("other types", before[0].slip)


def test_of_two_that_disagree_the_one_that_changed_is_refused(tmp_path: Path) -> None:
    before = shelf(tmp_path, a=toml("a"), b=toml("b"))
    for changed, other in (("a", "b"), ("b", "a")):
        after = shelf(tmp_path, **{changed: toml(changed, "int"), other: toml(other)})
        standings = settle(after, last_of(before))
        assert in_force(standings) == {changed: "!text", other: "text"}
        (refused,) = [standing for standing in standings if standing.problem]
        assert refused.problem.startswith(f"{tmp_path / changed}/slip.toml:"), "the sentence stands where the change was"


def test_two_that_changed_together_and_agree_are_both_in_force(tmp_path: Path) -> None:
    before = shelf(tmp_path, a=toml("a"), b=toml("b"))
    assert in_force(settle(shelf(tmp_path, a=toml("a", "int"), b=toml("b", "int")), last_of(before))) == {"a": "int", "b": "int"}


def test_a_new_one_that_disagrees_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    before = shelf(tmp_path, b=toml("b"))
    assert in_force(settle(shelf(tmp_path, a=toml("a", "int")), last_of(before))) == {"a": "!-", "b": "text"}


def test_a_refusal_may_bring_back_a_version_that_refuses_another(tmp_path: Path) -> None:
    """All go from text to int, but c is of text still, for it is broken: a and b cannot go either."""
    before = shelf(tmp_path, a=toml("a"), b=toml("b"), c=toml("c"))
    after = shelf(tmp_path, a=toml("a", "int"), b=toml("b", "int"), c=toml("c", "it"))
    assert in_force(settle(after, last_of(before))) == {"a": "!text", "b": "!text", "c": "!text"}


def test_last_good_versions_that_disagree_with_one_another_are_both_left_out(tmp_path: Path) -> None:
    """They cannot have been in force together here; stored by two daemons they may be."""
    before = (*shelf(tmp_path / "x", a=toml("a")), *shelf(tmp_path / "y", b=toml("b", "int")))
    broken = shelf(tmp_path / "z", a=toml("a", "x"), b=toml("b", "x"))
    good = {each.name: each.slip for each in before}
    assert in_force(settle(broken, lambda found: good[found.name])) == {"a": "!-", "b": "!-"}


def test_two_of_one_name_leave_the_last_good_one_in_force(tmp_path: Path) -> None:
    before = shelf(tmp_path, a=toml("same"))
    after = shelf(tmp_path, b=toml("same", "int"))
    (standing,) = settle(after, last_of(before))
    assert standing.slip == before[0].slip
    assert f"is that of {tmp_path / 'b'}/slip.toml too" in standing.problem


def test_a_broken_file_does_not_bring_back_a_name_that_is_in_force_elsewhere(tmp_path: Path) -> None:
    """The slip moved to another folder, and what is left of it in the old one is broken."""
    before = shelf(tmp_path, old=toml("a"))
    after = shelf(tmp_path, old=toml("rest", "x"), new=toml("a", "int"))
    standings = settle(after, last_of(before))
    assert in_force(standings) == {"a": "int", "rest": "!-"}


def test_a_file_that_is_no_toml_still_says_its_name_and_sources() -> None:
    text = 'name = "web"\nsource = ["a", "b"]\npriority = \n[tables.\nname = "no"\n'
    assert head_of(text)["name"] == "web"
    assert sources_of(text) == ("a", "b")
    assert sources_of('name = "web"\n') is None
    assert sources_of("source = [1]") is None
    assert sources_of("source = ") is None


def test_folders_that_are_not_there_and_empty_ones_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = find_slips([tmp_path / "none", tmp_path / "empty"], "public")
    assert list(found.missing) == [tmp_path / "none"]
    assert list(found.empty) == [tmp_path / "empty"]
