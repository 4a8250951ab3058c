"""An expression's value at once: read, written as Python, and run on one document."""

from functools import cache
from types import CodeType
from typing import Any

from etl_actors.combinators.grammar import Grammar, load_grammar
from etl_actors.slips.casts.column_type import column_type
from etl_actors.slips.emitting.emitter import Emitter
from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.expressions.expression import parse_expression
from etl_actors.slips.expressions.expression_type import type_of
from etl_actors.slips.model.vocabulary import Vocabulary

__all__ = ["VOCABULARY", "evaluated"]


def _grammar(text: str) -> Grammar:
    return load_grammar(text, name="g.lark", find=lambda _: None)


VOCABULARY = Vocabulary(
    grammars={
        "pair": _grammar('start: WORD "=" INT\n%import common.WORD\n%import common.INT\n'),
        "words": _grammar('start: WORD+\n%import common.WORD\n%ignore " "\n'),
    },
    maps={"country": {"de": "Germany", "fr": "France", "": None}, "level": {"low": 1, "high": 2}},
    keys={"subject": (column_type("int"),), "offer": (column_type("text"), column_type("numeric", (12, 2)))},
)


def evaluated(expression: str, document: Any) -> Any:
    """Evaluate an expression: to the column's text where it ends in a type, else to the value itself."""
    code, names = _compiled(expression)
    fields = document if isinstance(document, dict) else {}
    return eval(code, names | {"document": document, "D": fields, "clean": False})


@cache
def _compiled(expression: str) -> tuple[CodeType, dict[str, Any]]:
    node = parse_expression(expression)
    emitter = Emitter(vocabulary=VOCABULARY)
    kind = type_of(node)
    written = emitter.column(node, Scope(), kind, text=True) if kind else emitter.value(node, Scope())
    return compile(written, "<expression>", "eval"), emitter.names
