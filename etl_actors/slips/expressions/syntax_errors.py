"""What is wrong with the syntax of an expression, in words that help whoever wrote it."""

import re

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from etl_actors.slips.source.problems import ExpressionError

__all__ = ["explained"]

_WORDS = {
    "SLASH": "`/`",
    "_PIPE": "`|`",
    "COMPARE": "a comparison",
    "IN": "`in`",
    "AND": "`and`",
    "OR": "`or`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "COMMA": "`,`",
    "NAME": "a name",
    "STRING": "a quoted name",
    "INT": "an index",
    "STAR": "`*`",
    "$END": "the end",
}
_VALUE = {"NAME", "NUMBER", "STRING"}  # where these may stand, any value may
# Where the text goes on like this, that is what was meant.
_HABITS = (
    (re.compile(r"=(?!=)"), "two values are compared by `==`; one `=` gives a named argument"),
    (re.compile(r"&"), "two conditions are joined by `and`"),
    (re.compile(r"\?"), "filters in paths are not supported; `when` and `if(condition, a, b)` take conditions"),
    (re.compile(r"!(?!=)"), "a condition is turned round by `not`"),
    (re.compile(r"\.\."), "a path begins with a name, `$` or `@`, as in `$..name`"),
)


def explained(error: UnexpectedInput, text: str, start: str) -> ExpressionError:
    """Say what is wrong.

    Args:
        error: of Lark.
        text: that was read.
        start: ``expression`` or ``predicate``.

    Returns:
        The error, with its place.
    """
    if not text.strip():
        return ExpressionError(0, f"expected {'an' if start == 'expression' else 'a'} {start}, got nothing")
    token = error.token if isinstance(error, UnexpectedToken) else None
    at: int = getattr(error, "pos_in_stream", 0) or 0
    if at < 0 or (token is not None and token.type == "$END"):
        at = len(text)
    if at < len(text) and text[at] in "'\"" and isinstance(error, UnexpectedCharacters):
        return ExpressionError(at, "this string has no end")
    if text[at - 1 : at + 1] == "||":
        return ExpressionError(
            at, "expected one `|` before a step; conditions are joined by `or`, a value for want of another by `/`"
        )
    for pattern, sentence in _HABITS:
        if pattern.match(text, at):
            return ExpressionError(at, sentence)
    allowed = set(error.accepts or ()) if isinstance(error, UnexpectedToken) else set()
    found = "the end" if at >= len(text) else f"`{token if token is not None else text[at]}`"
    told = _told(text[:at].rstrip(), token.type if token is not None else "", allowed, start)
    return ExpressionError(at, f"{told}got {found}" if told.endswith(", ") else told or f"unexpected {found}")


def _told(before: str, came: str, allowed: set[str], start: str) -> str:
    """Say what would have been taken: a sentence, or the beginning of one that ends in a comma and a blank."""
    if came in {"COMPARE", "AND", "OR", "IN", "NOT"} and start == "expression" and "COMPARE" not in allowed:
        return "an expression gives a value; a condition stands in `when` and in `if(condition, a, b)`"
    if before.endswith("|"):
        return "expected a step or a type behind `|`, "
    if re.search(r"\bin$", before):
        return "expected a list behind `in`, as in `a in [1, 2]`, "
    if re.search(r"\b(exists|matches)$", before) and came != "COMPARE":
        return "expected `(`, as in `exists(name)`, "
    if allowed >= _VALUE:
        return f"expected a value{' or `)`' if 'RPAR' in allowed else ''}, "
    if start == "predicate" and "COMPARE" in allowed and came == "$END":
        return "expected a comparison or `in`, as in `a == 1`; that a value is there is `exists(a)`"
    if before.endswith(".") and came in {"NUMBER", "INT"}:
        return "expected a name behind the point; an element of an array is `[0]`, "
    known = [word for name, word in _WORDS.items() if name in allowed]
    return f"expected {' or '.join(known)}, " if known and len(allowed) <= len(_WORDS) else ""
