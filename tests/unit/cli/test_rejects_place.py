from decimal import Decimal
from typing import Any

import pytest

from etl_actors.cli.rejects.place import place_lines
from etl_actors.slips.expressions.paths import location_text


def test_a_caret_stands_under_the_value_among_its_neighbours() -> None:
    document = {"a": 1, "offers": [{"seller": "x", "price": "n/a", "at": None}]}
    assert place_lines(document, "$.offers[0].price") == [
        "in $.offers[0]:",
        '  "seller": "x"',
        '  "price": "n/a"',
        "           ^^^^^",
        '  "at": null',
    ]


def test_only_the_nearest_neighbours_are_shown() -> None:
    assert place_lines(list(range(100)), "$[50]") == [
        "in $:",
        "  …",
        "  [47] 47",
        "  [48] 48",
        "  [49] 49",
        "  [50] 50",
        "       ^^",
        "  [51] 51",
        "  [52] 52",
        "  [53] 53",
        "  …",
    ]


def test_where_nothing_stands_what_is_there_instead_is_shown_without_a_caret() -> None:
    assert place_lines({"a": {"b": 1}}, "$.a.c.d") == ['in $.a, which has no "c":', '  "b": 1']
    assert place_lines({"a": []}, "$.a[0]") == ["in $.a, which has no element 0:"]
    assert place_lines({"a": 1}, "$") == ["in $:", '  "a": 1']


def test_long_values_are_cut_and_numbers_stay_digit_for_digit() -> None:
    lines = place_lines({"n": Decimal("1.10"), "t": "x" * 500}, "$.t")
    assert lines[1] == '  "n": 1.10'
    assert len(lines[2]) == len(lines[3]) < 80
    assert lines[2].endswith("…")


def test_what_would_turn_the_line_around_is_escaped_and_the_caret_stays_below_it() -> None:
    _, value, caret = place_lines({"a": "x\u202ey"}, "$.a")
    assert value == '  "a": "x\\u202ey"'
    assert caret == "       ^^^^^^^^^^"


@pytest.mark.parametrize("name", ["a", "_b1", "ä", "with space", "it's", "back\\slash", "line\nbreak", "", "0", "['x']"])
def test_the_path_of_every_name_is_read_as_it_is_written(name: str) -> None:
    document: dict[str, Any] = {name: [{"x": 7}], "other": 1}
    lines = place_lines(document, location_text((name, 0, "x")))
    assert lines == [f"in {location_text((name, 0))}:", '  "x": 7', "       ^"]


@pytest.mark.parametrize("path", ["$.*", "$[*].a", "@.a", "", "$.a[0", "$..a", "$.people[*].name"])
def test_a_path_of_several_places_or_with_names_left_out_shows_nothing(path: str) -> None:
    assert place_lines({"a": [1]}, path) == []


@pytest.mark.parametrize("document", ["text", 7, None])
def test_a_document_that_is_one_value_has_nothing_around_it(document: Any) -> None:
    assert place_lines(document, "$") == []


@pytest.mark.parametrize("path", ["$[0]", "$.a.b", "$.a[0]"])
def test_a_path_that_the_document_does_not_have_is_no_error(path: str) -> None:
    assert place_lines({"a": "text"}, path)[:1] in ([], ["in $, which has no element 0:"])
