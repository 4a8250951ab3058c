"""interval, bytea and arrays: good, null, refused. `tests/integration/test_casts.py` asks PostgreSQL itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.casts.column_type import column_type, copy_escaped, type_names
from etl_actors.slips.casts.misfit import Misfit
from etl_actors.slips.values.refused import Refused

from .conftest import unescaped
from .evaluated import evaluated


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("P1DT2H3.5S", "1 day 02:00:03.5"),
        ("p1y2m3w", "1 year 2 mons 21 days"),
        ("-P1DT1H", "-1 days -01:00:00"),
        ("P0.5D", "12:00:00"),
        ("PT0S", "00:00:00"),
        ("1 day 02:03:04", "1 day 02:03:04"),
        ("-1 days +02:03:04", "-1 days +02:03:04"),
        ("90 min", "01:30:00"),
        ("90min", "01:30:00"),
        ("1.5 hours", "01:30:00"),
        ("250 ms", "00:00:00.25"),
        ("36 hours", "36:00:00"),
        ("1 day", "1 day"),
        ("24:00", "24:00:00"),
        ("1.5 years", "1 year 6 mons"),
        ("2 days ago", "-2 days"),
        ("0.0000005 s", "00:00:00"),
    ],
)
def test_an_interval_is_written_as_postgresql_does(text: str, wanted: str) -> None:
    assert column_type("interval").text(text) == wanted
    assert column_type("interval").text(wanted) == wanted


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "not_an_interval"),
        ("90", "not_an_interval"),
        (90, "not_an_interval"),
        ("P", "not_an_interval"),
        ("PT", "not_an_interval"),
        ("P1DT", "not_an_interval"),
        ("P1H", "not_an_interval"),
        ("1 fortnight", "not_an_interval"),
        ("1 day 1 day", "not_an_interval"),
        ("1 hour 02:03", "not_an_interval"),
        ("01:60", "not_an_interval"),
        ("0.5 month", "not_an_interval"),
        ("soon", "not_an_interval"),
        (["1 day"], "not_an_interval"),
        ("999999999999 years", "out_of_range"),
        ("9999999999 days", "out_of_range"),
        ("999999999999 hours", "out_of_range"),
    ],
)
def test_what_is_no_interval_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        column_type("interval").text(value)


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("bytea", "\\x00FF", "\\x00ff"),
        ("bytea", "\\x", "\\x"),
        ("bytea('hex')", "00FF", "\\x00ff"),
        ("bytea('hex')", "00 ff\n", "\\x00ff"),
        ("bytea('hex')", "", "\\x"),
        ("bytea('base64')", "AP8=", "\\x00ff"),
        ("bytea('base64')", "AP\n8=", "\\x00ff"),
        ("bytea('base64') | default('\\\\x')", "AP8=", "\\x00ff"),
    ],
)
def test_bytes_are_written_as_postgresql_does(step: str, value: str, wanted: str) -> None:
    assert evaluated(f"a | {step}", {"a": value}) == wanted


@pytest.mark.parametrize(
    ("step", "value"),
    [
        ("bytea", "00ff"),
        ("bytea", "\\x0"),
        ("bytea", "\\x\u0660\u0660"),
        ("bytea", 1),
        ("bytea('hex')", "0g"),
        ("bytea('base64')", "AP8"),
        ("bytea('base64')", "AP-_"),
        ("bytea('base64')", "é"),
    ],
)
def test_what_is_no_bytes_is_refused(step: str, value: Any) -> None:
    with pytest.raises(Refused, match="not_bytes"):
        evaluated(f"a | {step}", {"a": value})


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("int[]", ["1", 2.0, None], "{1,2,NULL}"),
        ("int[]", [], "{}"),
        (
            "text[]",
            ["a", "", "NULL", "null", "a,b", 'q"', "\\", "{", " ", "\u00a0"],
            '{a,"","NULL","null","a,b","q\\"","\\\\","{"," ",\u00a0}',
        ),
        ("text[]", [1, True, {"a": [1]}], '{1,true,"{\\"a\\":[1]}"}'),
        ("numeric(6,2)[]", [1, "2.345"], "{1.00,2.35}"),
        ("boolean[]", [True, "no"], "{t,f}"),
        ("date('%d.%m.%Y')[]", ["1.2.2017"], "{2017-02-01}"),
        ("timestamptz[]", ["2017-01-01T00:00:00Z"], '{"2017-01-01 00:00:00+00"}'),
        ("jsonb[]", [{"a": 1}, [1, 2]], '{"{\\"a\\":1}","[1,2]"}'),
        ("bytea('hex')[]", ["ff"], '{"\\\\xff"}'),
        ("int[] | first | int", ["7"], "7"),
        ("int[] | map(add(1)) | int[]", ["7"], "{8}"),
        ("as_list | text[]", "x", "{x}"),
    ],
)
def test_an_array_is_written_as_postgresql_does(step: str, value: Any, wanted: str) -> None:
    assert evaluated(f"a | {step}", {"a": value}) == wanted


@pytest.mark.parametrize(
    ("step", "value", "reason"),
    [
        ("int[]", "1", "not_an_array"),
        ("int[]", {"a": 1}, "not_an_array"),
        ("int[]", ["x"], "not_an_integer"),
        ("int[]", [[1]], "nested_array"),
        ("text[]", [["x"]], "nested_array"),
        ("text[]", ["\0"], "nul_character"),
    ],
)
def test_what_is_no_such_array_is_refused(step: str, value: Any, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        evaluated(f"a | {step}", {"a": value})


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))))
def test_an_array_reads_back_from_a_copy_line(values: list[str | None]) -> None:
    kind = column_type("text", array=True)
    written = kind.text(values)
    assert unescaped(kind.copy(values)) == written == unescaped(copy_escaped(written))
    assert _elements(written) == values


def _elements(literal: str) -> list[str | None]:
    """Read an array as PostgreSQL's documentation says it is written."""
    found: list[str | None] = []
    text, quoted, at = "", False, 1
    while at < len(literal):
        sign = literal[at]
        if sign == '"':
            quoted, at = True, at + 1
            while literal[at] != '"':
                at += literal[at] == "\\"
                text, at = text + literal[at], at + 1
        elif sign in ",}":
            if text or quoted:
                found.append(None if text == "NULL" and not quoted else text)
            text, quoted = "", False
        else:
            text += sign
        at += 1
    return found


