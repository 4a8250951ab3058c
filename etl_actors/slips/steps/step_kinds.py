"""The kinds of value that a step of a slip's own can ask for by its type hint, and what they make of JSON's values."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["KINDS", "UNFIT", "StepValue"]

UNFIT: Any = object()
"""What `StepValue.taken` gives of a value that is of another kind."""


@dataclass(frozen=True, slots=True)
class StepValue:
    """A kind of value.

    Args:
        reason: of a reject, where a value is of another kind.
        expected: in words.
        taken: gives the value as the function gets it, or `UNFIT`.
    """

    reason: str
    expected: str
    taken: Callable[[Any], Any]


def _of(*kinds: type) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, kinds) else UNFIT


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _integer(value: Any) -> Any:
    if not _is_number(value):
        return UNFIT
    if isinstance(value, int):
        return value
    try:
        return int(value) if value == int(value) else UNFIT
    except (OverflowError, ValueError):  # infinite, not a number
        return UNFIT


def _float(value: Any) -> Any:
    try:
        return float(value) if _is_number(value) else UNFIT
    except OverflowError:
        return UNFIT


def _decimal(value: Any) -> Any:
    if not _is_number(value):
        return UNFIT
    return value if isinstance(value, Decimal) else Decimal(repr(value))


KINDS = {
    "str": StepValue("not_text", "a string (`text` makes one)", _of(str)),
    "int": StepValue("not_an_integer", "an integer (`int` makes one)", _integer),
    "float": StepValue("not_a_number", "a number (`double` makes one)", _float),
    "Decimal": StepValue("not_a_number", "a number (`numeric` makes one)", _decimal),
    "bool": StepValue("not_a_boolean", "a boolean (`boolean` makes one)", _of(bool)),
    "list": StepValue("not_an_array", "an array (`as_list` makes one)", _of(list)),
    "dict": StepValue("not_an_object", "an object", _of(dict)),
    "Any": StepValue("not_a_value", "a value", lambda value: value),
}
"""By the name of the type hint."""
