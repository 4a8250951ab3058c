"""Steps that reckon: exact, whatever the digits."""

from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Any

from etl_actors.slips.casts.numeric import to_numeric
from etl_actors.slips.values.asked import exact_of

__all__ = ["add", "mul", "sub"]

_DIGITS = 150_000  # what PostgreSQL's numeric holds, before the point and behind it, and some
_EXACT = Context(prec=_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation, Overflow])


def add(value: Any, other: Any) -> int | Decimal | None:
    """Add a number; null where either is null."""
    return _reckoned(value, other, lambda a, b: a + b, _EXACT.add)


def sub(value: Any, other: Any) -> int | Decimal | None:
    """Take a number off; null where either is null."""
    return _reckoned(value, other, lambda a, b: a - b, _EXACT.subtract)


def mul(value: Any, other: Any) -> int | Decimal | None:
    """Multiply by a number; null where either is null."""
    return _reckoned(value, other, lambda a, b: a * b, _EXACT.multiply)


def _reckoned(
    value: Any, other: Any, whole: Callable[[int, int], int], exact: Callable[[Any, Any], Decimal]
) -> int | Decimal | None:
    if value is None or other is None:
        return None
    one, two = exact_of(value), exact_of(other)
    if type(one) is int and type(two) is int:
        return whole(one, two)
    # Numbers within numeric's range are so few digits that nothing is rounded.
    return to_numeric(exact(to_numeric(one), to_numeric(two)))
