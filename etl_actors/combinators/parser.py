"""One idea, one type: a parser takes a value at a path and returns a `Result`.

Parsers of texts, of lists and of what stands in objects are all of this type, and so is what joins them: `sequence` and
`choice` (joined.py), `many` and `sep_by` (repeated.py), `field` and `element` (parts.py), `literal`, `pattern`,
`grammar` and `whole` (texts.py).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

from etl_actors.combinators.here import Here
from etl_actors.combinators.result import Failure, Result, Success

__all__ = ["Parser", "Run"]

T = TypeVar("T")
U = TypeVar("U")
Run = Callable[[Here], Result[T]]


class Parser(Generic[T]):
    """A parser of values of the type T.

    Args:
        run: takes the value at a place; on success it tells how far it came.
        entire: the same for all that is left of the value, where that can be done better than by `run`.
    """

    __slots__ = ("entire", "run")

    def __init__(self, run: Run[T], entire: Run[T] | None = None) -> None:
        self.run = run
        self.entire = entire

    def __call__(self, here: Here) -> Result[T]:
        """Parse.

        Args:
            here: the place to begin at.

        Returns:
            The value and how far the parser came; or what it would have taken where.
        """
        return self.run(here)

    def parse(self, value: Any) -> Result[T]:
        """Parse a value from its start; what is left of it is left.

        Args:
            value: any.

        Returns:
            As by a call.
        """
        return self.run(Here(value))

    def map(self, function: Callable[[T], U]) -> "Parser[U]":
        """Change the value that is parsed.

        Args:
            function: gives the new value.

        Returns:
            A parser of the new values.
        """

        def change(result: Result[T]) -> Result[U]:
            if isinstance(result, Failure):
                return result
            return Success(function(result.value), result.at, result.beyond)

        return self._with(lambda result, _: change(result))

    def label(self, what: str) -> "Parser[T]":
        """Name what the parser takes; a failure further on keeps its own words.

        Args:
            what: as in ``a price``.

        Returns:
            A parser that expects `what`.
        """

        def named(result: Result[T], here: Here) -> Result[T]:
            match result:
                case Failure() if _at_start(result, here):
                    return replace(result, expected=(what,))
                case Success() if result.beyond and result.at == here.at and _at_start(result.beyond, here):
                    return replace(result, beyond=replace(result.beyond, expected=(what,)))
                case _:
                    return result

        return self._with(named)

    def cut(self) -> "Parser[T]":
        """Go back on nothing that came before: if this parser fails, no other option is tried.

        Returns:
            A parser whose failures end each choice and each repetition that it stands in.
        """
        return self._with(lambda result, _: replace(result, cut=True) if isinstance(result, Failure) else result)

    def _with(self, change: Callable[[Result[T], Here], Result[U]]) -> "Parser[U]":
        run, entire = self.run, self.entire
        if entire is None:
            return Parser(lambda here: change(run(here), here))
        whole = entire
        return Parser(lambda here: change(run(here), here), lambda here: change(whole(here), here))


def _at_start(failure: Failure, here: Here) -> bool:
    return failure.at == here.at and failure.path == here.path
