"""Slips are read as a whole, and everything wrong with them is said at once, with its place."""

import re

import pytest

from etl_actors.errors import SlipError
from etl_actors.relational.tables import Column
from etl_actors.slips.model.slip import InputForm
from etl_actors.slips.reading.read import read_slip
from tests.support.slips import TABLE, first_lines, read, refusal


def test_a_slip_says_what_it_takes() -> None:
    slip = read('name = "s"\nsource = ["x", "y", "x"]\nwhen = "exists(a)"\npriority = 3' + TABLE)
    assert (slip.name, slip.sources, slip.priority, slip.when_text) == ("s", ("x", "y"), 3, "exists(a)")
    assert slip.takes("x")
    assert not slip.takes("z")
    assert slip.root.columns == (Column("a", "text"),)
    assert (slip.lets, slip.input, slip.vocabulary.steps) == ((), None, {})


def test_a_slip_can_stand_in_a_set() -> None:
    assert len({read('name = "s"' + TABLE), read('name = "s"' + TABLE)}) == 1


def test_a_slip_says_how_files_are_cut_for_it() -> None:
    slip = read("name = 's'\n[input]\nformat = 'lines'\nbegins = '^\\[\\d{4}-'\norigin = true" + TABLE)
    assert slip.input == InputForm("lines", r"^\[\d{4}-", origin=True)
    assert read("name = 's'\n[input]\nformat = 'jsonl'" + TABLE).input == InputForm("jsonl", "", origin=False)


def test_maps_hold_scalars_exactly() -> None:
    maps = read('name = "s"\n[maps.m]\na = "x"\n"b c" = 1\nd = 0.10\ne = true' + TABLE).vocabulary.maps
    assert {text: str(value) for text, value in maps["m"].items()} == {"a": "x", "b c": "1", "d": "0.10", "e": "True"}


@pytest.mark.parametrize(
    ("toml", "wanted"),
    [
        ('name = "s"\nsorce = "x"' + TABLE, "2:1: there is no key `sorce`; did you mean `source`?"),
        (TABLE, "1:1: a slip needs a `name`"),
        ('name = "a/b"' + TABLE, "1:8: expected a name of 1 to 63 characters, without slashes and control characters"),
        ('name = "s"\nsource = []' + TABLE, "2:10: expected the name of a source, or a list of names"),
        ('name = "s"\npriority = true' + TABLE, "2:12: expected an integer"),
        ('name = "s"\nwhen = 1' + TABLE, "2:8: expected text, in quotes"),
        (
            'name = "s"\nwhen = "a"' + TABLE,
            "2:10: expected a comparison or `in`, as in `a == 1`; that a value is there is `exists(a)`",
        ),
        ('name = "s"\nwhen = "@key == 1"' + TABLE, "2:9: `@key` has a meaning only in a table with `each`"),
        (
            'name = "s"\nwhen = "exists(x)"\n[let]\nx = "a"' + TABLE,
            "2:16: `x` is a let, and `when` of a slip sees no lets; a field of that name is `@.x`",
        ),
        ('name = "s"', "1:1: a slip needs at least one table, as [tables.NAME]"),
        (
            'name = "s"\n[breakout]\ntable = "t"' + TABLE,
            "4:2: a slip with [breakout] has the tables that its documents have, and no `tables`",
        ),
        ('input = 1\nname = "s"' + TABLE, "1:1: expected `format`, `begins` or `origin` below [input]"),
        ('name = "s"\n[input]\nform = "x"' + TABLE, "3:1: `[input]` has no key `form`; did you mean `format`?"),
        ('name = "s"\n[input]\nformat = "line"' + TABLE, "3:10: expected jsonl or lines, got `line`; did you mean `lines`?"),
        ('name = "s"\n[input]\nformat = 1' + TABLE, "3:10: expected text, in quotes"),
        (
            'name = "s"\n[input]\nbegins = "x"' + TABLE,
            '3:1: `begins` is for lines of text: it needs `format = "lines"`',
        ),
        (
            "name = 's'\n[input]\nformat = 'lines'\nbegins = 'a(b'" + TABLE,
            "4:12: this is no regular expression: missing ), unterminated subpattern",
        ),
        ("name = 's'\n[input]\nformat = 'lines'\nbegins = ''" + TABLE, "4:11: expected a regular expression, got nothing"),
        ("name = 's'\n[input]\norigin = 'yes'" + TABLE, "3:10: expected true or false, without quotes"),
        ('name = "s"\n[maps]\nm = 1' + TABLE, "2:2: expected maps as [maps.NAME], each with texts and what stands for them"),
        ('name = "s"\n[maps.m]\na = 1979-05-27' + TABLE, "3:5: expected a text, a number, true or false"),
        ('name = "s"\n[maps.m]\na = nan' + TABLE, "3:5: expected a text, a number, true or false"),
        ('name = "s"\n[maps.m]\na = []' + TABLE, "3:5: expected a text, a number, true or false"),
        ('name = "s"\n[maps.a-b]\na = 1' + TABLE, "2:7: expected a name that expressions can use: letters, digits and `_`"),
        ('name = "s"\nname = "t"', "2:1: this is no TOML: cannot overwrite a value"),
        ('name = "s', "1:1: this is no TOML: unterminated string"),
    ],
)
def test_a_wrong_slip_is_refused_with_its_place(toml: str, wanted: str) -> None:
    assert first_lines(toml) == [f"slip.toml:{wanted}"]


