"""Keep secrets and private values out of what is shown: passwords, tokens, and rows that PostgreSQL quotes in its errors."""

import re
from typing import Any

__all__ = ["one_line", "printable", "scrub", "scrub_text"]

_HIDDEN = "***"
_SECRET_KEY = re.compile(r"(?i)(?:^|_)(?:password|passwd|passphrase|secret|token|authorization|database_url)$")
_URL_PASSWORD = re.compile(r"""(?P<before>[a-zA-Z][\w+.-]*://[^\s:/@'"<>]*:)[^\s'"<>]*@""")
_ASSIGNED = re.compile(
    r"""(?xi) (?P<before> \b \w*(?:password|passwd|secret|token) \s*[=]\s* )
        (?: '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | [^\s&'",;)]+ )"""
)
# What follows these words is data of a row; it may go on over several lines.
_QUOTED_ROW = re.compile(
    r"^(?P<before>\s*(?:DETAIL|CONTEXT):).*?(?=\n\s*(?:HINT|CONTEXT|LOCATION|SCHEMA NAME|TABLE NAME):|\n\s*\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_QUOTED_VALUE = re.compile(
    r'(?P<before>(?:invalid input syntax for|out of range for|invalid input value for)[^:"\n]*(?:"\w+")?: ?)".*"'
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile(rf"[\t\n]|{_UNPRINTABLE.pattern}")


def scrub(value: Any, key: str = "") -> Any:
    """Return `value` without what is secret; containers are scrubbed within.

    Args:
        value: what is about to be shown.
        key: the name it is shown under: the value of one such as ``token`` is hidden whole.
    """
    if _SECRET_KEY.search(key) and value:
        return _HIDDEN
    match value:
        case str():
            return scrub_text(value)
        case dict():
            return {name: scrub(inner, str(name)) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [scrub(inner) for inner in value]
        case BaseException():
            return scrub_text(f"{type(value).__name__}: {value}")
        case _:
            return value


def scrub_text(text: str) -> str:
    """Return `text` without passwords in URLs and conninfo, and without the rows that PostgreSQL's errors quote."""
    for pattern, hidden in (
        (_URL_PASSWORD, _HIDDEN + "@"),
        (_ASSIGNED, _HIDDEN),
        (_QUOTED_ROW, " " + _HIDDEN),
        (_QUOTED_VALUE, _HIDDEN),
    ):
        text = pattern.sub(rf"\g<before>{hidden}", text)
    return text


def printable(text: str) -> str:
    """Return `text` with the characters escaped that would move a terminal's cursor, colour it, or turn its lines around."""
    return _UNPRINTABLE.sub(_escape, text)


def one_line(text: str) -> str:
    """Return `text` as `printable` does, with line breaks and tabs escaped too: what is a name may hold them."""
    return _CONTROL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
