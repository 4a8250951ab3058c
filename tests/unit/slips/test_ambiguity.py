"""Slips of equal priority that would take the same documents are told before any document comes."""

from pathlib import Path

import pytest

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.shelf.ambiguity import ambiguities


def slip(name: str, more: str = "") -> tuple[Path, Slip]:
    text = f'name = "{name}"\n{more}\n[tables.{name}]\ncolumns.c = "c | text"\n'
    return Path(name), read_slip({"slip.toml": text}, "public", origin=name)


def told(one: str, other: str) -> list[str]:
    return [found.problem.splitlines()[0] for found in ambiguities([slip("one", one), slip("other", other)], {})]


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ("", "", "other/slip.toml:1:1: this slip and `one` both take every document of any source"),
        ('source = "s"', "", "other/slip.toml:1:1: this slip and `one` both take every document of source s"),
        (
            'source = ["s", "t"]',
            'source = ["u", "t"]',
            "other/slip.toml:2:1: this slip and `one` both take every document of source t",
        ),
        ('when = "a == 1"', "", "this slip has no `when`, so it takes every document of any source that `one` takes"),
        (
            "",
            'when = "a == 1"',
            "other/slip.toml:2:1: `one`, which has no `when`, takes every document of any source that this slip takes",
        ),
        ('when = "a == 1"', 'when = "a  == 1"', "`one` has the same `when` for any source"),
        (
            "priority = 3",
            "priority = 3",
            "other/slip.toml:2:1: this slip and `one` both take every document of any source, at equal priority 3",
        ),
    ],
)
def test_what_decides_between_two_slips_never_is_told_at_its_place(one: str, other: str, sentence: str) -> None:
    (problem,) = told(one, other)
    assert sentence in problem
    assert problem.endswith("give one of them a higher `priority` or another `when`")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("priority = 1", ""),
        ('source = "s"', 'source = "t"'),
        ('when = "a == 1"', 'when = "a == 2"'),
    ],
)
def test_slips_between_which_something_decides_are_well(one: str, other: str) -> None:
    assert told(one, other) == []


def test_a_document_that_both_take_shows_what_their_predicates_do_not() -> None:
    slips = [slip("one", 'when = "exists(a)"'), slip("other", 'when = "exists(b)"')]
    assert list(ambiguities(slips, {"one": [("first", lambda each: each.name == "one")]})) == []
    (found,) = ambiguities(slips, {"one": [("first", lambda _each: True)]})
    assert (found.one, found.other) == ("one", "other")
    assert "this slip and `one` both take the sample first of `one`, at equal priority 0" in found.problem
