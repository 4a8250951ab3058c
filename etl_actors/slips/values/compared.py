"""Comparisons of predicates. A boolean is no number, texts compare by code point, and unlike kinds are never less or more."""

from decimal import Decimal
from typing import Any

from etl_actors.combinators.node import Node

__all__ = ["at_least", "at_most", "equal", "kind_of", "less", "more", "present", "same", "unequal"]

_KINDS = {
    dict: "object",
    Node: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    Decimal: "number",
    type(None): "null",
}


def kind_of(value: Any) -> str:
    """Name a value's kind as PostgreSQL's jsonb_typeof does; ``null`` where there is none."""
    return _KINDS[type(value)]


def present(matches: list[Any]) -> bool:
    """Tell whether at least one of several matches is not null."""
    return any(match is not None for match in matches)


def equal(left: Any, right: Any) -> bool:
    """Tell whether two values are equal as JSON: 1 and 1.0 are, true and 1 are not; null equals only null."""
    waiting = [(left, right)]  # without recursion: documents are deeper than Python calls
    while waiting:
        one, other = waiting.pop()
        kind = _KINDS[type(one)]
        if kind != _KINDS[type(other)]:
            return False
        if kind == "number":
            alike = _number(one) == _number(other)
        elif kind == "array":
            alike = len(one) == len(other)
            waiting += zip(one, other, strict=False)
        elif kind == "object":
            alike = one.keys() == other.keys()
            waiting += [(value, other.get(key)) for key, value in one.items()]
        else:
            alike = bool(one == other)
        if not alike:
            return False
    return True


def _number(value: float | Decimal) -> int | Decimal:
    return Decimal(repr(value)) if type(value) is float else value  # type: ignore[return-value]  # int or Decimal


def same(left: Any, right: Any) -> bool:
    """Tell whether two values, neither of them null, are equal."""
    return left is not None and equal(left, right)


def unequal(left: Any, right: Any) -> bool:
    """Tell whether two values, neither of them null, are unequal."""
    return left is not None and right is not None and not equal(left, right)


def _ordered(left: Any, right: Any) -> int | None:
    kind = _KINDS[type(left)]
    if kind != _KINDS[type(right)] or kind not in {"number", "string"}:
        return None
    one, other = (_number(left), _number(right)) if kind == "number" else (left, right)
    return (one > other) - (one < other)


def less(left: Any, right: Any) -> bool:
    """Tell whether a number or text is below another."""
    return _ordered(left, right) == -1


def at_most(left: Any, right: Any) -> bool:
    """Tell whether a number or text is not above another."""
    return _ordered(left, right) in {-1, 0}


def more(left: Any, right: Any) -> bool:
    """Tell whether a number or text is above another."""
    return _ordered(left, right) == 1


def at_least(left: Any, right: Any) -> bool:
    """Tell whether a number or text is not below another."""
    return _ordered(left, right) in {0, 1}
