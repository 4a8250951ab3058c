"""Reading expressions and predicates: text to the nodes of `etl_actors.slips.nodes`."""

from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from etl_actors.slips import nodes as n
from etl_actors.slips.builder import build
from etl_actors.slips.problems import ExpressionError

__all__ = ["parse_expression", "parse_predicate"]

_WORDS = {
    "NAME": "a name",
    "CALL": "a function",
    "STRING": "a string",
    "NUMBER": "a number",
    "INT": "an integer",
    "_PIPE": "`|`",
    "SLASH": "`/`",
    "COMPARE": "a comparison",
    "$END": "the end",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "COMMA": "`,`",
    "IN": "`in`",
    "AND": "`and`",
    "OR": "`or`",
}


def parse_expression(text: str) -> n.Expression:
    """Read an expression.

    Raises:
        ExpressionError: it is none, or it uses what this release does not support.
    """
    found: n.Expression = _parse(text, "expression")
    return found


def parse_predicate(text: str) -> n.Predicate:
    """Read a predicate.

    Raises:
        ExpressionError: it is none, or it uses what this release does not support.
    """
    found: n.Predicate = _parse(text, "predicate")
    return found


@cache
def _parser() -> Lark:
    grammar = (files("etl_actors.slips") / "expression.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=["expression", "predicate"], propagate_positions=True, maybe_placeholders=True)


def _parse(text: str, start: str) -> Any:
    try:
        return build(_parser().parse(text, start=start))
    except UnexpectedInput as error:
        raise _explained(error, text, start) from None
    except VisitError as error:
        if isinstance(error.orig_exc, ExpressionError):
            raise error.orig_exc from None
        raise
    except RecursionError:
        raise ExpressionError(0, "this expression is nested too deeply") from None


def _explained(error: UnexpectedInput, text: str, start: str) -> ExpressionError:
    if not text.strip():
        return ExpressionError(0, f"expected {'an' if start == 'expression' else 'a'} {start}, got nothing")
    token = error.token if isinstance(error, UnexpectedToken) else None
    at: int = getattr(error, "pos_in_stream", 0) or 0
    if at < 0 or (token is not None and token.type == "$END"):
        at = len(text)
    found = "the end" if at >= len(text) else f"`{token if token is not None else text[at]}`"
    allowed: set[str] = set()
    if isinstance(error, UnexpectedCharacters | UnexpectedToken):
        allowed = (error.allowed if isinstance(error, UnexpectedCharacters) else error.accepts) or set()
    if at < len(text) and text[at] in "'\"" and isinstance(error, UnexpectedCharacters):
        return ExpressionError(at, "this string has no end")
    if at < len(text) and text[at] == "?" and text[:at].rstrip().endswith("["):
        return ExpressionError(at, "filters in paths are not supported")
    names = sorted({_WORDS[name] for name in allowed if name in _WORDS}) if len(allowed) <= len(_WORDS) else []
    wanted = f"expected {' or '.join(names)}, " if names else ""
    return ExpressionError(at, f"{wanted}got {found}" if wanted else f"unexpected {found}")
