"""JSON values as text: numbers digit for digit, and whole values as PostgreSQL's jsonb will read them."""

import math
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

import orjson

from etl_actors.slips.values.refused import Refused

__all__ = ["check_characters", "json_text", "number_text"]

_LONG_BITS = 2000  # about 600 digits; CPython may refuse to write an int of more than 640


def number_text(value: float | Decimal) -> str:
    """Write a number in plain decimal digits, never with an exponent.

    Args:
        value: an int, float or Decimal; a Decimal keeps its digits and trailing zeros.

    Returns:
        Its text.

    Raises:
        Refused: it is infinite, or not a number.
    """
    if type(value) is int:
        if value.bit_length() < _LONG_BITS:
            return str(value)
        value = Decimal(value)
    finite = value.is_finite() if type(value) is Decimal else math.isfinite(value)
    if not finite:  # of a step of a slip's own; a jsonb with it would fail the whole batch
        raise Refused("not_a_number", "a number that JSON has", value)
    if type(value) is Decimal:
        return format(value, "f")
    text = repr(value)
    if "e" in text:
        return format(Decimal(text), "f")
    return text


def _exact(value: Any) -> orjson.Fragment:
    if type(value) is Decimal or type(value) is int:
        return orjson.Fragment(number_text(value))
    raise TypeError


def json_text(value: Any, *, sort: bool = False) -> str:
    """Write a value as JSON, without blanks, numbers digit for digit.

    Args:
        value: any JSON value, of any depth.
        sort: whether members are sorted by their names.

    Returns:
        Its text, which holds no control character.

    Raises:
        Refused: a string that no PostgreSQL text can hold (NUL, lone surrogates), a Decimal that is no number.
    """
    try:
        text = orjson.dumps(value, default=_exact, option=orjson.OPT_SORT_KEYS if sort else None).decode()
    except orjson.JSONEncodeError:  # deeper than orjson goes (254), an int beyond 64 bits, a lone surrogate, no number
        _check(value)
        return "".join(_pieces(value, sort=sort))
    if "\\u0000" in text:
        _check(value)
    return text


def _pieces(value: Any, *, sort: bool) -> list[str]:
    """Write without recursion, so that depth costs nothing but memory."""
    out: list[str] = []
    todo: list[Any] = [(value,)]  # a tuple holds a value still to write; a str is written as it is
    while todo:
        item = todo.pop()
        if type(item) is str:
            out.append(item)
            continue
        (one,) = item
        if isinstance(one, dict):
            parts: list[Any] = ["{"]
            for key, inner in sorted(one.items()) if sort else one.items():
                parts += [("," if len(parts) > 1 else "") + encode_basestring(key) + ":", (inner,)]
            todo.extend(reversed([*parts, "}"]))
        elif type(one) is list:
            parts = ["["]
            for inner in one:
                parts += [*([","] if len(parts) > 1 else []), (inner,)]
            todo.extend(reversed([*parts, "]"]))
        else:
            out.append(_scalar(one))
    return out


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    return encode_basestring(value) if type(value) is str else number_text(value)


def _check(value: Any) -> None:
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo.extend(one)
            todo.extend(one.values())
        elif type(one) is list:
            todo.extend(one)
        elif type(one) is str:
            check_characters(one)


def check_characters(text: str) -> None:
    """Refuse what no PostgreSQL text can hold.

    Raises:
        Refused: NUL characters or lone surrogates.
    """
    if "\0" in text:
        raise Refused("nul_character", "text without NUL characters", text)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused("lone_surrogate", "text without lone surrogates", text) from None
