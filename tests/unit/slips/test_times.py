"""Formats of dates and times, zones, and seconds since 1970."""

import locale
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.slips.casts.column_type import column_type
from etl_actors.slips.casts.time_format import time_format
from etl_actors.slips.source.problems import ExpressionError
from etl_actors.slips.values.refused import Refused

from .evaluated import evaluated

READ = [
    ("timestamptz('%d/%b/%Y:%H:%M:%S %z')", "10/Oct/2000:13:55:36 -0700", "2000-10-10 20:55:36+00"),
    ('timestamptz("%b %e %H:%M:%S", year=2017, tz="UTC")', "Jun  9 06:06:01", "2017-06-09 06:06:01+00"),
    ('timestamptz("%b %e %H:%M:%S", year=2017, tz="UTC")', "Jun 19 06:06:01", "2017-06-19 06:06:01+00"),
    ("timestamptz('%Y-%m-%d %H:%M:%S,%f', tz='Europe/Berlin')", "2017-07-01 02:03:04,250", "2017-07-01 00:03:04.25+00"),
    ("timestamptz('%Y-%m-%dT%H:%M:%S.%f%z')", "2017-07-01T02:03:04.123456789Z", "2017-07-01 02:03:04.123457+00"),
    ("timestamptz('%a, %d %b %Y %H:%M:%S %Z')", "Sat, 01 Jul 2017 02:03:04 GMT", "2017-07-01 02:03:04+00"),
    ("timestamptz('%A %d %B %y %I:%M %p %z')", "saturday 1 JULY 17 12:03 am +05:30", "2017-06-30 18:33:00+00"),
    ("timestamptz('%F %T', tz='+02:00')", "2017-07-01 02:03:04", "2017-07-01 00:03:04+00"),
    ("timestamptz('%s')", "1498874584", "2017-07-01 02:03:04+00"),
    ("timestamptz('%s.%f')", "1498874584.5", "2017-07-01 02:03:04.5+00"),
    ("timestamptz(tz='Europe/Berlin')", "2017-07-01 02:03:04", "2017-07-01 00:03:04+00"),
    ("timestamptz(tz='Europe/Berlin')", "2017-07-01T02:03:04Z", "2017-07-01 02:03:04+00"),
    ("timestamptz(tz='Europe/Berlin')", "2017-03-26 02:30:00", "2017-03-26 01:30:00+00"),  # the clock skips it
    ("timestamptz(tz='Europe/Berlin')", "2017-10-29 02:30:00", "2017-10-29 01:30:00+00"),  # the clock shows it twice
    ("timestamptz('unix')", 1498874584, "2017-07-01 02:03:04+00"),
    ("timestamptz('unix')", "1498874584.000001", "2017-07-01 02:03:04.000001+00"),
    ("timestamptz('unix')", Decimal("1498874584.0000005"), "2017-07-01 02:03:04+00"),
    ("timestamptz('unix')", 1498874584.1, "2017-07-01 02:03:04.1+00"),
    ("timestamptz('unix')", -62135596800, "0001-01-01 00:00:00+00"),
    ("timestamptz('unix')", "253402300799.999999", "9999-12-31 23:59:59.999999+00"),
    ("timestamptz('unix_ms')", 1498874584001, "2017-07-01 02:03:04.001+00"),
    ("timestamptz('unix_ms')", "1498874584000.25", "2017-07-01 02:03:04.00025+00"),
    ("timestamp('unix')", 1498874584, "2017-07-01 02:03:04"),
    ("timestamp('unix', tz='Asia/Tokyo')", 1498874584, "2017-07-01 11:03:04"),
    ("timestamp('%d.%m.%Y %H:%M')", "1.7.2017 02:03", "2017-07-01 02:03:00"),
    ("timestamp('%d.%m.%Y %H:%M')", "  1.7.2017\t02:03 ", "2017-07-01 02:03:00"),
    ("timestamp('%d %b %Y')", "1\u00a0Jul\u2003 2017", "2017-07-01 00:00:00"),
    ("timestamp('%d/%b/%Y:%H:%M:%S %z', tz='UTC')", "10/Oct/2000:13:55:36 -0700", "2000-10-10 20:55:36"),
    ("date('%d.%m.%Y')", "31.12.2017", "2017-12-31"),
    ("date('%d/%m/%y')", "01/02/68", "2068-02-01"),
    ("date('%d/%m/%y')", "01/02/69", "1969-02-01"),
    ("date('%B %Y')", "May 2017", "2017-05-01"),
    ("date('%Y')", 1887, "1887-01-01"),
    ("date('%Y%m%d')", 20170501, "2017-05-01"),
    ("date('%Y-%j')", "2016-366", "2016-12-31"),
    ("date('%D')", "12/31/17", "2017-12-31"),
    ("date('%e %b', year=2016)", "29 Feb", "2016-02-29"),
    ("date('100%% %Y')", "100% 2017", "2017-01-01"),
    ("date('unix_ms')", 1498874584001, "2017-07-01"),
    ("date('unix', tz='America/New_York')", 1498874584, "2017-06-30"),
    ("time('%H:%M')", "7:05", "07:05:00"),
    ("time('%T.%f')", "23:59:59.999999999", "24:00:00"),
    ("time('%I:%M:%S %p')", "12:00:01 PM", "12:00:01"),
    ("time('%d/%b/%Y:%H:%M:%S')", "29/Feb/2016:01:02:03", "01:02:03"),
]

