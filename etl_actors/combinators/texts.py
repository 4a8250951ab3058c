"""Parsers of texts: literals, regexes, grammars, and the demand that nothing be left."""

import json
import re
from dataclasses import replace
from typing import Any, TypeVar

from etl_actors.combinators.furthest import furthest
from etl_actors.combinators.grammar import Grammar
from etl_actors.combinators.here import Here
from etl_actors.combinators.kinds import found_at, kind_of
from etl_actors.combinators.parser import Parser
from etl_actors.combinators.result import Failure, Result, Success

__all__ = ["grammar", "literal", "pattern", "whole"]

T = TypeVar("T")


def literal(text: str) -> Parser[str]:
    """Parse a text that is known.

    Args:
        text: the text.

    Returns:
        A parser of it.
    """
    expected = json.dumps(text, ensure_ascii=False)

    def run(here: Here) -> Result[str]:
        if isinstance(here.value, str) and here.value.startswith(text, here.at):
            return Success(text, here.at + len(text))
        return _failed(here, expected)

    return Parser(run)


def pattern(regex: str | re.Pattern[str]) -> Parser[str]:
    """Parse what a regex matches right here.

    Args:
        regex: in Python's notation.

    Returns:
        A parser of the text that is matched.
    """
    compiled = re.compile(regex)

    def run(here: Here) -> Result[str]:
        found = compiled.match(here.value, here.at) if isinstance(here.value, str) else None
        return Success(found[0], found.end()) if found else _failed(here, f"/{compiled.pattern}/")

    return Parser(run)


def grammar(of: Grammar) -> Parser[Any]:
    """Parse by a grammar the longest beginning that it takes, and what it ignores behind; under `whole`, all there is.

    Args:
        of: the grammar; `Grammar.from_rule` gives it with another rule.

    Returns:
        A parser of its values.
    """

    def run(here: Here) -> Result[Any]:
        if not isinstance(here.value, str):
            return _failed(here, "a text")
        return _placed(of.read_prefix(here.value, here.at), here)

    def entire(here: Here) -> Result[Any]:
        if not isinstance(here.value, str):
            return _failed(here, "a text")
        return _placed(of.read(here.value, here.at), here)

    return Parser(run, entire)


def whole(parser: Parser[T]) -> Parser[T]:
    """Parse all that is left of a text or list.

    Args:
        parser: of it.

    Returns:
        A parser that fails where something remains, and tells what would have gone on furthest.
    """

    def run(here: Here) -> Result[T]:
        result = parser.entire(here) if parser.entire else parser(here)
        if isinstance(result, Failure) or not isinstance(here.value, str | list) or result.at >= len(here.value):
            return result
        behind = here.moved(result.at)
        told = furthest(result.beyond, _failed(behind, "the end"))
        assert told is not None
        return told

    return Parser(run)


def _placed(result: Result[Any], here: Here) -> Result[Any]:
    return replace(result, path=here.path) if isinstance(result, Failure) else result


def _failed(here: Here, expected: str) -> Failure:
    if isinstance(here.value, str):
        return Failure((expected,), found_at(here), here.at, here.path, here.value)
    if isinstance(here.value, list) and expected == "the end":
        return Failure((expected,), found_at(here), here.at, here.path)
    return Failure((expected,), kind_of(here.value), here.at, here.path)
