"""Dates and times that are written in a format of the slip's, and moments that are seconds since 1970."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from etl_actors.slips.casts.misfit import Misfit
from etl_actors.slips.casts.numeric import to_numeric
from etl_actors.slips.casts.plain import BLANKS
from etl_actors.slips.casts.time_format import TimeFormat, time_format
from etl_actors.slips.casts.times import timestamptz_in, trimmed
from etl_actors.slips.casts.zones import in_utc, zone_named
from etl_actors.slips.values.refused import Refused

__all__ = ["TIMES", "time_cast"]

TIMES = ("date", "time", "timestamp", "timestamptz")
_REASONS = {"date": "not_a_date", "time": "not_a_time"}
_UNIX = {"unix": (6, "seconds"), "unix_ms": (3, "milliseconds")}  # digits behind the point, down to a microsecond
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (in UTC, as all moments here)
_DIGITS = 30  # of microseconds, many more than 9,999 years have
_CONTEXT = Context(prec=_DIGITS * 2, rounding=ROUND_HALF_EVEN)
_MAX_YEAR = 9999

Cast = Callable[[Any], Any]


def time_cast(kind: str, form: str | None, zone: str | None, year: int | None) -> Cast:
    """Make the cast to the text of a date or time.

    Args:
        kind: of `TIMES`.
        form: ``unix``, ``unix_ms`` or codes of strptime; None for ISO 8601.
        zone: in which a clock without a zone hangs, or in whose clock a moment is written; None without.
        year: of days, where the format has none; None without.

    Raises:
        Misfit: these do not go together.
    """
    where = _zone(zone)
    if form is None:
        return _iso(kind, where, year)
    if form in _UNIX:
        if year is not None:
            raise Misfit(f"'{form}' has a year: take away `year=`", "year")
        return _of_moments(kind, form, where or UTC)
    try:
        known = time_format(form, year)
    except ValueError as error:
        raise Misfit(str(error), 0) from None
    _check(kind, known, zone, year)
    return _formatted(kind, form, known, where)


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return zone_named(name)
    except ValueError as error:
        raise Misfit(str(error), "tz") from None


def _iso(kind: str, where: tzinfo | None, year: int | None) -> Cast:
    if year is not None:
        raise Misfit("`year=` goes with a format that has no year, as in `date('%b %e', year=2017)`", "year")
    if where is None or kind != "timestamptz":
        raise Misfit(f"`tz=` without a format is for timestamptz; a {kind} has no time zone", "tz")
    return timestamptz_in(where)


def _check(kind: str, known: TimeFormat, zone: str | None, year: int | None) -> None:
    moment = "seconds since 1970" in known.parts
    if year is not None:
        if moment or "year" in known.parts:
            raise Misfit("this format has a year: take away `year=`", "year")
        if not 1 <= year <= _MAX_YEAR:
            raise Misfit("`year=` takes a year of 1 to 9999", "year")
        if not known.dated:
            raise Misfit("this format has no day, so that `year=` says nothing", "year")
    if kind == "time" and not moment and "hour" not in known.parts:
        raise Misfit("this format has no hour (%H)", 0)
    if kind != "time" and not moment and not known.dated:
        raise Misfit(f"this format has no day, which a {kind} needs", 0)
    if kind != "time" and not moment and year is None and "year" not in known.parts:
        raise Misfit("this format has no year (%Y): say which by `year=`", 0)
    if kind != "timestamptz" and known.zoned and zone is None and not moment:
        raise Misfit(f"this format has a time zone: take timestamptz, or say by `tz=` in whose clock the {kind} is to be", 0)
    if kind != "timestamptz" and not known.zoned and zone is not None:
        raise Misfit(f"this format has no time zone, so that `tz=` says nothing about a {kind}", "tz")


def _formatted(kind: str, form: str, known: TimeFormat, where: tzinfo | None) -> Cast:
    reason = _REASONS.get(kind, "not_a_timestamp")
    expected = f"a {kind} as {form}, such as {known.example}"
    write = _WRITERS[kind]
    read = known.read
    zoned = known.zoned or kind == "timestamptz"

    def cast(value: Any) -> str | None:
        if value is None:
            return None
        text = value.strip(BLANKS) if type(value) is str else str(value) if type(value) is int else ""
        found = read(text)
        if found is None:
            raise Refused(reason, expected, value)
        moment, offset = found
        if not zoned:
            return "24:00:00" if not known.dated and moment.day > 1 else write(moment)  # as PostgreSQL rounds up at midnight
        here = where if offset is None else offset
        if here is None:
            raise Refused("no_zone", "a timestamp with a time zone (%z in its format, or `tz=`)", value)
        return write(_shown(in_utc(moment, here, value), kind, where, value))

    return cast


def _of_moments(kind: str, form: str, where: tzinfo) -> Cast:
    """Make the cast of numbers that count from 1970."""
    places, unit = _UNIX[form]
    step = Decimal((0, (1,), -places))
    expected = f"{unit} since 1970, of the years 0001 to 9999"
    write = _WRITERS[kind]

    def cast(value: Any) -> str | None:
        if value is None:
            return None
        try:
            number = to_numeric(value)
        except Refused as refused:
            reason = "out_of_range" if refused.reason == "out_of_range" else _REASONS.get(kind, "not_a_timestamp")
            raise Refused(reason, expected, value) from None
        assert number is not None
        if number and number.adjusted() > _DIGITS:
            raise Refused("out_of_range", expected, value)
        micros = int(number.quantize(step, context=_CONTEXT).scaleb(places, _CONTEXT))
        try:
            moment = _EPOCH + timedelta(microseconds=micros)
        except OverflowError:
            raise Refused("out_of_range", expected, value) from None
        return write(_shown(moment, kind, where, value))

    return cast


def _shown(moment: datetime, kind: str, where: tzinfo | None, value: Any) -> datetime:
    """Tell what a clock shows at a moment of UTC; of a timestamptz it is UTC's own."""
    if kind == "timestamptz" or where is None:
        return moment
    try:
        return moment.replace(tzinfo=UTC).astimezone(where).replace(tzinfo=None)
    except OverflowError:
        raise Refused("out_of_range", f"a {kind} of the years 0001 to 9999", value) from None


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "date": lambda moment: moment.date().isoformat(),
    "time": lambda moment: trimmed(moment.time().isoformat()),
    "timestamp": lambda moment: trimmed(moment.isoformat(" ")),
    "timestamptz": lambda moment: trimmed(moment.isoformat(" ")) + "+00",
}