REFUSED = [
    ("timestamptz('%Y-%m-%d %H:%M:%S')", "2017-07-01 02:03:04", "no_zone"),
    ("timestamptz", "2017-07-01 02:03:04", "no_zone"),
    ("timestamptz('%d/%b/%Y:%H:%M:%S %z')", "10/Okt/2000:13:55:36 -0700", "not_a_timestamp"),
    ("timestamptz('%d/%b/%Y:%H:%M:%S %z')", "10/Oct/2000:24:55:36 -0700", "not_a_timestamp"),
    ("timestamptz('%d/%b/%Y:%H:%M:%S %z')", "10/Oct/2000:13:55:36 -1800", "not_a_timestamp"),
    ("timestamptz('%d/%b/%Y:%H:%M:%S %z')", "10/Oct/2000:13:55:36", "not_a_timestamp"),
    ("timestamptz('%Y %z')", "0001 +0100", "out_of_range"),
    ("timestamptz('%Y %Z')", "2017 CEST", "not_a_timestamp"),
    ("timestamptz(tz='Asia/Tokyo')", "0001-01-01 00:00:00", "out_of_range"),
    ("timestamptz('unix')", "soon", "not_a_timestamp"),
    ("timestamptz('unix')", True, "not_a_timestamp"),
    ("timestamptz('unix')", 1498874584001, "out_of_range"),
    ("timestamptz('unix')", "1e400", "out_of_range"),
    ("timestamptz('unix')", -62135596801, "out_of_range"),
    ("timestamptz('unix_ms')", [1], "not_a_timestamp"),
    ("timestamp('unix', tz='Asia/Tokyo')", 253402300799, "out_of_range"),
    ("date('%e %b', year=2017)", "29 Feb", "not_a_date"),
    ("date('%d.%m.%Y')", "31.11.2017", "not_a_date"),
    ("date('%d.%m.%Y')", "1.1.0000", "not_a_date"),
    ("date('%d.%m.%Y')", "31.12.2017 x", "not_a_date"),
    ("date('%d.%m.%Y')", 1.5, "not_a_date"),
    ("date('%d.%m.%Y')", "\u0663.12.2017", "not_a_date"),
    ("date('%b %Y')", "\u017fep 2017", "not_a_date"),  # a long s is no S
    ("date('%Y-%j')", "2017-366", "not_a_date"),
    ("date('%d.%m.%Y')", ["1.1.2017"], "not_a_date"),
    ("time('%H:%M')", "24:00", "not_a_time"),
    ("time('%H:%M')", "12:60", "not_a_time"),
    ("time('%I %p')", "13 PM", "not_a_time"),
]

WRONG = [
    ("date('%b %e')", "this format has no year (%Y): say which by `year=`"),
    ("timestamp('%H:%M')", "this format has no day, which a timestamp needs"),
    ("time('%d.%m.%Y')", "this format has no hour (%H)"),
    ("date('%Y', year=2017)", "this format has a year: take away `year=`"),
    ("date('unix', year=2017)", "'unix' has a year: take away `year=`"),
    ("date('%b %e', year=0)", "`year=` takes a year of 1 to 9999"),
    ("date('%b %e', year='2017')", "`year=` takes a year, without quotes"),
    ("time('%H', year=2017)", "this format has no day, so that `year=` says nothing"),
    ("date(year=2017)", "`year=` goes with a format that has no year, as in `date('%b %e', year=2017)`"),
    ("date(tz='UTC')", "`tz=` without a format is for timestamptz; a date has no time zone"),
    ("date('%Y', tz='UTC')", "this format has no time zone, so that `tz=` says nothing about a date"),
    (
        "timestamp('%F %T %z')",
        "this format has a time zone: take timestamptz, or say by `tz=` in whose clock the timestamp is to be",
    ),
    ("timestamptz('%F %T', tz='Berlin')", "there is no time zone `Berlin`; did you mean `Europe/Berlin`?"),
    ("timestamptz('%F %T', tz='europe/berlin')", "there is no time zone `europe/berlin`; did you mean `Europe/Berlin`?"),
    ("timestamptz('%F %T', tz='../etc/passwd')", "there is no time zone `../etc/passwd`; they are named as in Europe/Berlin"),
    ("timestamptz('%F %T', tz='Europe')", "there is no time zone `Europe`; they are named as in Europe/Berlin"),
    ("timestamptz('%F %T', tz='')", "there is no time zone ``; they are named as in Europe/Berlin"),
    ("timestamptz('%F %T', tz=1)", '`tz=` takes a time zone in quotes, as in tz="Europe/Berlin"'),
    ("timestamptz('%F %T', zone='UTC')", "the type timestamptz takes no argument `zone=`, only `tz=` and `year=`"),
    ("timestamptz('%F', '%T')", "the type timestamptz takes one format, in quotes, and `tz=` and `year=`"),
    ("timestamptz(5)", "the type timestamptz takes one format, in quotes, and `tz=` and `year=`"),
    ("timestamptz('%F %I:%M %z')", "the hour %I is one of twelve: the format needs %p (AM or PM) too"),
    ("date('%F %d')", "the format says the day twice, by %d and %d"),
    ("date('%d %e %Y')", "the format says the day twice, by %d and %e"),
    ("date('%Y %j %m')", "%j is a day by itself; the format can't have a month or day beside it"),
    ("timestamptz('%s %Y')", "%s is a moment by itself; beside it the format can have %f only"),
    ("int(tz='UTC')", "the type int takes no argument `tz=`"),
    ("date(x)", "the type `date` takes whole numbers and quoted texts here"),
]


