"""interval: ISO 8601 durations and PostgreSQL's own notation, written as PostgreSQL writes them.

Months, days and time stay apart, as PostgreSQL keeps them: a day is not always 24 hours, nor a month 30 days.

Source: PostgreSQL, ``src/backend/utils/adt/datetime.c`` (DecodeInterval, EncodeInterval with IntervalStyle postgres).
"""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from etl_actors.slips.casts.plain import BLANKS
from etl_actors.slips.values.refused import Refused

__all__ = ["interval_text"]

_NUMBER = r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})"
_ISO_DATE = "".join(f"(?:(?P<{unit}>{_NUMBER}){unit})?" for unit in "YMWD")
_ISO_TIME = "".join(f"(?:(?P<t{unit}>{_NUMBER}){unit})?" for unit in "HMS")
_ISO = re.compile(f"(?P<sign>-?)P(?=[0-9.+T-]){_ISO_DATE}(?:T(?=[0-9.+-]){_ISO_TIME})?", re.ASCII | re.IGNORECASE)
_CLOCK = re.compile(r"([+-]?)([0-9]{1,12}):([0-9]{1,2})(?::([0-9]{1,2}(?:\.[0-9]{0,20})?))?", re.ASCII)
_PIECE = re.compile(rf"\s*(?:({_NUMBER})\s*([a-z]+)|([+-]?[0-9]+:[0-9:.]+))", re.ASCII | re.IGNORECASE)
_ISO_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day", "tH": "hour", "tM": "minute", "tS": "second"}
_MONTHS = {"month": 1, "year": 12, "decade": 120, "century": 1200, "millennium": 12000}
_DAYS = {"day": 1, "week": 7}
_MICROS = {"microsecond": 1, "millisecond": 1_000, "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000}
_DAY = 86_400_000_000
_WORDS = {
    word: unit
    for unit, words in {
        "microsecond": "microsecond microseconds us usec usecs usecond useconds",
        "millisecond": "millisecond milliseconds ms msec msecs msecond mseconds",
        "second": "second seconds s sec secs",
        "minute": "minute minutes m min mins",
        "hour": "hour hours h hr hrs",
        "day": "day days d",
        "week": "week weeks w",
        "month": "month months mon mons",
        "year": "year years y yr yrs",
        "decade": "decade decades dec decs",
        "century": "century centuries c cent",
        "millennium": "millennium millennia mil mils",
    }.items()
    for word in words.split()
}
_EXACT = Context(prec=60)
_EXPECTED = "an interval, as P1DT2H3M or 1 day 02:03:00 or 90 min"
_MAX_MONTHS = 2**31
_MAX_MICROS = 2**63
_SIXTY = 60


def interval_text(value: Any) -> str | None:
    """Cast to interval: a text with units; a bare number has none and is refused."""
    if value is None:
        return None
    found = _amounts(value.strip(BLANKS)) if type(value) is str else None
    if found is None:
        raise Refused("not_an_interval", _EXPECTED, value)
    months, days, micros = Decimal(0), Decimal(0), Decimal(0)
    for unit, amount in found:
        if unit in _MONTHS:
            months += amount * _MONTHS[unit]
        elif unit in _DAYS:
            days += amount * _DAYS[unit]
        else:
            micros = _EXACT.add(micros, _EXACT.multiply(amount, _MICROS[unit]))
    if months != int(months):
        raise Refused("not_an_interval", "an interval of whole months; a fraction of a month is no number of days", value)
    whole_days = int(days)  # what is left of a day is 24 hours' time, as PostgreSQL has it
    micros = _EXACT.add(micros, _EXACT.multiply(days - whole_days, _DAY))
    whole_micros = int(micros.to_integral_value(ROUND_HALF_EVEN, _EXACT))
    if not (
        -_MAX_MONTHS <= months < _MAX_MONTHS
        and -_MAX_MONTHS <= whole_days < _MAX_MONTHS
        and -_MAX_MICROS <= whole_micros < _MAX_MICROS
    ):
        raise Refused("out_of_range", "an interval within PostgreSQL's range", value)
    return _written(int(months), whole_days, whole_micros)


def _amounts(text: str) -> list[tuple[str, Decimal]] | None:
    """List units and amounts of a text, None where it is no interval."""
    iso = _ISO.fullmatch(text)
    if iso:
        found = [(unit, Decimal(iso[group])) for group, unit in _ISO_UNITS.items() if iso[group]]
        return _turned(found) if iso["sign"] else found
    ago = text.lower().endswith(" ago")
    rest = text[:-4] if ago else text
    rest = rest.removeprefix("@")
    amounts: list[tuple[str, Decimal]] = []
    seen: set[str] = set()
    at = 0
    while at < len(rest.rstrip()):
        piece = _PIECE.match(rest, at)
        if piece is None:
            return None
        more = _clock(piece[3]) if piece[3] else _unit(piece[1], piece[2])
        units = {unit for unit, _ in more or ()}
        if not more or units & seen:
            return None
        seen |= units
        amounts += more
        at = piece.end()
    return (_turned(amounts) if ago else amounts) or None


def _turned(amounts: list[tuple[str, Decimal]]) -> list[tuple[str, Decimal]]:
    return [(unit, -amount) for unit, amount in amounts]


def _unit(amount: str, word: str) -> list[tuple[str, Decimal]]:
    unit = _WORDS.get(word.lower())
    return [(unit, Decimal(amount))] if unit else []


def _clock(text: str) -> list[tuple[str, Decimal]]:
    found = _CLOCK.fullmatch(text)
    if not found:
        return []
    sign, hours, minutes, seconds = found.groups()
    amounts = [("hour", Decimal(hours)), ("minute", Decimal(minutes)), ("second", Decimal(seconds or 0))]
    if any(amount >= _SIXTY for _, amount in amounts[1:]):
        return []
    return _turned(amounts) if sign == "-" else amounts


def _written(months: int, days: int, micros: int) -> str:
    """Write an interval as PostgreSQL does in its own style."""
    pieces: list[str] = []
    minus = False
    years, rest = divmod(abs(months), 12)
    sign = -1 if months < 0 else 1
    for amount, unit in ((sign * years, "year"), (sign * rest, "mon"), (days, "day")):
        if amount:
            pieces.append(f"{'+' if minus and amount > 0 else ''}{amount} {unit}{'s' * (amount != 1)}")
            minus = amount < 0
    if micros or not pieces:
        hours, below = divmod(abs(micros), 3_600_000_000)
        minutes, below = divmod(below, 60_000_000)
        seconds, fraction = divmod(below, 1_000_000)
        clock = f"{hours:02}:{minutes:02}:{seconds:02}" + (f".{fraction:06}".rstrip("0") if fraction else "")
        pieces.append(("-" if micros < 0 else "+" if minus else "") + clock)
    return " ".join(pieces)
