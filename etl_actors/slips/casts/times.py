"""date, time, timestamp, timestamptz: ISO 8601, independent of locale and of the session's time zone.

Years 0001 to 9999. Fractions beyond microseconds are rounded as PostgreSQL does it.

Source: PostgreSQL, ``src/backend/utils/adt/datetime.c`` (ParseFractionalSecond); ISO 8601; RFC 3339.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.slips.casts.plain import BLANKS
from etl_actors.slips.casts.time_format import clock_of
from etl_actors.slips.casts.written_time import written_date, written_stamp, written_time
from etl_actors.slips.casts.zones import in_utc, offset_of
from etl_actors.slips.values.refused import Refused

__all__ = ["date_text", "time_text", "timestamp_text", "timestamptz_in", "timestamptz_text", "trimmed"]

_CLOCK = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
_ZONE = r"[ ]?([Zz]|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)"
_from_iso = datetime.fromisoformat
_USUAL = len("YYYY-MM-DDTHH:MM:SSZ")
_MIDNIGHT = datetime(2000, 1, 1)  # noqa: DTZ001  (of any day)
_TIME = re.compile(_CLOCK, re.ASCII)
_A_DAY = "a day of the calendar, from 0001-01-01 to 9999-12-31"  # where a value has the form, and there is no such day or time
_A_TIME = "a time of day from 00:00:00 to 23:59:59"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_STAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]" + f"{_CLOCK}(?:{_ZONE})?", re.ASCII)


def date_text(value: Any) -> str | None:
    """Cast to date: YYYY-MM-DD and nothing else, or the day that a grammar read."""
    if value is None:
        return None
    if type(value) is str:
        text = value.strip(BLANKS)
        if len(text) == 10 and text[4] == "-" and text[7] == "-":  # noqa: PLR2004  (YYYY-MM-DD)
            try:
                date.fromisoformat(text)
            except ValueError:
                pass
            else:
                return text
    if type(value) is Node:
        day = written_date(value)
        if day is not None:
            return day.isoformat()
        raise Refused("not_a_date", "a day with its month and year, which the calendar has", value.source)
    formed = type(value) is str and _DATE.fullmatch(value.strip(BLANKS))
    raise Refused("not_a_date", _A_DAY if formed else "a date as YYYY-MM-DD", value)


def _clock(hour: str, minute: str, second: str | None, fraction: str | None) -> tuple[Any, timedelta]:
    return clock_of(int(hour), int(minute), int(second or 0), fraction)


def time_text(value: Any) -> str | None:
    """Cast to time: HH:MM, HH:MM:SS, with a fraction or without, or the time of day that a grammar read; no zone."""
    if value is None:
        return None
    if type(value) is Node:
        return _time_of(value)
    found = _TIME.fullmatch(value.strip(BLANKS)) if type(value) is str else None
    if found:
        try:
            clock, carry = _clock(*found.groups())
        except ValueError:
            raise Refused("not_a_time", f"{_A_TIME}, as HH:MM:SS without a zone", value) from None
        if not carry:
            return trimmed(clock.isoformat())
        moved = datetime.combine(date.min, clock) + carry
        return trimmed(moved.time().isoformat()) if moved.day == 1 else "24:00:00"
    raise Refused("not_a_time", "a time as HH:MM:SS, without a zone", value)


def _time_of(node: Node) -> str:
    clock = written_time(node)
    if clock is None or clock[1]:
        raise Refused("not_a_time", "a time of day of 0:00 to 23:59, without a zone", node.source)
    moment = _MIDNIGHT + clock[0]
    return trimmed(moment.time().isoformat()) if moment.day == 1 else "24:00:00"


def trimmed(iso: str) -> str:
    """Cut zeros off the end of a fraction, as PostgreSQL writes times."""
    return iso.rstrip("0") if "." in iso else iso


def _stamp(value: Any, expected: str) -> tuple[datetime, str | None]:
    if type(value) is Node:
        written = written_stamp(value)
        if written is None:
            raise Refused(
                "not_a_timestamp",
                "a day with its month and year and a time of day of 0:00 to 23:59, a known zone or none",
                value.source,
            )
        return written
    found = _STAMP.fullmatch(value.strip(BLANKS)) if type(value) is str else None
    if found:
        day, hour, minute, second, fraction, zone = found.groups()
        try:
            clock, carry = _clock(hour, minute, second, fraction)
            return datetime.combine(date.fromisoformat(day), clock) + carry, zone
        except (ValueError, OverflowError):
            expected = f"{_A_DAY}, and {_A_TIME}"
    raise Refused("not_a_timestamp", expected, value)


def timestamp_text(value: Any) -> str | None:
    """Cast to timestamp: date and time; a zone, which PostgreSQL would silently drop, is refused."""
    if value is None:
        return None
    moment, zone = _stamp(value, "a timestamp as YYYY-MM-DD HH:MM:SS")
    if zone:
        raise Refused("unexpected_zone", "a timestamp without a time zone (for one with it take timestamptz)", value)
    return trimmed(moment.isoformat(" "))


def timestamptz_text(value: Any) -> str | None:
    """Cast to timestamptz: date, time and zone, which is required; written in UTC."""
    if value is None:
        return None
    # The commonest form goes without a regular expression. Its second dash tells a day from one of a week (2024-W01-1),
    # which Python reads and PostgreSQL does not.
    if type(value) is str and len(value) == _USUAL and value[4::3] == "--T::Z":
        try:
            _from_iso(value)
        except ValueError:
            pass
        else:
            return f"{value[:10]} {value[11:19]}+00"
    return _zoned(value, None)


def timestamptz_in(zone: tzinfo) -> Callable[[Any], str | None]:
    """Make the cast to timestamptz of stamps that hang in a zone, where they name no other."""

    def text(value: Any) -> str | None:
        return None if value is None else _zoned(value, zone)

    return text


def _zoned(value: Any, zone: tzinfo | None) -> str:
    wanted = "a timestamp with a time zone, as YYYY-MM-DDTHH:MM:SSZ" if zone is None else "a timestamp as YYYY-MM-DD HH:MM:SS"
    moment, written = _stamp(value, wanted)
    if written is not None:
        offset = offset_of(written)
        if offset is None:
            raise Refused("not_a_timestamp", "a time zone between -15:59:59 and +15:59:59", value)
        return trimmed(in_utc(moment, offset, value).isoformat(" ")) + "+00"
    if zone is None:
        raise Refused("no_zone", "a timestamp with a time zone (or `tz=`)", value)
    return trimmed(in_utc(moment, zone, value).isoformat(" ")) + "+00"
