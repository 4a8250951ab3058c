"""What a grammar read as a day or a time of day is one for the types of dates and times."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.combinators.node import Node
from etl_actors.combinators.result import Success
from etl_actors.errors import SlipError
from etl_actors.slips.casts.column_type import column_type
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.refused import Refused
from tests.support.library import library_grammar


def _read(name: str, text: str, rule: str = "start") -> Any:
    result = library_grammar(name, rule).read(text)
    assert isinstance(result, Success), result
    return result.value


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-03-09", "2024-03-09"),
        ("9 March 2024", "2024-03-09"),
        ("March 9th, 2024", "2024-03-09"),
        ("Sat, 9 Mar '24", "2024-03-09"),
        ("9. März 2024", "2024-03-09"),
        ("1er août 1987", "1987-08-01"),
        ("2 déc. 99", "1999-12-02"),
        ("3 de mayo de 2015", "2015-05-03"),
        ("5 Sept. 2001", "2001-09-05"),
        ("2024-W10-6", "2024-03-09"),
        ("2024-069", "2024-03-09"),
    ],
)
def test_a_day_that_a_grammar_read_is_a_date(text: str, day: str) -> None:
    assert column_type("date").text(_read("date", text)) == day


def test_who_reads_the_day_first_or_the_month_says_so() -> None:
    assert column_type("date").text(_read("date", "9/3/2024", "dmy")) == "2024-03-09"
    assert column_type("date").text(_read("date", "9/3/24", "mdy")) == "2024-09-03"


@pytest.mark.parametrize("text", ["30 February 2024", "March 2024", "9 March", "2024", "2023-366", "2023-W53-1"])
def test_a_day_that_the_calendar_has_not_or_that_lacks_a_part_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="not_a_date") as caught:
        column_type("date").text(_read("date", text))
    assert repr(text) in caught.value.sentence


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("13:05", "13:05:00"),
        ("13:05:09.250", "13:05:09.25"),
        ("1:05 pm", "13:05:00"),
        ("12:05 a.m.", "00:05:00"),
        ("12 pm", "12:00:00"),
        ("noon", "12:00:00"),
        ("13h05", "13:05:00"),
        ("23:59:59.9999999", "24:00:00"),
    ],
)
def test_a_time_of_day_that_a_grammar_read_is_a_time(text: str, time: str) -> None:
    assert column_type("time").text(_read("time", text)) == time


@pytest.mark.parametrize("text", ["13:05Z", "24:00", "23:59:60"])
def test_a_time_of_day_with_a_zone_or_that_no_clock_shows_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="not_a_time"):
        column_type("time").text(_read("time", text))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-09T13:05:09Z", "2024-03-09 13:05:09+00"),
        ("Sat, 09 Mar 2024 13:05:09 +0100", "2024-03-09 12:05:09+00"),
        ("Sat, 09 Mar 2024 13:05:09 GMT", "2024-03-09 13:05:09+00"),
        ("9 March 2024, 1:05 pm EST", "2024-03-09 18:05:00+00"),
        ("March 9, 2024 at 11:30 PM UTC-3", "2024-03-10 02:30:00+00"),
    ],
)
def test_a_day_with_a_time_and_a_zone_is_a_moment(text: str, moment: str) -> None:
    assert column_type("timestamptz").text(_read("datetime", text)) == moment


def test_a_moment_without_a_zone_hangs_where_the_slip_says() -> None:
    value = _read("datetime", "9 March 2024, 1:05 pm")
    assert column_type("timestamptz", (), (("tz", "Europe/Berlin"),)).text(value) == "2024-03-09 12:05:00+00"
    assert column_type("timestamp").text(value) == "2024-03-09 13:05:00"
    with pytest.raises(Refused, match="no_zone"):
        column_type("timestamptz").text(value)
    with pytest.raises(Refused, match="unexpected_zone"):
        column_type("timestamp").text(_read("datetime", "9 March 2024, 1:05 pm UTC"))


@pytest.mark.parametrize("text", ["30 February 2024, 1:05 pm", "9 March, 1:05 pm", "9 March 2024 13:05 IST"])
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="not_a_timestamp"):
        column_type("timestamptz", (), (("tz", "UTC"),)).text(_read("datetime", text))


def test_the_end_of_the_last_day_is_refused_and_not_wrapped() -> None:
    with pytest.raises(Refused, match="not_a_timestamp"):
        column_type("timestamp").text(_read("datetime", "9999-12-31 23:59:59.9999999"))


@pytest.mark.parametrize(
    "children",
    [
        {"year": "x", "month": "1", "day": "1"},
        {"year": ["2024"], "month": "1", "day": "1"},
        {"year": "2024", "month": "Foo", "day": "1"},
        {"year": "2024", "month": "ju", "day": "1"},
        {"year": "2024", "month": "jui", "day": "1"},
        {"year": "2024", "month": "1", "day": "1", "era": "BC"},
    ],
)
def test_a_value_with_those_children_that_is_no_day_is_refused(children: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="not_a_date"):
        column_type("date").text(Node.within("x", 0, 1, children, {}))


def test_an_object_of_a_document_is_no_day() -> None:
    with pytest.raises(Refused, match="not_a_date"):
        column_type("date").text({"year": "2024", "month": "3", "day": "9"})


@given(
    st.dates(min_value=date(1000, 1, 1)),
    st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%a, %d %b %Y", "%Y%m%d", "%G-W%V-%u"]),
)
def test_a_date_is_the_day_that_was_written(day: date, form: str) -> None:
    assert column_type("date").text(_read("date", day.strftime(form))) == day.isoformat()


@given(
    st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001  (what a clock shows)
    st.integers(-12, 14),
    st.sampled_from(["%Y-%m-%dT%H:%M:%S", "%d %B %Y, %I:%M:%S %p", "%a, %d %b %Y %H:%M:%S"]),
)
def test_a_moment_is_the_one_that_was_written(moment: datetime, hours: int, form: str) -> None:
    moment = moment.replace(microsecond=0)
    written = f"{moment.strftime(form)} {hours:+03}:00" if "T" not in form else f"{moment.strftime(form)}{hours:+03}:00"
    assert column_type("timestamptz").text(_read("datetime", written)) == f"{moment - timedelta(hours=hours)}+00"


def _problems(column: str) -> str:
    grammars = "\n".join(f"{name} = 'std:{name}'" for name in ("date", "time", "datetime", "access_log"))
    slip = f"name = 's'\n[grammars]\n{grammars}\n[tables.t]\ncolumns.a = \"{column}\"\n"
    try:
        read_slip({"slip.toml": slip}, "public")
    except SlipError as error:
        return str(error)
    return ""


def test_a_check_knows_which_values_are_days_and_times() -> None:
    assert not _problems("a | parse(date) | date")
    assert not _problems("a | parse(time) | time")
    assert not _problems("a | parse(datetime) | timestamptz")
    assert not _problems("(a | parse(datetime)).date | date")
    assert "`start` and no day" in _problems("a | parse(time) | date")
    assert "`start` and no time of day" in _problems("a | parse(date) | time")
    assert "no time stamp" in _problems("a | parse(date) | timestamptz")
    assert "no time stamp" in _problems("a | parse(access_log) | timestamp")


@pytest.mark.parametrize(
    ("names", "month"),
    [
        ("Jan january januar janvier janv. jän jänner januari janeiro ene enero gen gennaio", "01"),
        ("Feb February februar févr. février fev fevereiro febrero febbraio februari", "02"),
        ("Mar March März maerz mrz mars marzo maart mrt março", "03"),
        ("Apr April avril avr. abr abril aprile", "04"),
        ("May mai mayo mag maggio mei maio", "05"),
        ("Jun june juni juin junio giu giugno junho", "06"),
        ("Jul july juli juil. juillet julio lug luglio julho", "07"),
        ("Aug August août aout ago agosto augustus", "08"),
        ("Sep Sept. September septembre septiembre set settembre setembro", "09"),
        ("Oct October okt Oktober octobre octubre ott ottobre out outubro", "10"),
        ("Nov November novembre noviembre novembro", "11"),
        ("Dec December dez Dezember déc. décembre dic diciembre dicembre", "12"),
    ],
)
def test_months_have_names_in_seven_languages(names: str, month: str) -> None:
    for name in names.split():
        assert column_type("date").text(_read("date", f"9 {name} 2024")) == f"2024-{month}-09"
