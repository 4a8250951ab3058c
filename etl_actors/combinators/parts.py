"""Parsers of the parts of objects and lists."""

from typing import Any, TypeVar

from etl_actors.combinators.here import Here
from etl_actors.combinators.kinds import found_at, kind_of
from etl_actors.combinators.parser import Parser
from etl_actors.combinators.result import Failure, Result, Success

__all__ = ["at", "element", "field"]

T = TypeVar("T")


def at(path: tuple[str | int, ...], parser: Parser[T]) -> Parser[T]:
    """Parse what stands at a path within the value.

    Args:
        path: names of fields and indexes of elements.
        parser: of what stands there, from its start.

    Returns:
        A parser that stays where it is in the value itself.
    """

    def run(here: Here) -> Result[T]:
        inner = here
        for segment in path:
            part = _part(inner, segment)
            if isinstance(part, Failure):
                return part
            inner = part
        result = parser(inner)
        return Success(result.value, here.at, result.beyond) if isinstance(result, Success) else result

    return Parser(run)


def field(name: str, parser: Parser[T]) -> Parser[T]:
    """Parse a field of an object.

    Args:
        name: of the field.
        parser: of its value.

    Returns:
        A parser of objects.
    """
    return at((name,), parser)


def element(parser: Parser[T]) -> Parser[T]:
    """Parse the next element of a list, and move on by one.

    Args:
        parser: of the element, from its start.

    Returns:
        A parser of lists.
    """

    def run(here: Here) -> Result[T]:
        if not isinstance(here.value, list):
            return Failure(("an array",), kind_of(here.value), 0, here.path)
        if here.at >= len(here.value):
            return Failure(("an element",), "the end", here.at, here.path)
        result = parser(here.inside(here.at, here.value[here.at]))
        return Success(result.value, here.at + 1, result.beyond) if isinstance(result, Success) else result

    return Parser(run)


def _part(here: Here, segment: str | int) -> Here | Failure:
    value: Any = here.value
    if isinstance(segment, str):
        if not isinstance(value, dict):
            return Failure(("an object",), kind_of(value), 0, here.path)
        if segment not in value:
            return Failure((f'the field "{segment}"',), "an object without it", 0, here.path)
        return here.inside(segment, value[segment])
    if not isinstance(value, list):
        return Failure(("an array",), found_at(here), 0, here.path)
    if not -len(value) <= segment < len(value):
        return Failure((f"an element at {segment}",), f"an array of {len(value)}", 0, here.path)
    return here.inside(segment % len(value), value[segment])
