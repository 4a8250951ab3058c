"""Numeric types: JSON numbers, decimal strings and what a grammar reads as a number, with PostgreSQL's ranges and rounding.

A boolean is no number.
"""

import math
import re
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.relational.canonical import real_text
from etl_actors.slips.casts.plain import BLANKS
from etl_actors.slips.casts.written_number import rounded, written_number
from etl_actors.slips.values.refused import Refused

__all__ = ["double_text", "integer", "numeric_text", "numeric_with", "real_text_of", "to_double", "to_numeric", "to_real"]

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_SPECIAL = (
    {"nan": "NaN"}
    | dict.fromkeys(("inf", "+inf", "infinity", "+infinity"), "Infinity")
    | dict.fromkeys(("-inf", "-infinity"), "-Infinity")
)
_WHOLE_DIGITS = 131_072  # what PostgreSQL's numeric holds before the point
_FRACTION_DIGITS = 16_383  # and behind it
_EXACT = Context(prec=_WHOLE_DIGITS + _FRACTION_DIGITS + 2, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])

Cast = Callable[[Any], Any]


def _taken(value: Any, expected: str, reason: str) -> Decimal | Fraction:
    """Take a number, or what is written as one; a `Fraction` only where its decimals have no end."""
    kind = type(value)
    if kind is Decimal and value.is_finite():  # others come of a slip's own steps only
        return value  # type: ignore[no-any-return]  # narrowed by type()
    if kind is int:
        return Decimal(value)
    if kind is float and math.isfinite(value):
        return Decimal(repr(value))
    if kind is str:
        text = value.strip(BLANKS)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
    if kind is Node:
        number = written_number(value)
        if number is not None:
            return number
    raise Refused(reason, expected, value)


def _as_it_came(value: Any) -> Any:
    """Give a number as the text that a grammar took apart, for messages."""
    return value.source if type(value) is Node else value


def _whole(value: Any, bits: int, expected: str) -> int:
    """Take an integer of a float, a Decimal or a string, without writing out a huge power of ten."""
    exact = _taken(value, expected, "not_an_integer")
    if not exact:
        return 0
    if isinstance(exact, Fraction):
        raise Refused("not_an_integer", expected, _as_it_came(value))
    if exact.adjusted() > bits:
        raise Refused("out_of_range", expected, _as_it_came(value))
    if exact.adjusted() < 0 or exact != exact.to_integral_value(context=_EXACT):
        raise Refused("not_an_integer", expected, _as_it_came(value))
    return int(exact)


def integer(name: str, bits: int) -> tuple[Cast, Cast]:
    """Make the casts of an integer type.

    Args:
        name: of the type, for messages.
        bits: of its width.

    Returns:
        The cast to a value, and the one to text.
    """
    high = 2 ** (bits - 1)
    low = -high
    expected = f"an integer ({name})"
    within = f"an integer of {low} to {high - 1} ({name})"

    def value_of(value: Any) -> int | None:
        if type(value) is int:
            number = value
        elif value is None:
            return None
        elif type(value) is str and _INTEGER.fullmatch(value):
            number = int(value)
        else:
            number = _whole(value, bits, expected)
        if low <= number < high:
            return number
        raise Refused("out_of_range", within, _as_it_came(value))

    def text_of(value: Any) -> str | None:
        if type(value) is int and low <= value < high:
            return str(value)
        number = value_of(value)
        return None if number is None else str(number)

    return value_of, text_of


def to_numeric(value: Any) -> Decimal | None:
    """Cast to numeric: as many digits as came."""
    if value is None:
        return None
    number = _taken(value, "a number", "not_a_number")
    if isinstance(number, Fraction):
        raise Refused("not_a_number", "a number whose decimals end; numeric(p,s) rounds any", _as_it_came(value))
    if (number and number.adjusted() >= _WHOLE_DIGITS) or -int(number.as_tuple().exponent) > _FRACTION_DIGITS:
        raise Refused(
            "out_of_range", f"a number of at most {_WHOLE_DIGITS:,} digits and {_FRACTION_DIGITS:,} behind the point", value
        )
    return number or number.copy_abs()  # PostgreSQL knows no -0


def numeric_text(value: Any) -> str | None:
    """Cast to numeric, as PostgreSQL writes it."""
    number = to_numeric(value)
    return None if number is None else _plain(number)


def _plain(number: Decimal) -> str:
    if not number and int(number.as_tuple().exponent) > 0:
        return "0"
    return format(number, "f")


def numeric_with(precision: int, scale: int) -> tuple[Cast, Cast]:
    """Make the casts of numeric(precision, scale): rounded half away from zero, overflow refused.

    Args:
        precision: digits in all.
        scale: digits behind the point, negative for zeros before it.

    Returns:
        The cast to a value, and the one to text.
    """
    step = Decimal((0, (1,), -scale))
    limit = Decimal((0, (1,), precision - scale))
    expected = f"a number that fits numeric({precision},{scale})"

    def value_of(value: Any) -> Decimal | None:
        third = written_number(value) if type(value) is Node else None
        number = rounded(third, scale) if isinstance(third, Fraction) else to_numeric(value)
        if number is None:
            return None
        if number and number.adjusted() > precision - scale:
            raise Refused("out_of_range", expected, _as_it_came(value))
        fitted = number.quantize(step, rounding=ROUND_HALF_UP, context=_EXACT)
        if fitted.copy_abs() >= limit:
            raise Refused("out_of_range", expected, _as_it_came(value))
        return fitted or fitted.copy_abs()

    zeros = ["0" * missing for missing in range(max(scale, 0) + 1)]

    def text_of(value: Any) -> str | None:
        if type(value) is float and value:  # fits as it is written, but for zeros: no Decimal needed
            text = repr(value)
            point = text.find(".")
            missing = scale - (len(text) - point - 1)
            if 0 < point <= precision - scale and missing >= 0 and "e" not in text:
                return text + zeros[missing]
        number = value_of(value)
        return None if number is None else _plain(number)

    return value_of, text_of


def to_double(value: Any) -> float | str | None:
    """Cast to double precision; NaN and the infinities, which are strings in JSON, stay strings."""
    if value is None:
        return None
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is str:
        special = _SPECIAL.get(value.strip(BLANKS).lower())
        if special:
            return special
    exact = _taken(value, "a number (double precision)", "not_a_number")
    try:
        number = float(exact)
    except OverflowError:  # of a fraction
        number = math.inf
    if math.isinf(number) or (number == 0 and exact):
        raise Refused("out_of_range", "a number within the range of double precision", value)
    return number


def double_text(value: Any) -> str | None:
    """Cast to double precision, in as few digits as tell it from its neighbours."""
    number = to_double(value)
    return repr(number) if type(number) is float else number  # type: ignore[return-value]  # str or None


def real_text_of(value: Any) -> str | None:
    """Cast to real, in as few digits as tell it from its neighbours."""
    number = to_double(value)
    if type(number) is not float:
        return number  # type: ignore[return-value]  # str or None
    try:
        text = real_text(number)
    except OverflowError:
        raise Refused("out_of_range", "a number within the range of real", value) from None
    if number and not float(text):
        raise Refused("out_of_range", "a number within the range of real", value)
    return text


def to_real(value: Any) -> float | str | None:
    """Cast to real; NaN and the infinities stay strings."""
    text = real_text_of(value)
    return float(text) if text is not None and text[-1].isdigit() else text
