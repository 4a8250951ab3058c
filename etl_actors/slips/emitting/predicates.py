"""Predicates as Python conditions."""

from functools import partial
from typing import Any

from etl_actors.combinators.grammar import Grammar
from etl_actors.slips.emitting.scope import Scope
from etl_actors.slips.emitting.writer import Writer
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.values import compared

__all__ = ["emit_predicate"]

_COMPARES = {"==": "same", "!=": "unequal", "<": "less", "<=": "at_most", ">": "more", ">=": "at_least"}


def emit_predicate(writer: Writer, node: n.Predicate, scope: Scope) -> str:
    """Write a predicate.

    Args:
        writer: the emitter.
        node: as it was read.
        scope: the variables in sight.

    Raises:
        ExpressionError: what is in it can't be written.
    """
    match node:
        case n.All(_, parts):
            return "(" + " and ".join(emit_predicate(writer, part, scope) for part in parts) + ")"
        case n.Any_(_, parts):
            return "(" + " or ".join(emit_predicate(writer, part, scope) for part in parts) + ")"
        case n.Not(_, part):
            return f"(not {emit_predicate(writer, part, scope)})"
        case n.Exists(_, value):
            written = writer.value(value, scope)
            return f"{writer.bound('present', compared.present)}({written})" if _several(value) else f"({written} is not None)"
        case n.Matches():
            return _matches(writer, node, scope)
        case n.Member(_, left, options):
            written = ", ".join(writer.value(option, scope) for option in options)
            return f"any(map({writer.bound('equal', compared.equal)}, repeat({writer.value(left, scope)}), [{written}]))"
        case n.Compare():
            return _compare(writer, node, scope)


def _several(node: n.Expression) -> bool:
    """Tell whether an expression's value is a list of matches."""
    if isinstance(node, n.Path):
        return node.plural
    if not isinstance(node, n.Pipe):
        return False
    for part in reversed(node.steps):
        if isinstance(part, n.Step):
            return False
        if not isinstance(part, n.Field | n.Index):
            return True
    return False


def _matches(writer: Writer, node: n.Matches, scope: Scope) -> str:
    grammar = writer.vocabulary.grammar(node.grammar, node.at)
    return f"{writer.bound('takes', partial(_takes, grammar))}({writer.value(node.value, scope)})"


def _takes(grammar: Grammar, value: Any) -> bool:
    return type(value) is str and grammar.value(value) is not None


def _compare(writer: Writer, node: n.Compare, scope: Scope) -> str:
    left, right = writer.value(node.left, scope), writer.value(node.right, scope)
    for one, other in ((node.left, right), (node.right, left)):
        if isinstance(one, n.Literal) and node.operator in {"==", "!="} and one.value is None:
            return f"({other} is {'not ' * (node.operator == '!=')}None)"
        if isinstance(one, n.Literal) and node.operator == "==" and type(one.value) is str:
            return f"({left} == {right})"  # a str equals nothing but a str
    name = _COMPARES[node.operator]
    return f"{writer.bound(name, getattr(compared, name))}({left}, {right})"
