"""Paths at run time: the functions that compiled code calls for lists of matches, and where a match was found.

Singular paths are compiled inline; these serve wildcards, slices, unions and descendants.

Source: RFC 9535 (JSONPath), without filters.
"""

import re
from typing import Any

from etl_actors.slips.expressions.nodes import Descendants, Field, Index, Segment, Slice, Union, Wild

__all__ = ["fields", "located", "location_text", "members", "named_members", "select"]

_SHORT = re.compile(r"[A-Za-z_\u0080-\U0010FFFF][A-Za-z0-9_\u0080-\U0010FFFF]*")

_SIXTEEN_BITS = 0xFFFF

_ALL = Wild()

Located = tuple[tuple[str | int, ...], Any]


def members(value: Any) -> list[Any]:
    """List what an array or object holds; nothing of a scalar."""
    if type(value) is list:
        return value
    return list(value.values()) if isinstance(value, dict) else []


def named_members(value: Any) -> list[tuple[str | None, Any]]:
    """List what an array or object holds with the member's name, None in an array."""
    if isinstance(value, dict):
        return list(value.items())
    return [(None, item) for item in value] if type(value) is list else []


def fields(values: list[Any], name: str) -> list[Any]:
    """Take one member of each value that has it."""
    return [value[name] for value in values if isinstance(value, dict) and name in value]


def select(values: list[Any], segment: Segment) -> list[Any]:
    """Apply a segment to each value, in order."""
    if isinstance(segment, Descendants):
        return [found for value in values for _, found in _below(value, segment)]
    return [found for value in values for _, found in _matches(value, segment)]


def located(value: Any, segments: tuple[Segment, ...]) -> list[Located]:
    """Apply segments to a value, and say where each match is.

    Args:
        value: to begin with.
        segments: of a path.

    Returns:
        The location (member names and indices, from the value on) and value of each match, in order.
    """
    found: list[Located] = [((), value)]
    for segment in segments:
        if isinstance(segment, Descendants):
            found = [((*place, *steps), inner) for place, one in found for steps, inner in _below(one, segment)]
        else:
            found = [((*place, step), inner) for place, one in found for step, inner in _matches(one, segment)]
    return found


def _below(value: Any, segment: Descendants) -> list[Located]:
    """Apply the selectors to a value and to all below it, parents first, without recursion."""
    found: list[Located] = []
    todo: list[Located] = [((), value)]
    while todo:
        place, one = todo.pop()
        found += [((*place, step), inner) for selector in segment.selectors for step, inner in _matches(one, selector)]
        below = [((*place, step), inner) for step, inner in _matches(one, _ALL) if isinstance(inner, dict | list)]
        todo += reversed(below)
    return found


def _matches(value: Any, segment: Field | Index | Slice | Wild | Union) -> list[tuple[str | int, Any]]:
    match segment:
        case Field(name):
            return [(name, value[name])] if isinstance(value, dict) and name in value else []
        case Index(number):
            if type(value) is not list or not -len(value) <= number < len(value):
                return []
            return [(number % len(value), value[number])]
        case Wild():
            if isinstance(value, dict):
                return list(value.items())
            return list(enumerate(value)) if type(value) is list else []
        case Slice(start, stop, step):
            if type(value) is not list or step == 0:
                return []
            return [(i, value[i]) for i in range(len(value))[start:stop:step]]
        case Union(selectors):
            return [found for selector in selectors for found in _matches(value, selector)]


def location_text(place: tuple[str | int, ...], root: str = "$") -> str:
    """Write a location as a path that a slip could use."""
    return root + "".join(
        f"[{step}]" if type(step) is int else f".{step}" if _SHORT.fullmatch(str(step)) else f"[{_quoted(str(step))}]"
        for step in place
    )


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(c if c.isprintable() else _escaped(c) for c in escaped) + "'"


def _escaped(character: str) -> str:
    """Write a character by its code, one beyond 16 bits by a pair of surrogates."""
    code = ord(character)
    if code > _SIXTEEN_BITS:
        high, low = divmod(code - _SIXTEEN_BITS - 1, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
    return f"\\u{code:04x}"
