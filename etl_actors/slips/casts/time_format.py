"""Formats of dates and times in the codes of strptime, whatever the locale: names of months and days are English."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from etl_actors.slips.casts.zones import offset_of

__all__ = ["TimeFormat", "clock_of", "full_year", "time_format"]

_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()  # noqa: SIM905
_SPACE = r"[\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (in UTC, as all moments here)
_LEAP_YEAR = 2000  # stands for the year of a time of day, so that any day exists
_MICROSECONDS = 1_000_000
_CENTURY = 69  # POSIX: %y of 69 to 99 is of the 20th century


def _names(names: list[str]) -> str:
    return "|".join([*names, *(name[:3] for name in names)])  # the long ones first


_DAY = "3[01]|[12][0-9]|0?[1-9]"
# Code: what it is, its regular expression, an example.
_CODES = {
    "Y": ("year", "[0-9]{4}", "2017"),
    "y": ("year", "[0-9]{2}", "17"),
    "m": ("month", "1[0-2]|0?[1-9]", "05"),
    "b": ("month", _names(_MONTHS), "May"),
    "B": ("month", _names(_MONTHS), "May"),
    "d": ("day", f"{_DAY}|[ ][1-9]", "31"),
    "e": ("day", f"{_DAY}|[ ][1-9]", "31"),
    "j": ("day of the year", "36[0-6]|3[0-5][0-9]|[12][0-9]{2}|0?[1-9][0-9]|0{0,2}[1-9]", "151"),
    "a": ("weekday", _names(_DAYS), "Wed"),
    "A": ("weekday", _names(_DAYS), "Wednesday"),
    "H": ("hour", "2[0-3]|[01]?[0-9]", "14"),
    "I": ("hour", "1[0-2]|0?[1-9]", "02"),
    "p": ("half of the day", "am|pm", "PM"),
    "M": ("minute", "[0-5]?[0-9]", "08"),
    "S": ("second", "[0-5]?[0-9]", "09"),
    "f": ("fraction", "[0-9]{1,9}", "250"),
    "z": ("zone", "[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?|z", "+0200"),
    "Z": ("zone", "utc|gmt", "UTC"),
    "s": ("seconds since 1970", "[+-]?[0-9]{1,12}", "1496239689"),
}
_SHORT = {"T": "%H:%M:%S", "D": "%m/%d/%y", "F": "%Y-%m-%d"}
_DATE = frozenset(["year", "month", "day", "day of the year"])

Read = tuple[datetime, timedelta | None]


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A format that is read.

    Args:
        parts: what it has: ``year``, ``month``, ``zone`` and their like.
        example: of a text in it.
        read: gives what the clock shows and its offset, if there is any; None where the text is not in this format.
    """

    parts: frozenset[str]
    example: str
    read: Callable[[str], Read | None]

    @property
    def dated(self) -> bool:
        """Whether it says a day, be it by its year alone."""
        return bool(self.parts & _DATE)

    @property
    def zoned(self) -> bool:
        """Whether it says a moment, rather than what a clock shows somewhere."""
        return bool(self.parts & {"zone", "seconds since 1970"})


def time_format(text: str, year: int | None = None) -> TimeFormat:
    """Read a format.

    Args:
        text: codes of strptime; blanks stand for any white space.
        year: of days, where the format has none.

    Raises:
        ValueError: it has an unknown code, or says a thing twice; a sentence says which.
    """
    pattern, example, codes = _compiled(text.strip())
    parts = frozenset(_CODES[code][0] for code in codes)
    if "hour" in parts and "I" in codes and "p" not in codes:
        message = "the hour %I is one of twelve: the format needs %p (AM or PM) too"
        raise ValueError(message)
    if "seconds since 1970" in parts and parts - {"seconds since 1970", "fraction"}:
        message = "%s is a moment by itself; beside it the format can have %f only"
        raise ValueError(message)
    if "day of the year" in parts and parts & {"month", "day"}:
        message = "%j is a day by itself; the format can't have a month or day beside it"
        raise ValueError(message)
    known_year = year or _LEAP_YEAR

    def read(value: str) -> Read | None:
        found = pattern.fullmatch(value)
        if found is None:
            return None
        try:
            return _moment(found.groupdict(), known_year)
        except (ValueError, OverflowError):  # 30 February, the year 0
            return None

    return TimeFormat(parts, example, read)


