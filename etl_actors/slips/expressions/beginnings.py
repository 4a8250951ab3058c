"""What an expression begins with: the paths at which its values are found."""

from collections.abc import Iterator, Mapping
from typing import Any

from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.paths import location_text

__all__ = ["UP", "first_paths", "let_of", "segment_text"]

UP = "@up"
"""The root of a path that begins with what is above the item; other roots are those of `Path`."""


def first_paths(node: Any) -> Iterator[n.Path]:
    """List the paths that an expression or predicate begins with: of a choice one an option."""
    match node:
        case n.Path():
            yield node
        case n.Special(at, "up"):
            yield n.Path(at, UP, ())
        case n.Pipe(at, n.Special(_, "up"), steps):
            yield n.Path(at, UP, _before_steps(steps))
        case _:
            for one in _within(node):
                yield from first_paths(one)


def _before_steps(parts: tuple[n.Step | n.Segment, ...]) -> tuple[n.Segment, ...]:
    found: list[n.Segment] = []
    for part in parts:
        if isinstance(part, n.Step):
            break
        found.append(part)
    return tuple(found)


def _within(node: Any) -> tuple[Any, ...]:
    match node:
        case n.Pipe() | n.TypeOf() | n.Exists() | n.Matches():
            return (node.value,)
        case n.Choice():
            return node.options
        case n.If():
            return (node.condition, node.then, node.other)
        case n.Compare():
            return (node.left, node.right)
        case n.Member():
            return (node.left,)
        case n.All() | n.Any_():
            return node.parts
        case n.Not():
            return (node.part,)
        case _:
            return ()


def let_of(path: n.Path, sight: Mapping[str, int]) -> int | None:
    """Find the number of the let that a path begins with.

    Args:
        path: of an expression.
        sight: the numbers of the lets that the expression sees, by name.
    """
    first = path.segments[0] if path.segments and path.root == "" else None
    return sight.get(first.name) if isinstance(first, n.Field) else None


def segment_text(segment: n.Segment) -> str:
    """Write a segment as it stands in a path."""
    match segment:
        case n.Field(name):
            return location_text((name,), "")
        case n.Index(number):
            return location_text((number,), "")
        case n.Descendants((n.Field(name),)):
            return "." + location_text((name,), "")
        case n.Descendants():
            return "..[*]"
        case _:
            return "[*]"
