"""Where in a document the values of expressions come from, as far as a slip alone tells: what may hold a private value."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.model.slip import EACH_ITEM, KEY, SecretPlace

__all__ = ["Places", "Seen", "items_of", "meet", "mentioned", "values_of"]

Places = frozenset[SecretPlace]
"""Where values may come from: members, elements and steps from the document on; ``()`` is the whole document."""

_MOST = 64  # places of one value; where there are more, it is taken for made of the whole document
_WHERE_WRITTEN = re.compile(r"\bat=\d+")
_NAMING = frozenset({"parse", "lookup"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What an expression sees.

    Args:
        item: where the item stands.
        up: where what is above it stands.
        lets: of each let in sight where its value comes from, and where all that it looks at does.
    """

    item: Places = frozenset({()})
    up: Places = frozenset({()})
    lets: Mapping[str, tuple[Places, Places]] = field(default_factory=dict)


def values_of(node: Any, seen: Seen) -> Places:
    """List the places that an expression's value is made of, but for those that only conditions look at."""
    return _bounded(_places(node, seen, conditions=False))


def mentioned(node: Any, seen: Seen) -> Places:
    """List the places that an expression or predicate looks at."""
    return _bounded(_places(node, seen, conditions=True))


def items_of(each: Any, seen: Seen) -> Places:
    """List the places where the items of an `each` or `recurse` stand."""
    found = values_of(each, seen)
    return found if isinstance(each, n.Path) and each.plural else frozenset((*place, EACH_ITEM) for place in found)


def meet(one: SecretPlace, other: SecretPlace) -> bool:
    """Tell whether a place may hold, or be within, another: only different members or elements of a thing never do."""
    for left, right in zip(one, other, strict=False):
        if left != right:
            return not _apart(left, right)
    return True


def _apart(left: Any, right: Any) -> bool:
    match left, right:
        case (n.Field(), n.Field()):
            return True
        case (n.Index(one), n.Index(other)):
            return (one < 0) == (other < 0)
        case _:
            return False


def _bounded(places: Iterator[SecretPlace]) -> Places:
    found: set[SecretPlace] = set()
    for place in places:
        found.add(place)
        if len(found) > _MOST:
            return frozenset({()})
    return frozenset(found)


def _places(node: Any, seen: Seen, *, conditions: bool) -> Iterator[SecretPlace]:
    match node:
        case n.Path():
            yield from _of_path(node, seen, conditions=conditions)
        case n.Special(_, "up"):
            yield from seen.up
        case n.Special(_, "key"):
            yield from ((*place, KEY) for place in seen.item)
        case n.Pipe():
            yield from _of_pipe(node, seen, conditions=conditions)
        case _:
            for one in _inside(node, conditions=conditions):
                yield from _places(one, seen, conditions=conditions)


def _inside(node: Any, *, conditions: bool) -> tuple[Any, ...]:
    match node:
        case n.If():
            return (node.condition, node.then, node.other) if conditions else (node.then, node.other)
        case n.Choice():
            return node.options
        case n.TypeOf() | n.Exists() | n.Matches():
            return (node.value,)
        case n.Compare():
            return (node.left, node.right)
        case n.Member():
            return (node.left, *node.options)
        case n.All() | n.Any_():
            return node.parts
        case n.Not():
            return (node.part,)
        case _:
            return ()


def _of_path(path: n.Path, seen: Seen, *, conditions: bool) -> Iterator[SecretPlace]:
    segments: tuple[Any, ...] = path.segments
    first = segments[0] if segments and not path.root else None
    if isinstance(first, n.Field) and first.name in seen.lets:
        values, looked_at = seen.lets[first.name]
        if conditions:
            yield from looked_at - values
        bases, segments = values, segments[1:]
    else:
        bases = frozenset({()}) if path.root == "$" else seen.item
    for base in bases:
        yield (*base, *segments)


def _of_pipe(pipe: n.Pipe, seen: Seen, *, conditions: bool) -> Iterator[SecretPlace]:
    found = list(_places(pipe.value, seen, conditions=conditions))
    for part in pipe.steps:
        if not isinstance(part, n.Step):
            found = [(*place, part) for place in found]
            continue
        token = _WHERE_WRITTEN.sub("", repr((part.name, part.arguments, part.named)))
        given = () if part.name in _NAMING else (*part.arguments, *(value for _, value in part.named))
        for argument in given:
            within = argument.parts if isinstance(argument, n.Steps) else (argument,)
            for one in within:
                if isinstance(one, n.Step):
                    found += _of_pipe(n.Pipe(one.at, n.Literal(one.at, None), (one,)), seen, conditions=conditions)
                else:
                    found += _places(one, seen, conditions=conditions)
        found = [(*place, token) for place in found]
        if len(found) > _MOST:
            found = [()]
    yield from found
