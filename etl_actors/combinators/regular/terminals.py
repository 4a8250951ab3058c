"""Terminals as parts of a larger regular expression: with what they can begin, and so that they give nothing back.

A lexer takes the first match of a terminal and keeps it, whatever follows. Inside a larger expression that needs an atomic
group, but for a terminal that can match in one way only.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

from lark.lexer import PatternStr, TerminalDef

from etl_actors.combinators.regex_inside import REPEATS, WIDTH_ONE, op, parsed
from etl_actors.combinators.regular.beginnings import begins
from etl_actors.combinators.regular.declined import Declined

__all__ = ["Piece", "piece_of"]

_RUNS = {op.MAX_REPEAT: "+", op.POSSESSIVE_REPEAT: "++"}
_WATCHING = (op.AT, op.ASSERT, op.ASSERT_NOT)
_GROUP = re.compile(
    r"\\."
    r"|\(\?#[^)]*\)"
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # in a class there are no groups
    r"|(?P<named>\(\?P[<=]|\(\?\()"
    r"|(?P<plain>\((?!\?))"
    r"|.",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A terminal, to be put into a larger regular expression.

    Args:
        pattern: without groups of its own; it gives nothing back, and no `|` in it reaches beyond it.
        first: the set of the characters that it can begin with; a few more perhaps.
        spaces: the pattern of any number of these in a row, where that is simpler than to repeat `pattern`; else empty.
    """

    pattern: str
    first: int
    spaces: str = ""

    def disjoint(self, other: "Piece") -> bool:
        """Tell whether no text begins with both."""
        return not self.first & other.first


_VERBOSE = re.compile(r"\(\?[a-wyz]*x")
_SHOWN = 60  # characters of a regex
_UNFINISHED = re.compile(r"(?:\\[0-7]{1,2}|\{[0-9]*,?[0-9]*)\Z")  # an octal number, how often something is repeated


@lru_cache(maxsize=4096)
def _piece(pattern: str, flags: int, literal: bool) -> Piece:  # noqa: FBT001 - a key of the cache
    plain = pattern if literal else _without_groups(pattern)
    tree = list(parsed(plain, flags))
    first, _ = begins(tree, flags)
    if literal and not flags:
        return Piece(plain, first)
    spaces = ""
    repeat = tree[0][0] if len(tree) == 1 and tree[0][0] in _RUNS and _is_run(tree[0][1]) else None
    if repeat and plain.endswith(_RUNS[repeat]):
        spaces = plain.removesuffix(_RUNS[repeat]) + "*+"
    return Piece(_apart(_atomic(plain, tree, flags)), first, spaces)


def piece_of(terminal: TerminalDef, flags: int) -> Piece:
    """Make a terminal ready.

    Args:
        terminal: its definition.
        flags: of all regular expressions of the grammar.

    Raises:
        Declined: it refers to a group of its own.
    """
    return _piece(terminal.pattern.to_regexp(), flags, isinstance(terminal.pattern, PatternStr) and not terminal.pattern.flags)


def _without_groups(pattern: str) -> str:
    out = []
    for found in _GROUP.finditer(pattern):
        if found["named"]:
            raise Declined(f"the regex /{_short(pattern)}/ names or asks for a group")
        out.append("(?:" if found["plain"] else found[0])
    plain = "".join(out)
    if re.compile(plain).groups or (_VERBOSE.match(pattern) and "#" in pattern):  # a bracket of a comment was taken for one
        raise Declined(f"the regex /{_short(pattern)}/ has groups and comments that cannot be told apart")
    return plain


def _short(pattern: str) -> str:
    return pattern if len(pattern) <= _SHOWN else pattern[:_SHOWN] + "…"


def _apart(pattern: str) -> str:
    r"""Keep a pattern from what comes behind it: of `a{` and `2}` two a, of `\0` and `1` another character would become."""
    return f"(?:{pattern})" if _UNFINISHED.search(pattern) else pattern


def _is_run(repeat: Any) -> bool:
    least, most, body = repeat
    return bool(least == 1 and most is op.MAXREPEAT and len(body) == 1 and body[0][0] in WIDTH_ONE)


def _atomic(pattern: str, tree: list[Any], flags: int) -> str:
    if "|" in pattern:  # maybe in a class or escaped: brackets too many cost nothing
        return f"(?:{pattern})" if _single(tree, flags) else f"(?>{pattern})"
    if _single(tree, flags):
        return pattern
    if tree and tree[-1][0] is op.MAX_REPEAT and _single(tree[:-1], flags) and pattern[-1] in "+*?}":
        possessive = pattern + "+"
        if list(map(str, parsed(possessive, flags)))[:-1] == list(map(str, tree[:-1])):
            again = list(parsed(possessive, flags))
            if again[-1][0] is op.POSSESSIVE_REPEAT and _single([*tree[-1][1][2]], flags):
                return possessive
    return f"(?>{pattern})"


def _single(tree: Any, flags: int) -> bool:
    """Tell whether an expression can match in one way only, wherever it stands."""
    return all(_one_way(code, argument, flags) for code, argument in tree)


def _one_way(code: Any, argument: Any, flags: int) -> bool:
    if code in WIDTH_ONE or code in _WATCHING or code is op.ATOMIC_GROUP:
        return True
    if code is op.POSSESSIVE_REPEAT:
        return True
    if code in REPEATS:
        return argument[0] == argument[1] and _single(argument[2], flags)
    if code is op.SUBPATTERN:
        return _single(argument[3], flags | argument[1])
    if code is op.BRANCH:
        firsts = [begins(branch, flags) for branch in argument[1]]
        apart = not any(one & other for (one, _), (other, _) in combinations(firsts, 2))
        return apart and not any(empty for _, empty in firsts) and all(_single(branch, flags) for branch in argument[1])
    return False
