"""Fields of a key, which have columns whatever they hold. Their values are texts: a number is one however it is written, and what looks like a number is one."""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from etl_actors.relational.canonical import canonical_number

__all__ = ["is_key", "key_text", "told_by_text", "value_of", "without_key"]

_SHORT = 10**18
_DIGITS = 1000
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?", re.ASCII)


def key_text(value: Any) -> str:
    """Write a value of a key.

    Args:
        value: a text, a number (int, float or Decimal) or a boolean.

    Returns:
        The text itself; a number in plain digits, without zeros that say nothing: 1, 1.0 and "1" are one. One that would have
        more than a thousand digits has an exponent.
    """
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int and abs(value) < _SHORT:
        return str(value)
    number = value if type(value) is Decimal else Decimal(str(value))
    if number and abs(number.adjusted()) > _DIGITS:
        return canonical_number(str(number))
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def is_key(value: Any) -> bool:
    """Tell whether a value can be one of a key: a number, a text or a boolean."""
    return value is not None and type(value) is not dict and type(value) is not list


def told_by_text(value: Any) -> bool:
    """Tell whether a value is known by its text alone: one that looks like a number is a number, any other is a text."""
    text = key_text(value)
    number = _NUMBER.fullmatch(text) is not None and text != "-0"
    if type(value) is str:
        return not number
    return number and type(value) is not bool and Decimal(str(value)).as_tuple() == Decimal(text).as_tuple()


def value_of(text: str) -> Any:
    """Give the value that a text tells, as `told_by_text` says."""
    return Decimal(text) if _NUMBER.fullmatch(text) and text != "-0" else text


def without_key(document: Any, key: Collection[str]) -> Any:
    """Give what of a document decides on its tables: all but the fields of its key."""
    if not key or type(document) is not dict:
        return document
    return {name: value for name, value in document.items() if name not in key}
