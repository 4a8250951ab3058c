"""text, boolean, uuid and jsonb: a JSON value to the text that PostgreSQL writes of it."""

import re
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.slips.values.json_text import check_characters, json_text, number_text
from etl_actors.slips.values.refused import Refused

__all__ = ["BLANKS", "boolean_text", "jsonb_text", "jsonb_value", "text_text", "to_boolean", "uuid_text"]

BLANKS = " \t\n\r\f\v"  # what PostgreSQL's types ignore around a value
_BOOLEANS = dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True) | dict.fromkeys(
    ("false", "f", "no", "n", "off", "0"), False
)
_UUID = re.compile(r"(\{?)[0-9a-f]{4}(?:-?[0-9a-f]{4}){7}(\}?)", re.ASCII)


def text_text(value: Any) -> str | None:
    """Cast to text: a string as it is, a number's exact JSON text, ``true``, JSON of arrays and objects.

    The value of a grammar's rule is the text that it covers.
    """
    if type(value) is str:
        if not value.isprintable():
            check_characters(value)
        return value
    if value is None:
        return None
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is Node:
        return text_text(value.source)
    if type(value) is dict or type(value) is list:
        return json_text(value)
    return number_text(value)


def jsonb_text(value: Any) -> str | None:
    """Cast to jsonb: the value as JSON text, numbers digit for digit."""
    return None if value is None else json_text(value)


def jsonb_value(value: Any) -> Any:
    """Cast to jsonb where further steps follow: the value as it is."""
    return value


def to_boolean(value: Any) -> bool | None:
    """Cast to boolean: a JSON boolean, or one of PostgreSQL's words for it; a number is none."""
    if value is None or value is True or value is False:
        return value
    if type(value) is str:
        found = _BOOLEANS.get(value.strip(BLANKS).lower())
        if found is not None:
            return found
    raise Refused("not_a_boolean", "a boolean", value)


def boolean_text(value: Any) -> str | None:
    """Cast to boolean, as PostgreSQL writes it."""
    found = to_boolean(value)
    return None if found is None else "t" if found else "f"


def uuid_text(value: Any) -> str | None:
    """Cast to uuid: 32 hexadecimal digits, dashes after any four, braces or none."""
    if value is None:
        return None
    if type(value) is str:
        text = value.strip(BLANKS).lower()
        found = _UUID.fullmatch(text)
        if found and bool(found[1]) == bool(found[2]):
            digits = text.strip("{}").replace("-", "")
            return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    raise Refused("not_a_uuid", "a uuid", value)
