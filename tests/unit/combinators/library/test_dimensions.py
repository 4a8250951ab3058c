"""Sizes as museums, shops and data sheets write them."""

import re
from time import process_time
from typing import Any

import pytest

from tests.support.library import library_grammar, refuses, value_by
from tests.support.library_examples import bare

UNITS = """mm cm m km µm nm mil in ins inch inches ft foot feet yd yards miles px pt mg g kg kgs kilos Kilograms grams tonnes lb lbs
    pounds oz ounces ml l litres cm² m3 s sec secs seconds min mins minutes h hr hours days t " \u2033 ' \u2032 ''"""
AXES = "H W D L B T h w d Ø ø ⌀ H. diam. dia Diameter height width depth length thickness radius"
QUALIFIERS = "approx. approx approximately about circa ca. c. each ea. max. maximum min. minimum ~ ≈ < >"


def _parts(text: str) -> list[dict[str, Any]]:
    value: Any = bare(value_by("dimensions", text))
    parts: list[dict[str, Any]] = value["part"]
    return parts


def _size(*numbers: str, unit: str) -> dict[str, Any]:
    return {"side": [{"number": number} for number in numbers], "unit": unit}


@pytest.mark.parametrize("unit", UNITS.split())
def test_a_unit_is_one_behind_a_size_before_a_cross_an_axis_a_label_and_another_size(unit: str) -> None:
    """The list of units stands in several terminals; none may know another."""
    assert _parts(f"3 x 4 {unit}") == [{"size": [_size("3", "4", unit=unit)]}]
    assert _parts(f"3{unit} x 4{unit}") == [{"size": [{"side": [{"number": "3", "unit": unit}, {"number": "4"}], "unit": unit}]}]
    assert _parts(f"3 {unit} (W)") == [{"size": [{"side": [{"number": "3", "unit": unit, "axis": "W"}]}]}]
    assert _parts(f"a lid 3 {unit}, its frame: 4 {unit}, 5 {unit}") == [
        {"label": "a lid", "size": [_size("3", unit=unit)]},
        {"label": "its frame", "size": [_size("4", unit=unit), _size("5", unit=unit)]},
    ]


@pytest.mark.parametrize("axis", AXES.split())
def test_an_axis_stands_before_or_behind_its_number_and_is_no_label(axis: str) -> None:
    side = {"axis": axis, "number": "30"}
    assert _parts(f"{axis} 30 cm") == _parts(f"{axis}: 30 cm") == [{"size": [{"side": [side], "unit": "cm"}]}]
    assert _parts(f"30 cm {axis} x 20 cm") == [{"size": [{"side": [{**side, "unit": "cm"}, {"number": "20"}], "unit": "cm"}]}]
    assert _parts(f"box {axis} 30 cm") == [{"label": "box", "size": [{"side": [side], "unit": "cm"}]}]


@pytest.mark.parametrize("qualifier", [*QUALIFIERS.split(), "up to"])
def test_a_qualifier_stands_before_a_number_or_its_axis(qualifier: str) -> None:
    assert _parts(f"{qualifier} 30 cm") == [{"size": [{"side": [{"qualifier": qualifier, "number": "30"}], "unit": "cm"}]}]
    both = {"qualifier": qualifier, "axis": "height", "number": "30"}
    assert (
        _parts(f"{qualifier} height 30 cm") == _parts(f"height {qualifier} 30 cm") == [{"size": [{"side": [both], "unit": "cm"}]}]
    )


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("support, each: 3 x 4 mm", ["support, each"]),
        ("object, each (closed case): 3 x 4 mm", ["object, each (closed case)"]),
        ("panel 4 of 5: 3 x 4 mm", ["panel 4 of 5"]),
        ("2nd support: 3 x 4", ["2nd support"]),
        ("2 maps:  frame: 3 x 4 mm", ["2 maps:  frame"]),
        ("3 x 4 mm frame: 5 x 6 mm", [None, "frame"]),
        ("3 x 4 mm, box 5 x 6 mm, 3 kg", [None, "box"]),
        ("3 x 4 mm     weight 1.kg", [None, "weight"]),
        ("Vase, H 30 cm, W 20 cm", ["Vase"]),
        ("X-ray: 3 x 4 mm", ["X-ray"]),
        ("framed:", ["framed"]),
        ("3 x 4 mm, in 2 parts", [None]),
    ],
)
def test_a_label_begins_a_part_and_may_hold_counts_but_no_size(text: str, labels: list[str | None]) -> None:
    assert [part.get("label") for part in _parts(text)] == labels


@pytest.mark.parametrize(
    "text",
    [
        "x 30 cm",
        "by 20",
        "30 x x 20 cm",
        "1 200 30 cm",
        "1,200,30 cm",
        "30 x 20 cm)",
        "30 x 20 cm:",
        "a: b: c: d 30 cm",
        ";",
        "\n",
    ],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    assert refuses("dimensions", text)


@pytest.mark.parametrize(
    "piece", ["a ", "a, ", "a:", "1 a:", "1x", "1 cm, ", "5' 1", "approx. ", "1,000 ", "(a", "()", "\n", "H ", "1/2 ", "9"]
)
def test_a_terminal_takes_no_longer_than_its_text(piece: str) -> None:
    """A megabyte that repeats one piece, before it what lets each terminal begin."""
    text = piece * (1_000_000 // len(piece))
    terminals = [re.compile(terminal.pattern.to_regexp()) for terminal in library_grammar("dimensions").lark.terminals]
    for before in ("", "1 cm", "(", "H "):
        for terminal in terminals:
            began = process_time()
            terminal.match(before + text, 0)
            assert process_time() - began < 2
