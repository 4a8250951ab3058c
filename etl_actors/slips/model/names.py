"""Which names an expression uses: bare ones, which may be lets, and those of grammars, maps and steps."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.model.slip import Let

__all__ = ["bare_names", "lets_behind", "parts", "pointed_to", "vocabulary_names"]

_NAMING = frozenset({"parse", "lookup"})  # their argument names a thing of the slip


def parts(node: Any) -> Iterator[Any]:
    """List a node and all that is in it, from left to right."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            waiting += reversed(one)
        elif is_dataclass(one):
            yield one
            waiting += [getattr(one, field.name) for field in reversed(fields(one))]


def bare_names(node: Any) -> list[n.Path]:
    """List the paths of an expression or predicate that begin with a bare name: a let, or a field of the item."""
    naming = {id(path) for path in _naming(node)}
    return [one for one in parts(node) if isinstance(one, n.Path) and not one.root and id(one) not in naming]


def vocabulary_names(node: Any) -> set[str]:
    """List the grammars and maps that an expression or predicate names."""
    named = {name for path in _naming(node) if (name := _first(path))}
    return named | {one.grammar for one in parts(node) if isinstance(one, n.Matches)}


def pointed_to(node: Any) -> set[str]:
    """List the tables that an expression or predicate points to."""
    refs = (one for one in parts(node) if isinstance(one, n.Step) and one.name == "ref")
    return {str(one.arguments[0].value) for one in refs if one.arguments and isinstance(one.arguments[0], n.Literal)}


def _naming(node: Any) -> list[n.Path]:
    """List the paths that name no value but a thing of the slip's."""
    steps = [one for one in parts(node) if isinstance(one, n.Step) and one.name in _NAMING]
    return [argument for step in steps for argument in step.arguments if isinstance(argument, n.Path)]


def _first(path: n.Path) -> str | None:
    segment = path.segments[0] if path.segments else None
    return segment.name if isinstance(segment, n.Field) and not path.root else None


def lets_behind(nodes: Iterable[Any], lets: Iterable[Let]) -> set[str]:
    """Find the lets that expressions are made of, through whatever lets.

    Args:
        nodes: expressions.
        lets: in sight, those that others use first.

    Returns:
        Their names.
    """
    used = {name for node in nodes for path in bare_names(node) if (name := _first(path))}
    found = set()
    for let in reversed(tuple(lets)):
        if let.name in used:
            found.add(let.name)
            used |= {name for path in bare_names(let.node) if (name := _first(path))}
    return found
