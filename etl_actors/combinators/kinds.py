"""What a value is called in a failure."""

from typing import Any

from etl_actors.combinators.excerpt import standing
from etl_actors.combinators.here import Here

__all__ = ["found_at", "kind_of"]


def kind_of(value: Any) -> str:
    """Name the kind of a value.

    Args:
        value: any JSON value.

    Returns:
        As in ``an array``.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a text"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "a number"


def found_at(here: Here) -> str:
    """Tell what stands at a place.

    Args:
        here: the place.

    Returns:
        A word or character of a text, the kind of a list's element or of the value, or ``the end``.
    """
    match here.value:
        case str():
            return standing(here.value, here.at)
        case list():
            return kind_of(here.value[here.at]) if here.at < len(here.value) else "the end"
        case _:
            return kind_of(here.value)
