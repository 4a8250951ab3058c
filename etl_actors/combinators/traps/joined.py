"""Regular expressions that are joined to others without brackets: a choice in them takes along what is joined to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lark import Token, Tree

from etl_actors.combinators.lark_inside import grammar_parser
from etl_actors.combinators.traps.regex import falls_apart

__all__ = ["Joined", "joined"]


@dataclass(frozen=True, slots=True)
class Joined:
    """A place where a choice is joined to something.

    Args:
        line: from 1.
        column: from 1.
        sentence: what goes wrong, and what to write.
    """

    line: int
    column: int
    sentence: str


def joined(text: str) -> Iterator[Joined]:
    """Find choices without brackets that stand beside something in a terminal.

    Args:
        text: of a grammar that Lark reads.
    """
    terms = [one for one in grammar_parser().parse(text + "\n", "start").children if isinstance(one, Tree) and one.data == "term"]
    choices = {str(term.children[0]): body for term in terms if (body := _only_regex(term.children[-1])) and _falls(body)}
    for term in terms:
        for expansion in term.find_data("expansion"):
            values = [child for child in expansion.children if isinstance(child, Tree)]
            if len(values) < 2:  # noqa: PLR2004  (nothing beside it)
                continue
            for value in values:
                token = _token(value)
                if token is None or not (_falls(token) or str(token) in choices):
                    continue
                body = choices.get(str(token), token)
                inner = str(body)[1:-1]
                yield Joined(
                    int(token.line or 1),
                    int(token.column or 1),
                    f"in `{term.children[0]}` the choice /{inner}/ takes along what stands beside it, as if it were written in one; put it "
                    f"in brackets: /(?:{inner})/",
                )


def _falls(token: Any) -> bool:
    """Tell whether a token is a regular expression that is a choice; one with flags has brackets of Lark's."""
    return token.type == "REGEXP" and token.endswith("/") and falls_apart(str(token)[1:-1])


def _token(value: Any) -> Token | None:
    """Give the terminal or regular expression that a value is; None of a group or a repetition, which have brackets of Lark's."""
    while isinstance(value, Tree) and value.data in {"value", "literal", "terminal"} and len(value.children) == 1:
        value = value.children[0]
    return value if isinstance(value, Token) and value.type in {"REGEXP", "TERMINAL"} else None


def _only_regex(body: Any) -> Token | None:
    while isinstance(body, Tree) and len(body.children) == 1:
        body = body.children[0]
    return body if isinstance(body, Token) and body.type == "REGEXP" else None