def test_the_caret_stands_under_what_is_wrong() -> None:
    text = refusal('name = "s"\n[tables.t]\n\tcolumns.a = "a | dte"')
    _, source, caret = text.splitlines()
    assert source[caret.index("^") :] == 'dte"'


def test_the_caret_stands_right_where_lines_end_as_on_windows() -> None:
    text = refusal("name = 's'\r\n[tables.t]\r\ncolumns.a = '''\r\na |\r\ndte'''")
    assert text.splitlines() == ["slip.toml:5:1: there is no step `dte`; did you mean `date`?", "    dte'''", "    ^"]


def test_all_that_is_wrong_is_said_in_the_order_of_the_file() -> None:
    text = refusal('nam = 1\nwhen = "("\n[tables.t]\nparnt = 1\ncolumns.a = "a |"\ncolumns.b = "b"\n[[tables.u]]\n')
    places = re.findall(r"^slip.toml:(\d+):", text, re.MULTILINE)
    assert places == sorted(places, key=int)
    assert {"1", "2"} <= set(places)


def test_errors_of_all_parts_come_together() -> None:
    text = refusal(
        'name = "s"\npriority = "1"\n[input]\nformat = "csv"\n[grammars]\ng = "g.lark"\n[let]\nx = "a |"\n'
        '[tables.t]\nkey = ["z"]\ncolumns.a = "a |"\ncolumns.b = "b"\n[tables.u]\nparnt = "t"\nindex = 1\ncolumns.c = "c | dte"'
    )
    assert re.findall(r"^slip.toml:(\d+):", text, re.MULTILINE) == ["2", "4", "6", "8", "10", "11", "12", "13", "14", "15", "16"]


def test_the_origin_is_in_front_of_the_file() -> None:
    with pytest.raises(SlipError, match=r"^parsers/s/slip\.toml:1:1: "):
        read_slip({"slip.toml": ""}, "public", origin="parsers/s")
    with pytest.raises(SlipError, match=r"^parsers/s/steps\.py:1:1: "):
        read_slip({"slip.toml": f'name = "s"{TABLE}', "steps.py": "?"}, "public", origin="parsers/s")


def test_the_parts_of_a_slip_that_are_in_other_files_are_its_own() -> None:
    plain = read(f'name = "s"{TABLE}')
    assert read(f'name = "s"{TABLE}', x_lark="start: A\nA: /x/\n").digest != plain.digest
    assert read(f'name = "s"{TABLE}', steps_py="").digest != plain.digest
