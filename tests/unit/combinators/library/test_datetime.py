"""Days, times of day and lengths of time, held to what Python and the writers of letters make of them."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.library import refuses, value_by

ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=ZONES)
NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _moment(value: Any) -> datetime:
    """Take a value for the moment that it is: a year of four digits, a month in digits or English, an offset as zone."""
    date, time = value["date"], value["time"]
    month = NAMES.index(date["month"]) + 1 if date["month"] in NAMES else int(date["month"])
    seconds, _, fraction = (time["second"] or "0").partition(".")
    sign, hours, minutes = time["zone"][0], time["zone"][1:3], time["zone"][-2:]
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    clock = (int(time["hour"]), int(time["minute"]), int(seconds), int(fraction.ljust(6, "0")))
    return datetime(int(date["year"]), month, int(date["day"]), *clock, tzinfo=timezone(offset))


@given(MOMENTS, st.sampled_from("T "))
def test_a_moment_is_read_as_python_writes_it(moment: datetime, between: str) -> None:
    assert _moment(value_by("datetime", moment.isoformat(between))) == moment


@given(MOMENTS)
def test_a_moment_is_read_in_the_basic_form_of_iso_8601(moment: datetime) -> None:
    assert _moment(value_by("datetime", moment.strftime("%Y%m%dT%H%M%S.%f%z").zfill(27))) == moment


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=ZONES))  # noqa: DTZ001 - the zone is added
def test_a_moment_is_read_as_letters_have_it(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert _moment(value_by("datetime", format_datetime(whole))) == whole


@given(st.dates())
def test_a_day_is_read_as_a_week_of_iso_8601_has_it(day: Any) -> None:
    year, week, weekday = day.isocalendar()
    if year >= 1:
        value = value_by("date", f"{year:04}-W{week:02}-{weekday}", "day")
        assert (value["year"], value["week"], value["weekday"]) == (f"{year:04}", f"{week:02}", str(weekday))


@pytest.mark.parametrize("hour", range(24))
def test_an_hour_of_twelve_is_one_to_twelve(hour: int) -> None:
    for meridiem in ("am", " PM", "\u00a0p.m."):
        assert refuses("time", f"{hour}:05{meridiem}") == (not 1 <= hour <= 12)
        assert refuses("time", f"{hour}{meridiem}") == (not 1 <= hour <= 12)


@given(st.timedeltas(min_value=timedelta(0)))
def test_a_length_of_time_is_read_as_python_writes_it(length: timedelta) -> None:
    value = value_by("duration", str(length))
    days = int(value["written"][0]["amount"]) if value["written"] else 0
    seconds, _, fraction = value["seconds"].partition(".")
    clock = timedelta(hours=int(value["hours"]), minutes=int(value["minutes"]), seconds=int(seconds))
    assert timedelta(days=days) + clock + timedelta(microseconds=int(fraction.ljust(6, "0"))) == length
