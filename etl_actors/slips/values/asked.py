"""What a step asks of the value that it gets."""

from decimal import Decimal
from typing import Any

from etl_actors.slips.values.refused import Refused

__all__ = ["exact_of", "list_of", "string_of"]


def string_of(value: Any) -> str:
    """Take a string.

    Raises:
        Refused: it is none.
    """
    if type(value) is str:
        return value
    raise Refused("not_text", "a string (`text` makes one)", value)


def list_of(value: Any) -> list[Any]:
    """Take a list.

    Raises:
        Refused: it is none.
    """
    if type(value) is list:
        return value
    raise Refused("not_an_array", "an array (`as_list` makes one)", value)


def exact_of(value: Any) -> int | Decimal:
    """Take a number, exact as it was written.

    Raises:
        Refused: it is none.
    """
    kind = type(value)
    if kind is int or kind is Decimal:
        return value  # type: ignore[no-any-return]  # narrowed by type()
    if kind is float:
        return Decimal(repr(value))
    raise Refused("not_a_number", "a number (`numeric` makes one of a text)", value)
