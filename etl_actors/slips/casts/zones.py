"""Time zones by name: what moment a clock on a wall shows there, as PostgreSQL decides it.

Source: PostgreSQL, ``src/backend/utils/adt/datetime.c`` (DetermineTimeZoneOffset): of a time that the clock skips, the
offset before the change holds; of one that it shows twice, the offset after it. Either is the lesser of the two.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from etl_actors.slips.values.refused import Refused

__all__ = ["in_utc", "offset_of", "zone_named"]

_OFFSET = re.compile(r"[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?", re.ASCII)
_MAX_ZONE_H = 15  # PostgreSQL's
_SIXTY = 60


@cache
def zone_named(name: str) -> tzinfo:
    """Find a time zone.

    Args:
        name: ``Europe/Berlin``, ``UTC``, or an offset such as ``+01:00``.

    Raises:
        ValueError: there is none of this name; a sentence says so.
    """
    if name in {"UTC", "GMT", "Z"}:
        return UTC
    offset = offset_of(name) if _OFFSET.fullmatch(name) else None
    if offset is not None:
        return timezone(offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    known = available_timezones()
    if not known:
        message = "this machine has no time zone database (the package tzdata is one)"
        raise ValueError(message) from None
    near = next((one for one in sorted(known) if one.casefold() == name.casefold() or one.endswith(f"/{name}")), None)
    message = f"there is no time zone `{name}`" + (
        f"; did you mean `{near}`?" if near else "; they are named as in Europe/Berlin"
    )
    raise ValueError(message)


def offset_of(zone: str) -> timedelta | None:
    """Read ``Z``, ``+HH``, ``+HHMM``, ``+HH:MM:SS`` and their like; None for what PostgreSQL does not take as an offset."""
    if zone in "Zz":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if hours > _MAX_ZONE_H or minutes >= _SIXTY or seconds >= _SIXTY:
        return None
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -offset if zone[0] == "-" else offset


def in_utc(moment: datetime, zone: tzinfo | timedelta, value: object) -> datetime:
    """Tell which moment a clock shows.

    Args:
        moment: what the clock shows, without a zone.
        zone: in which it hangs, or its offset.
        value: that was read, for the message.

    Returns:
        The moment in UTC, without a zone.

    Raises:
        Refused: it is not in the years 0001 to 9999.
    """
    offset = zone if isinstance(zone, timedelta) else min(_offset(zone, moment), _offset(zone, moment.replace(fold=1)))
    try:
        return moment - offset
    except OverflowError:
        raise Refused("out_of_range", "a timestamp of the years 0001 to 9999 in UTC", value) from None


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return zone.utcoffset(moment) or timedelta()
