"""Parsers joined to parsers: one after the other, one or the other, and looks ahead."""

from typing import Any, TypeVar

from etl_actors.combinators.furthest import furthest
from etl_actors.combinators.here import Here
from etl_actors.combinators.kinds import found_at
from etl_actors.combinators.parser import Parser
from etl_actors.combinators.result import Failure, Result, Success

__all__ = ["choice", "lookahead", "not_ahead", "optional", "sequence"]

T = TypeVar("T")


def sequence(*parsers: Parser[Any]) -> Parser[tuple[Any, ...]]:
    """Parse one after the other.

    Args:
        parsers: in order.

    Returns:
        A parser of their values.
    """

    def run(here: Here) -> Result[tuple[Any, ...]]:
        values: list[Any] = []
        beyond: Failure | None = None
        for parser in parsers:
            result = parser(here)
            if isinstance(result, Failure):
                return _with_hint(result, beyond)
            beyond = furthest(beyond, result.beyond)
            values.append(result.value)
            here = here.moved(result.at)
        return Success(tuple(values), here.at, beyond)

    return Parser(run)


def choice(*parsers: Parser[T]) -> Parser[T]:
    """Parse by the first parser that can.

    Args:
        parsers: in order; one that fails beyond a `cut` is the last that is tried.

    Returns:
        A parser that fails as the one that came furthest; where several came as far, it expects what any of them does.
    """

    def run(here: Here) -> Result[T]:
        beyond: Failure | None = None
        for parser in parsers:
            result = parser(here)
            if isinstance(result, Success):
                return Success(result.value, result.at, furthest(beyond, result.beyond))
            if result.cut:
                return result
            beyond = furthest(beyond, result)
        return beyond or Failure((), found_at(here), here.at, here.path, _text(here))

    return Parser(run)


def optional(parser: Parser[T], default: Any = None) -> Parser[Any]:
    """Parse, or take nothing.

    Args:
        parser: of what may be there.
        default: the value where it is not.

    Returns:
        A parser that fails beyond a `cut` only.
    """

    def run(here: Here) -> Result[Any]:
        result = parser(here)
        if isinstance(result, Failure) and not result.cut:
            return Success(default, here.at, result)
        return result

    return Parser(run)


def lookahead(parser: Parser[T]) -> Parser[T]:
    """Parse without moving on.

    Args:
        parser: of what must follow.

    Returns:
        A parser of its values, that stays where it is.
    """

    def run(here: Here) -> Result[T]:
        result = parser(here)
        return Success(result.value, here.at, result.beyond) if isinstance(result, Success) else result

    return Parser(run)


def not_ahead(parser: Parser[Any], what: str) -> Parser[None]:
    """Succeed where a parser fails, without moving on.

    Args:
        parser: of what must not follow.
        what: is expected instead.

    Returns:
        A parser of None.
    """

    def run(here: Here) -> Result[None]:
        if isinstance(parser(here), Failure):
            return Success(None, here.at)
        return Failure((what,), found_at(here), here.at, here.path, _text(here))

    return Parser(run)


def _with_hint(failure: Failure, beyond: Failure | None) -> Failure:
    """Tell what an earlier parser gave up, if that was further on; but a cut stays one."""
    told = furthest(beyond, failure)
    assert told is not None
    return Failure(told.expected, told.got, told.at, told.path, told.text, cut=failure.cut)


def _text(here: Here) -> str | None:
    return here.value if isinstance(here.value, str) else None
