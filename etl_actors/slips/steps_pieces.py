"""`parse`, `many`, `sep_by`: texts that grammars and regular expressions read, whole or piece after piece."""

import re
from collections.abc import Callable
from typing import Any

from etl_actors.combinators.grammar import Grammar
from etl_actors.combinators.result import Failure, Result, Success
from etl_actors.slips.refused import Refused
from etl_actors.slips.steps_lists import mapped
from etl_actors.slips.steps_text import matched
from etl_actors.slips.understood import understood
from etl_actors.slips.values import string_of

__all__ = ["Pieces", "many", "parse", "pieces_of", "sep_by"]

Pieces = Callable[[str, int], Result[Any]]
"""Reads one piece of a text from an offset on."""


def parse(value: Any, grammar: Grammar) -> Any:
    """Read a whole text by a grammar."""
    if value is None:
        return None
    text = string_of(value)
    return understood(grammar.read(text), text)


def pieces_of(reader: Grammar | re.Pattern[str]) -> Pieces:
    """Make the reader of pieces that a grammar or a regular expression is."""
    if isinstance(reader, Grammar):
        return reader.read_prefix

    def piece(text: str, at: int) -> Result[Any]:
        found = reader.match(text, at)
        if found is None:
            return Failure((f"a text as {reader.pattern}",), _standing(text, at), at, text=text)
        return Success(matched(found), found.end())

    return piece


def _standing(text: str, at: int) -> str:
    return repr(text[at]) if at < len(text) else "the end"


def many(value: Any, piece: Pieces, steps: Callable[[Any], Any] | None) -> list[Any] | None:
    """Read a text piece after piece, to its end."""
    return _read(value, piece, "", steps)


def sep_by(value: Any, piece: Pieces, steps: Callable[[Any], Any] | None, separator: str) -> list[Any] | None:
    """Read a text piece after piece, a separator between any two, to its end; of an empty text none."""
    return _read(value, piece, separator, steps)


def _read(value: Any, piece: Pieces, separator: str, steps: Callable[[Any], Any] | None) -> list[Any] | None:
    if value is None:
        return None
    text = string_of(value)
    found: list[Any] = []
    at = 0
    while at < len(text):
        if found and separator:
            if not text.startswith(separator, at):
                failure = Failure((repr(separator), "the end"), _standing(text, at), at, text=text)
                understood(failure, text)
            at += len(separator)
        result = piece(text, at)
        found.append(understood(result, text))
        assert isinstance(result, Success)
        if result.at == at and not separator:
            raise Refused("no_match", "pieces that are not empty", text)
        at = result.at
    return mapped(found, steps) if steps else found
