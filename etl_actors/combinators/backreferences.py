"""Backreferences by number in regexes: a lexer joins all regexes to one, in which the groups have other numbers."""

import re
from typing import Any

from lark import Token

from etl_actors.combinators.grammar_error import GrammarError

__all__ = ["check_backreferences"]

_PIECE = re.compile(
    r"\\[0-3][0-7][0-7]"  # a character by its octal number
    r"|\\(?P<number>[1-9][0-9]?)"
    r"|\(\?\((?P<condition>[0-9]+)\)"
    r"|\\."
    r"|\(\?#[^)]*\)"
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # in a class there are no groups
    r"|.",
    re.DOTALL,
)


def check_backreferences(tree: Any, file: str) -> None:
    """Refuse regexes that name one of their groups by its number.

    Args:
        tree: of a grammar, as Lark's parser of grammars gives it.
        file: its name.

    Raises:
        GrammarError: there is one.
    """
    for token in tree.scan_values(lambda value: isinstance(value, Token) and value.type == "REGEXP"):
        regex = token[1 : token.rindex("/")]
        numbered = next((piece[0] for piece in _PIECE.finditer(regex) if piece["number"] or piece["condition"]), None)
        if numbered is not None:
            raise GrammarError(
                file,
                int(token.line),
                int(token.column),
                f"a group is meant by its number, {numbered}, and a lexer joins all regexes to one, in which it has another: "
                "give the group a name, as in (?P<quote>[\"']) and (?P=quote)",
            )
