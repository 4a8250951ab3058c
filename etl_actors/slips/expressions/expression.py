"""Reading expressions and predicates: text to the nodes of `etl_actors.slips.expressions.nodes`."""

from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, UnexpectedInput
from lark.exceptions import VisitError

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.builder import build
from etl_actors.slips.expressions.syntax_errors import explained
from etl_actors.slips.source.problems import ExpressionError

__all__ = ["get_ready", "parse_expression", "parse_predicate"]


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


def get_ready() -> None:
    """Make now what the first expression would wait for, a tenth of a second: the tables of the language's parser."""
    parse_expression("price | numeric(12,2)")


@cache
def _parser() -> Lark:
    grammar = (files("etl_actors.slips.expressions") / "expression.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=["expression", "predicate"], propagate_positions=True, maybe_placeholders=True)


def _parse(text: str, start: str) -> Any:
    try:
        return build(_parser().parse(text, start=start))
    except UnexpectedInput as error:
        raise explained(error, text, start) from None
    except VisitError as error:
        if isinstance(error.orig_exc, ExpressionError):
            raise error.orig_exc from None
        if isinstance(error.orig_exc, RecursionError):
            raise ExpressionError(0, "this expression is nested too deeply") from None
        raise
    except RecursionError:
        raise ExpressionError(0, "this expression is nested too deeply") from None
