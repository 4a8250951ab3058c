"""Steps that take texts apart and put them together."""

import re
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.slips.casts.plain import text_text
from etl_actors.slips.values.asked import list_of, string_of
from etl_actors.slips.values.json_text import json_text, number_text
from etl_actors.slips.values.refused import Refused
from etl_actors.slips.values.understood import one_of

__all__ = ["concat", "join", "lookup", "lower", "match", "replace", "split", "squish", "trim", "unquote", "upper"]

_QUOTED = re.compile(r'"(?>(?:[^"\\]|\\.)*)"|' + r"'(?>(?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "a": "\a"}


def trim(value: Any) -> str | None:
    """Cut white space off both ends."""
    return None if value is None else string_of(value).strip()


def lower(value: Any) -> str | None:
    """Make all letters small."""
    return None if value is None else string_of(value).lower()


def upper(value: Any) -> str | None:
    """Make all letters capitals."""
    return None if value is None else string_of(value).upper()


def squish(value: Any) -> str | None:
    """Trim, and make every run of white space one blank."""
    return None if value is None else " ".join(string_of(value).split())


def replace(value: Any, old: str, new: str) -> str | None:
    """Put one text in the place of every other."""
    return None if value is None else string_of(value).replace(old, new)


def split(value: Any, separator: str) -> list[str] | None:
    """Cut a text at each separator."""
    return None if value is None else string_of(value).split(separator)


def join(value: Any, separator: str) -> str | None:
    """Join the scalars of a list, nulls left out."""
    return None if value is None else separator.join(_joined(one) for one in list_of(value) if one is not None)


def _joined(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, dict | list):
        raise Refused("not_text", "strings, numbers and booleans to join", value)
    return json_text(value) if type(value) is bool else number_text(value)


def concat(value: Any, *more: Any) -> str | None:
    """Put the texts of the arguments behind that of the value, nulls left out."""
    if value is None:
        return None
    return "".join(text for one in (value, *more) if (text := text_text(one)) is not None)


def unquote(value: Any) -> str | None:
    r"""Take the quotes off a text and undo ``\n``, ``\"``, ``\u00e9``, ``\x16`` and their like; a text without stays as it is."""
    if value is None:
        return None
    text = string_of(value)
    if not _QUOTED.fullmatch(text):
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    plain = _ESCAPE.sub(_unescaped, inner)
    # Halves of a pair, each by an escape of its own, are one character; a half alone stays, and no type takes it.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") if plain != inner else plain


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)


def match(value: Any, pattern: re.Pattern[str]) -> Any:
    """Find the first place at which a regular expression matches.

    Args:
        value: a text.
        pattern: of the expression.

    Returns:
        An object of its named groups; or the text of its only group; or, without groups, the text that it matched.

    Raises:
        Refused: it matches nowhere.
    """
    if value is None:
        return None
    found = pattern.search(string_of(value))
    if found is None:
        raise Refused("no_match", f"a text in which {pattern.pattern} matches", value)
    return matched(found)


def matched(found: re.Match[str]) -> Any:
    """Make the value of a match."""
    groups = found.re.groupindex
    if groups:
        starts = {name: found.start(name) for name in groups if found[name] is not None}
        return Node.within(found.string, found.start(), found.end(), found.groupdict(), starts)
    return found[1] if found.re.groups else found[0]


def lookup(value: Any, known: dict[str, Any]) -> Any:
    """Find a text in a map of the slip."""
    if value is None:
        return None
    text = string_of(value)
    if text in known:
        return known[text]
    raise Refused("not_in_map", one_of([repr(one) for one in known]), value)
