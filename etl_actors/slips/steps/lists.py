"""Steps on lists."""

from collections.abc import Callable
from typing import Any

from etl_actors.slips.values.asked import list_of
from etl_actors.slips.values.refused import Refused

__all__ = ["as_list", "first", "from_entries", "last", "mapped"]


def as_list(value: Any) -> list[Any] | None:
    """Make a list of one of what is no list."""
    return value if value is None or type(value) is list else [value]


def first(value: Any) -> Any:
    """Take the first element, null of none."""
    return None if value is None or not list_of(value) else value[0]


def last(value: Any) -> Any:
    """Take the last element, null of none."""
    return None if value is None or not list_of(value) else value[-1]


def mapped(value: Any, steps: Callable[[Any], Any]) -> list[Any] | None:
    """Apply steps to every element."""
    if value is None:
        return None
    found = []
    for index, one in enumerate(list_of(value)):
        try:
            found.append(steps(one))
        except Refused as refused:
            refused.within(index)
            raise
    return found


def from_entries(value: Any) -> dict[str, Any] | None:
    """Make an object of a list of objects with the fields `key`, a string, and `value`.

    Raises:
        Refused: it is no such list, or a key is there twice, of which one value would be lost.
    """
    if value is None:
        return None
    made: dict[str, Any] = {}
    for index, one in enumerate(list_of(value)):
        key = one.get("key") if isinstance(one, dict) else None
        if type(key) is not str:
            refused = Refused("not_an_entry", "an object with a `key` that is a string", one)
        elif key in made:
            refused = Refused("key_twice", "each key once", one)
        else:
            made[key] = one.get("value")
            continue
        refused.within(index)
        raise refused
    return made