@pytest.mark.parametrize("name", type_names())
def test_null_passes_arrays_of_every_type(name: str) -> None:
    kind = column_type(name, array=True)
    assert kind.name == f"{column_type(name).name}[]"
    assert (kind.text(None), kind.value(None), kind.copy(None)) == (None, None, "\\N")
    assert kind.text([None]) == "{NULL}"


def test_types_whose_equal_values_have_several_texts_cannot_be_keys() -> None:
    unfit = {name for name in type_names() if not column_type(name).keyable}
    assert unfit == {"interval"}
    arrays = {name for name in type_names() if not column_type(name, array=True).keyable}
    assert {"numeric", "double", "real", "jsonb", "interval", "inet"} <= arrays
    assert not arrays & {"text", "int", "uuid", "date", "timestamptz", "bytea"}


def test_a_type_is_one_object_however_often_it_is_asked_for() -> None:
    assert column_type("numeric", (12, 2)) is column_type("numeric", (12, 2))
    assert column_type("int", array=True) is column_type("int", array=True)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("int", (3,)), ("numeric", ("2",)), ("numeric", (1, 2, 3)), ("bytea", ("base32",)), ("bytea", (1,)), ("text", ("x",))],
)
def test_arguments_that_a_type_does_not_take_are_told(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(Misfit):
        column_type(name, arguments)
