"""Steps between values and their JSON text."""

import json
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, NoReturn

from etl_actors.combinators.excerpt import excerpt
from etl_actors.relational.canonical import canonical_key
from etl_actors.slips.casts.numeric import to_numeric
from etl_actors.slips.values.asked import string_of
from etl_actors.slips.values.document import MAX_DEPTH
from etl_actors.slips.values.json_text import json_text
from etl_actors.slips.values.refused import Refused

__all__ = ["from_json", "hash_of"]

_SURE_INT = 18  # digits of an integer that any decoder keeps
_SURE_FLOAT = 16  # characters of a decimal number that a double keeps, its point among them


def hash_of(value: Any) -> str | None:
    """Hash a value: SHA-256 of its JSON, keys sorted, each number in one way, in 64 hexadecimal digits."""
    if value is None:
        return None
    canonical = canonical_key(json_text(value, sort=True), "jsonb")[1:]
    return sha256(canonical.encode()).hexdigest()


def from_json(value: Any) -> Any:
    """Read a text as JSON, every number exact.

    Raises:
        Refused: it is none, it is nested too deeply, or a number is beyond PostgreSQL's numeric.
    """
    if value is None:
        return None
    text = string_of(value)
    try:
        found = _DECODER.decode(text)
    except RecursionError:
        found = _TOO_DEEP
    except json.JSONDecodeError as error:
        line, column, shown = excerpt(text, error.pos)
        place = {"line": line, "text_column": column, "position": error.pos, "excerpt": shown}
        raise Refused("not_json", f"JSON ({_told(error)})", value, detail=place, reach=error.pos) from None
    except _NotANumber as error:
        raise Refused("not_json", f"JSON, which has no {error}", value) from None
    if found is _TOO_DEEP or _deeper_than(found, MAX_DEPTH):
        raise Refused("too_deep", f"JSON at most {MAX_DEPTH} deep", value)
    return found


_TOO_DEEP = object()


def _told(error: json.JSONDecodeError) -> str:
    return f"line {error.lineno}, column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"


class _NotANumber(ValueError):
    """NaN or Infinity, which JSON does not know."""


def _constant(name: str) -> NoReturn:
    raise _NotANumber(name)


def _number(text: str) -> float | Decimal | None:
    if len(text) <= _SURE_FLOAT and "e" not in text and "E" not in text and text[-1] != "0":
        return float(text)
    try:
        return to_numeric(Decimal(text))
    except InvalidOperation:  # an exponent of 19 digits
        raise Refused("out_of_range", "JSON whose numbers PostgreSQL's numeric can hold", text) from None


def _integer(text: str) -> int | Decimal | None:
    return int(text) if len(text) <= _SURE_INT else to_numeric(Decimal(text))


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_integer, parse_constant=_constant)


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner for one in level if isinstance(one, dict | list) for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)
