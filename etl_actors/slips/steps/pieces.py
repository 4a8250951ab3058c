"""`parse`, `many`, `sep_by`: texts that grammars and regular expressions read, whole or piece after piece."""

import re
from collections.abc import Callable
from typing import Any

from etl_actors.combinators.grammar import Grammar
from etl_actors.combinators.here import Here
from etl_actors.combinators.kinds import found_at
from etl_actors.combinators.parser import Parser
from etl_actors.combinators.repeated import many, sep_by
from etl_actors.combinators.result import Failure, Result, Success
from etl_actors.combinators.texts import grammar, literal, whole
from etl_actors.slips.steps.lists import mapped
from etl_actors.slips.steps.texts import matched
from etl_actors.slips.values.asked import string_of
from etl_actors.slips.values.understood import understood

__all__ = ["parse", "piece", "pieces", "pieces_read"]


def parse(value: Any, known: Grammar) -> Any:
    """Read a whole text by a grammar."""
    if value is None:
        return None
    text = string_of(value)
    found = known.value(text)
    return understood(known.explained(text), text) if found is None else found


def piece(reader: Grammar | re.Pattern[str]) -> Parser[Any]:
    """Make the parser of one piece: by a grammar, or by a regular expression that matches where the piece begins."""
    if isinstance(reader, Grammar):
        return grammar(reader)

    def run(here: Here) -> Result[Any]:
        found = reader.match(here.value, here.at)
        if found is None:
            return Failure((f"a text as {reader.pattern}",), found_at(here), here.at, here.path, here.value)
        return Success(matched(found), found.end())

    return Parser(run)


def pieces(one: Parser[Any], separator: str) -> Parser[list[Any]]:
    """Make the parser of a text that is pieces to its end.

    Args:
        one: of a piece.
        separator: between any two; empty for none.
    """
    return whole(sep_by(one, literal(separator)) if separator else many(one))


def pieces_read(value: Any, parser: Parser[list[Any]], steps: Callable[[Any], Any] | None) -> list[Any] | None:
    """Read a text piece after piece, and apply steps to each."""
    if value is None:
        return None
    text = string_of(value)
    found: list[Any] = understood(parser.parse(text), text)
    return mapped(found, steps) if steps else found
