"""The steps other than types: ``trim``, ``default``, ``split`` and their like. Null passes all but `default` and `required`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from etl_actors.slips.compared import equal
from etl_actors.slips.json_text import json_text, number_text
from etl_actors.slips.refused import Refused

__all__ = ["STEPS", "UNSUPPORTED", "StepKind"]

UNSUPPORTED = frozenset(
    "parse interval bytea concat unquote match from_json map many sep_by hash if lookup ref add sub mul".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class StepKind:
    """A step as slips call it.

    Args:
        call: takes the value and then the arguments.
        takes: what each argument is: "text" and "word" (a text that is not empty) are constants, "value" any expression.
    """

    call: Callable[..., Any]
    takes: tuple[str, ...] = ()


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    raise Refused("not_text", "a string (`text` makes one)", value)


def _list(value: Any) -> list[Any]:
    if type(value) is list:
        return value
    raise Refused("not_an_array", "an array (`as_list` makes one)", value)


def trim(value: Any) -> str | None:
    """Cut white space off both ends."""
    return None if value is None else _text(value).strip()


def lower(value: Any) -> str | None:
    """Make all letters small."""
    return None if value is None else _text(value).lower()


def upper(value: Any) -> str | None:
    """Make all letters capitals."""
    return None if value is None else _text(value).upper()


def squish(value: Any) -> str | None:
    """Trim, and make every run of white space one blank."""
    return None if value is None else " ".join(_text(value).split())


def replace(value: Any, old: str, new: str) -> str | None:
    """Put one text in the place of every other."""
    return None if value is None else _text(value).replace(old, new)


def required(value: Any) -> Any:
    """Refuse null."""
    if value is None:
        raise Refused("missing", "a value", None)
    return value


def null_if(value: Any, other: Any) -> Any:
    """Make null of one value."""
    return None if equal(value, other) else value


def as_list(value: Any) -> list[Any] | None:
    """Make a list of one of what is no list."""
    return value if value is None or type(value) is list else [value]


def first(value: Any) -> Any:
    """Take the first element, null of none."""
    return None if value is None or not _list(value) else value[0]


def last(value: Any) -> Any:
    """Take the last element, null of none."""
    return None if value is None or not _list(value) else value[-1]


def split(value: Any, separator: str) -> list[str] | None:
    """Cut a text at each separator."""
    return None if value is None else _text(value).split(separator)


def join(value: Any, separator: str) -> str | None:
    """Join the scalars of a list, nulls left out."""
    return None if value is None else separator.join(_joined(one) for one in _list(value) if one is not None)


def _joined(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is dict or type(value) is list:
        raise Refused("not_text", "strings, numbers and booleans to join", value)
    return json_text(value) if type(value) is bool else number_text(value)


STEPS = {
    "trim": StepKind(trim),
    "lower": StepKind(lower),
    "upper": StepKind(upper),
    "squish": StepKind(squish),
    "replace": StepKind(replace, ("word", "text")),
    "required": StepKind(required),
    "null_if": StepKind(null_if, ("value",)),
    "as_list": StepKind(as_list),
    "first": StepKind(first),
    "last": StepKind(last),
    "split": StepKind(split, ("word",)),
    "join": StepKind(join, ("text",)),
    "default": StepKind(lambda value, other: other if value is None else value, ("value",)),
}
