"""Arrays: a list whose elements are cast one by one, as PostgreSQL writes an array."""

from collections.abc import Callable
from typing import Any

from etl_actors.slips.values.refused import Refused

__all__ = ["array_casts"]

_SPECIAL = frozenset('"\\{}, \t\n\r\v\f')
_EXPECTED = "an array (`as_list` makes one)"

Cast = Callable[[Any], Any]


def array_casts(element: tuple[Cast, Cast], *, nested: bool) -> tuple[Cast, Cast]:
    """Make the casts of an array type.

    Args:
        element: the cast of an element to a value, and the one to text.
        nested: whether an element may be a list, as in jsonb it may.

    Returns:
        The cast to a list of values, and the one to text.
    """
    element_value, element_text = element

    def elements(value: Any, cast: Cast) -> list[Any]:
        if type(value) is not list:
            raise Refused("not_an_array", _EXPECTED, value)
        found = []
        for index, one in enumerate(value):
            try:
                found.append(cast(one if nested else _no_list(one)))
            except Refused as refused:
                refused.within(index)
                raise
        return found

    def value_of(value: Any) -> list[Any] | None:
        return None if value is None else elements(value, element_value)

    def text_of(value: Any) -> str | None:
        if value is None:
            return None
        return "{" + ",".join("NULL" if one is None else _quoted(one) for one in elements(value, element_text)) + "}"

    return value_of, text_of


def _no_list(value: Any) -> Any:
    if type(value) is list:
        raise Refused("nested_array", "an array whose elements are no arrays", value)
    return value


def _quoted(text: str) -> str:
    """Quote an element where PostgreSQL does."""
    if text and text.upper() != "NULL" and _SPECIAL.isdisjoint(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