def _compiled(text: str) -> tuple[re.Pattern[str], str, set[str]]:
    for short, long in _SHORT.items():
        text = re.sub(f"(?<!%)((?:%%)*)%{short}", lambda found, long=long: found[1] + long, text)  # type: ignore[misc]
    pattern, example = "", ""
    seen: dict[str, str] = {}
    for piece in re.findall(r"%.|%\Z|\s+|[^%\s]+", text, re.DOTALL):
        if piece[0] != "%" or piece == "%%":
            literal = piece[-1] if piece == "%%" else piece
            pattern += f"{_SPACE}+" if piece.isspace() else re.escape(literal)
            example += " " if piece.isspace() else literal
            continue
        code = piece[1:]
        if code not in _CODES:
            known = " ".join(f"%{one}" for one in [*_CODES, *_SHORT, "%"])
            message = f"the format has no code `{piece}`; there are {known}"
            raise ValueError(message)
        what, regex, shown = _CODES[code]
        if what in seen:
            message = f"the format says the {what} twice, by {seen[what]} and {piece}"
            raise ValueError(message)
        seen[what] = piece
        pattern += f"(?P<{code}>{regex})"
        example += shown
    return re.compile(pattern, re.IGNORECASE | re.ASCII), example, {piece[1:] for piece in seen.values()}


def _moment(found: dict[str, str], year: int) -> Read:
    get = found.get
    fraction = get("f")
    if "s" in found:
        moment = _EPOCH + timedelta(seconds=int(found["s"]))
        return moment + _fraction(fraction), timedelta()
    if "Y" in found:
        year = int(found["Y"])
    elif "y" in found:
        year = full_year(found["y"])
    month = 1
    if "m" in found:
        month = int(found["m"])
    elif name := get("b") or get("B"):
        month = _MONTH_NUMBERS[name[:3].lower()]
    hour = int(get("H") or 0)
    if twelve := get("I"):
        hour = int(twelve) % 12 + 12 * (found["p"].lower() == "pm")
    clock, carry = clock_of(hour, int(get("M") or 0), int(get("S") or 0), fraction)
    moment = datetime.combine(datetime(year, month, int(get("d") or get("e") or 1)), clock)  # noqa: DTZ001  (what a clock shows)
    if day := get("j"):
        moment += timedelta(days=int(day) - 1)
        if moment.year != year:
            raise ValueError(day)
    return moment + carry, _offset(get("z"), get("Z"))


_MONTH_NUMBERS = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}


def _offset(offset: str | None, name: str | None) -> timedelta | None:
    if offset is None:
        return None if name is None else timedelta()
    found = offset_of(offset)
    if found is None:
        raise ValueError(offset)
    return found


def full_year(digits: str) -> int:
    """Read a year of four digits, or of two as POSIX does.

    Raises:
        ValueError: it is none.
    """
    year = int(digits)
    return year + (1900 if year >= _CENTURY else 2000) if len(digits) == 2 else year  # noqa: PLR2004  (as in 24)


def _fraction(digits: str | None) -> timedelta:
    clock, carry = clock_of(0, 0, 0, digits)
    return timedelta(microseconds=clock.microsecond) + carry


def clock_of(hour: int, minute: int, second: int, fraction: str | None) -> tuple[time, timedelta]:
    """Build a time of day, and the rest that rounding its fraction may carry over.

    Args:
        hour: 0 to 23.
        minute: 0 to 59.
        second: 0 to 59.
        fraction: digits behind the point; beyond six they are rounded as PostgreSQL does it.

    Raises:
        ValueError: there is no such time.
    """
    micros = 0
    if fraction:
        micros = int(fraction.ljust(6, "0")) if len(fraction) <= 6 else round(float(f"0.{fraction}") * _MICROSECONDS)  # noqa: PLR2004
    carry = timedelta(seconds=1) if micros == _MICROSECONDS else timedelta()
    return time(hour, minute, second, micros % _MICROSECONDS), carry
