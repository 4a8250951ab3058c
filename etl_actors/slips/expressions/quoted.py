"""Strings of an expression, as they are written between quotes."""

import re

from etl_actors.slips.source.problems import ExpressionError

__all__ = ["unquoted", "unquoted_regex"]

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\", "'": "'", '"': '"'}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED_QUOTE = re.compile(r"\\([\\'\"])")
_SURROGATES = re.compile("[\ud800-\udfff]")


def unquoted(text: str, at: int) -> str:
    """Read a string of an expression, by RFC 9535's escapes.

    Raises:
        ExpressionError: an escape that there is not, a lone surrogate.
    """

    def replaced(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] == "u" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            raise ExpressionError(at + 1 + found.start(), f"there is no escape `\\{code}`; a backslash itself is written `\\\\`")
        return _ESCAPES[code]

    value = _ESCAPE.sub(replaced, text[1:-1])
    if _SURROGATES.search(value):
        try:
            value = value.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise ExpressionError(at, "this string holds half a surrogate pair") from None
    return value


def unquoted_regex(text: str) -> str:
    """Read a string that is a regular expression: a backslash stays, but before a quote or another backslash."""
    return _ESCAPED_QUOTE.sub(r"\1", text[1:-1])