@pytest.mark.parametrize(("step", "value", "text"), READ)
def test_a_time_is_read(step: str, value: Any, text: str) -> None:
    assert evaluated(f"a | {step}", {"a": value}) == text


@pytest.mark.parametrize(("step", "value", "reason"), REFUSED)
def test_what_is_no_such_time_is_refused(step: str, value: Any, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        evaluated(f"a | {step}", {"a": value})
    assert refused.value.reason == reason


@pytest.mark.parametrize("step", sorted({step for step, _, _ in READ}))
def test_null_passes_every_format(step: str) -> None:
    assert evaluated(f"a | {step}", {"a": None}) is None


@pytest.mark.parametrize(("step", "sentence"), WRONG)
def test_arguments_that_do_not_go_together_are_told(step: str, sentence: str) -> None:
    with pytest.raises(ExpressionError) as wrong:
        evaluated(f"a | {step}", {})
    assert str(wrong.value) == sentence


def test_a_code_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="the format has no code `%Q`; there are %Y %y %m"):
        time_format("%Y %Q")


def test_a_refusal_shows_the_format_and_an_example() -> None:
    with pytest.raises(Refused) as refused:
        evaluated("a | timestamptz('%d/%b/%Y:%H:%M:%S %z')", {"a": "x"})
    assert refused.value.sentence == (
        "expected a timestamptz as %d/%b/%Y:%H:%M:%S %z, such as 31/May/2017:14:08:09 +0200, got 'x'"
    )


def test_what_a_format_read_passes_the_column_that_it_is_for() -> None:
    assert evaluated("a | date('%d.%m.%Y') | default('2000-01-01')", {"a": "31.12.2017"}) == "2017-12-31"
    assert evaluated("a | date('%d.%m.%Y') | default('2000-01-01')", {}) == "2000-01-01"
    assert evaluated("a | date('%d.%m.%Y') / a | date('%Y')", {"a": "2017"}) == "2017-01-01"
    assert evaluated("if(a == '-', '1970-01-01', a | date('%Y'))", {"a": "2017"}) == "2017-01-01"
    assert evaluated("a | date('%d.%m.%Y')[] | first | date", {"a": ["1.2.2017"]}) == "2017-02-01"


def test_the_locale_changes_nothing() -> None:
    before = locale.setlocale(locale.LC_TIME)
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C"):
        try:
            locale.setlocale(locale.LC_TIME, name)
        except locale.Error:
            continue
        try:
            assert evaluated("a | date('%d %B %Y')", {"a": "1 March 2017"}) == "2017-03-01"
        finally:
            locale.setlocale(locale.LC_TIME, before)


MOMENTS = st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 12, 30))  # noqa: DTZ001
OFFSETS = st.integers(-15 * 60, 15 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
FORMATS = [
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%d/%b/%Y:%H:%M:%S.%f %z",
    "%A, %B %d %Y %I:%M:%S.%f %p %z",
    "%j of %Y, %H.%M.%S,%f (%z)",
    "%a %d%m%Y%H%M%S%f%z",
]


@given(MOMENTS, OFFSETS, st.sampled_from(FORMATS))
def test_what_strftime_writes_is_read_back(moment: datetime, offset: timezone, form: str) -> None:
    moment = moment.replace(tzinfo=offset)
    text = moment.strftime(form)
    wanted = column_type("timestamptz").text(moment.astimezone(UTC).isoformat())
    assert column_type("timestamptz", (form,)).text(text) == wanted


@given(st.integers(-62135596800 * 10**6, 253402300799 * 10**6))
def test_seconds_since_1970_are_exact_to_the_microsecond(micros: int) -> None:
    wanted = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    number = Decimal(micros).scaleb(-6)
    kind = column_type("timestamptz", ("unix",))
    assert kind.text(number) == kind.text(format(number, "f")) == column_type("timestamptz").text(wanted.isoformat())
    assert kind.text(number) == column_type("timestamptz", ("unix_ms",)).text(Decimal(micros).scaleb(-3))
