"""Parsers repeated: loops, not recursion, that end where nothing more is taken."""

from typing import Any, TypeVar

from etl_actors.combinators.furthest import furthest
from etl_actors.combinators.here import Here
from etl_actors.combinators.joined import sequence
from etl_actors.combinators.parser import Parser
from etl_actors.combinators.result import Failure, Result, Success

__all__ = ["many", "sep_by"]

T = TypeVar("T")


def many(parser: Parser[T], *, at_least: int = 0) -> Parser[list[T]]:
    """Parse as often as possible.

    Args:
        parser: of one; where it takes nothing, the loop ends.
        at_least: how often it must succeed.

    Returns:
        A parser of the list of values.
    """

    def run(here: Here) -> Result[list[T]]:
        return _repeat(parser, here, [], None, at_least)

    return Parser(run)


def sep_by(parser: Parser[T], separator: Parser[Any], *, at_least: int = 0) -> Parser[list[T]]:
    """Parse as often as possible, with separators between; a separator that nothing follows is left.

    Args:
        parser: of one.
        separator: of what stands between two.
        at_least: how many there must be.

    Returns:
        A parser of the list of values, without separators.
    """
    following: Parser[T] = sequence(separator, parser).map(lambda pair: pair[1])

    def run(here: Here) -> Result[list[T]]:
        first = parser(here)
        if isinstance(first, Failure):
            return first if at_least or first.cut else Success([], here.at, first)
        return _repeat(following, here.moved(first.at), [first.value], first.beyond, at_least)

    return Parser(run)


def _repeat(parser: Parser[T], here: Here, values: list[T], beyond: Failure | None, at_least: int) -> Result[list[T]]:
    while True:
        result = parser(here)
        if isinstance(result, Failure):
            told = furthest(beyond, result)
            if result.cut:
                return result
            if len(values) < at_least:
                assert told is not None
                return told
            return Success(values, here.at, told)
        beyond = furthest(beyond, result.beyond)
        if result.at <= here.at and len(values) >= at_least:  # it took nothing, and would for ever
            return Success(values, here.at, beyond)
        values.append(result.value)
        here = here.moved(result.at)
