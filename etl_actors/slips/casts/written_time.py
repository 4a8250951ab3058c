"""The days and times of day that grammars take apart, as dates and times again.

Source: ISO 8601-1:2019 (weeks, days of the year); POSIX, ``strptime`` (years of two digits); Unicode CLDR, "Gregorian
calendar" (months); RFC 5322, section 4.3, and PostgreSQL's default set of abbreviations (zones).
"""

import unicodedata
from datetime import date, datetime, timedelta
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.slips.casts.time_format import clock_of, full_year

__all__ = ["DATE", "DATETIME", "TIME", "written_date", "written_stamp", "written_time"]

DATE = frozenset({"year", "month", "day"})
WEEK = frozenset({"week", "weekday", "dayofyear"})
TIME = frozenset({"hour", "minute"})
TIME_TOO = frozenset({"second", "meridiem", "named", "zone"})
DATETIME = frozenset({"date", "time"})

Clock = tuple[timedelta, str | None]
"""What a clock shows, as the time since midnight; and the zone: an offset as ISO 8601 writes it, or Z."""

_MONTHS = (
    "january januar janner janvier enero gennaio januari janeiro",
    "february februar fevrier febrero febbraio februari fevereiro",
    "march marz maerz mrz mars marzo maart mrt marco",
    "april avril abril aprile",
    "may mai mayo maggio mei maio",
    "june juni juin junio giugno junho",
    "july juli juillet julio luglio julho",
    "august aout agosto augustus",
    "september septembre septiembre setiembre settembre setembro",
    "october oktober octobre octubre ottobre outubro",
    "november novembre noviembre novembro",
    "december dezember decembre diciembre dicembre dezembro",
)
_SHORTEST = 3  # letters of a month's name
_ZONES = {"Z": "Z", "UTC": "Z", "GMT": "Z", "WET": "Z", "WEST": "+01", "BST": "+01", "CET": "+01", "CEST": "+02"} | {
    "EET": "+02",
    "EEST": "+03",
    "MSK": "+03",
    "JST": "+09",
    "ADT": "-03",
    "AST": "-04",
    "EDT": "-04",
    "EST": "-05",
    "CDT": "-05",
    "CST": "-06",
    "MDT": "-06",
    "MST": "-07",
    "PDT": "-07",
    "PST": "-08",
}
_NAMED = {"noon": timedelta(hours=12), "midnight": timedelta()}
_NOON = 12


def written_date(node: Node) -> date | None:
    """Give the day that the value of a grammar's rule is.

    Args:
        node: with the keys `DATE`, and of `WEEK` some or none; each a text, the month digits or a name.

    Returns:
        The day; None where the value is none, lacks a year, month or day, or there is no such day.
    """
    if not node.keys() >= DATE or not node.keys() <= DATE | WEEK or not _all_texts(node):
        return None
    year, month, day, week, weekday, dayofyear = (
        node.get(key) for key in ("year", "month", "day", "week", "weekday", "dayofyear")
    )
    try:
        known = full_year(year.strip("'\u2019")) if year else 0
        if week and weekday:
            return date.fromisocalendar(known, int(week), int(weekday))
        if dayofyear:
            found = date(known, 1, 1) + timedelta(days=int(dayofyear) - 1)
            return found if found.year == known else None
        return date(known, _month(month), int(day)) if month and day else None
    except (ValueError, OverflowError):  # 30 February, a week that its year has not
        return None


def written_time(node: Node) -> Clock | None:
    """Give the time of day that the value of a grammar's rule is.

    Args:
        node: with the keys `TIME`, and of `TIME_TOO` some or none; each a text.

    Returns:
        The time and its zone; None where the value is none, there is no such time, or the zone's name is no zone's or several ones'.
    """
    if not node.keys() >= TIME or not node.keys() <= TIME | TIME_TOO or not _all_texts(node):
        return None
    written = node.get("zone")
    zone = _zone(written) if written else None
    if written and zone is None:
        return None
    if named := node.get("named"):
        known = _NAMED.get(named.lower().split()[-1])
        return None if known is None else (known, zone)
    try:
        hour = _hour(int(node["hour"] or ""), node.get("meridiem"))
        second, _, fraction = (node.get("second") or "0").replace(",", ".").partition(".")
        clock, carry = clock_of(hour, int(node["minute"] or 0), int(second), fraction)
    except ValueError:
        return None
    since = timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
    return since + carry, zone


def written_stamp(node: Node) -> tuple[datetime, str | None] | None:
    """Give the day and time of day that the value of a grammar's rule is.

    Args:
        node: with the keys `DATETIME`, as `written_date` and `written_time` take them.

    Returns:
        What a clock shows, and its zone, if it has one; None as of those.
    """
    day, time = node.get("date"), node.get("time")
    if node.keys() != DATETIME or not isinstance(day, Node) or not isinstance(time, Node):
        return None
    found, clock = written_date(day), written_time(time)
    if found is None or clock is None:
        return None
    since, zone = clock
    try:
        return datetime(found.year, found.month, found.day) + since, zone  # noqa: DTZ001  (what a clock shows)
    except OverflowError:
        return None


def _all_texts(node: Node) -> bool:
    return all(one is None or type(one) is str for one in node.values())


def _month(name: str) -> int:
    """Number a month.

    Raises:
        ValueError: it is none.
    """
    if name.isdigit():
        return int(name)
    letters = "".join(one for one in unicodedata.normalize("NFKD", name.lower()) if one.isalpha() and one.isascii())
    found = [number for number, names in enumerate(_MONTHS, 1) if any(one.startswith(letters) for one in names.split())]
    if len(letters) < _SHORTEST or len(found) != 1:
        raise ValueError(name)
    return found[0]


def _hour(hour: int, meridiem: Any) -> int:
    """Give the hour of 24.

    Raises:
        ValueError: of a half of the day it is none.
    """
    if not meridiem:
        return hour
    if not 1 <= hour <= _NOON:
        raise ValueError(hour)
    return hour % _NOON + _NOON * (meridiem[0] in "pP")


def _zone(written: str) -> str | None:
    """Write a zone as ISO 8601 does."""
    known = _ZONES.get(written.upper())
    if known is not None:
        return known
    offset = written.upper().removeprefix("UTC").removeprefix("GMT").replace("\u2212", "-")
    if offset[:1] not in {"+", "-"}:
        return None
    hours, _, minutes = offset[1:].partition(":")
    return f"{offset[0]}{hours.zfill(2)}{minutes}"
