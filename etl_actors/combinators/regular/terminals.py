"""Terminals as parts of a larger regular expression: with what they can begin, and so that they give nothing back.

A lexer takes the first match of a terminal and keeps it, whatever follows. Inside a larger expression that needs an atomic
group, but for a terminal that can match in one way only.

Reads the tree that Python's own parser of regular expressions gives, which its documentation leaves out.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from re import _constants as op
from re import _parser
from typing import Any

from lark.lexer import PatternStr, TerminalDef

from etl_actors.combinators.regular.declined import Declined

__all__ = ["BEYOND", "Piece", "piece_of"]

BEYOND = 256
"""Stands for every character from U+0100 on, of which it is not told which a terminal begins with."""

_ALL = frozenset(range(BEYOND + 1))
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_ONE = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.ANY_ALL, op.IN)
_NOTHING = (op.AT, op.ASSERT, op.ASSERT_NOT)
_GROUP = re.compile(
    r"\\."
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
        first: the characters that it can begin with, by number, BEYOND among them; a few more perhaps.
        spaces: the pattern of any number of these in a row, where that is simpler than to repeat `pattern`; else empty.
    """

    pattern: str
    first: frozenset[int]
    spaces: str = ""

    def disjoint(self, other: "Piece") -> bool:
        """Tell whether no text begins with both."""
        return not self.first & other.first


@lru_cache(maxsize=4096)
def _piece(pattern: str, flags: int, literal: bool) -> Piece:  # noqa: FBT001 - a key of the cache
    plain = pattern if literal else _without_groups(pattern)
    tree = list(_parser.parse(plain, flags))
    first, _ = _first(tree, flags)
    if literal and not flags:
        return Piece(plain, first)
    spaces = ""
    if len(tree) == 1 and tree[0][0] in (op.MAX_REPEAT, op.POSSESSIVE_REPEAT) and _is_run(tree[0][1]) and plain.endswith("+"):
        spaces = plain.rstrip("+") + "*+"
    return Piece(_atomic(plain, tree, flags), first, spaces)


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
            raise Declined(f"the regex /{pattern if len(pattern) < 60 else pattern[:60] + '…'}/ names or asks for a group")  # noqa: PLR2004 - characters shown
        out.append("(?:" if found["plain"] else found[0])
    return "".join(out)


def _is_run(repeat: Any) -> bool:
    least, most, body = repeat
    return bool(least == 1 and most is op.MAXREPEAT and len(body) == 1 and body[0][0] in _ONE)


def _atomic(pattern: str, tree: list[Any], flags: int) -> str:
    if "|" in pattern:  # maybe in a class or escaped: brackets too many cost nothing
        return f"(?:{pattern})" if _single(tree, flags) else f"(?>{pattern})"
    if _single(tree, flags):
        return pattern
    if tree and tree[-1][0] is op.MAX_REPEAT and _single(tree[:-1], flags) and pattern[-1] in "+*?}":
        possessive = pattern + "+"
        if list(map(str, _parser.parse(possessive, flags)))[:-1] == list(map(str, tree[:-1])):
            again = list(_parser.parse(possessive, flags))
            if again[-1][0] is op.POSSESSIVE_REPEAT and _single([*tree[-1][1][2]], flags):
                return possessive
    return f"(?>{pattern})"


def _single(tree: Any, flags: int) -> bool:
    """Tell whether an expression can match in one way only, wherever it stands."""
    return all(_one_way(code, argument, flags) for code, argument in tree)


def _one_way(code: Any, argument: Any, flags: int) -> bool:
    if code in _ONE or code in _NOTHING or code is op.ATOMIC_GROUP:
        return True
    if code is op.POSSESSIVE_REPEAT:
        return True
    if code in _REPEATS:
        return argument[0] == argument[1] and _single(argument[2], flags)
    if code is op.SUBPATTERN:
        return _single(argument[3], flags | argument[1])
    if code is op.BRANCH:
        firsts = [_first(list(branch), flags) for branch in argument[1]]
        apart = sum(len(first) for first, _ in firsts) == len(frozenset().union(*(first for first, _ in firsts)))
        return apart and all(not empty for _, empty in firsts) and all(_single(branch, flags) for branch in argument[1])
    return False


def _first(tree: list[Any], flags: int) -> tuple[frozenset[int], bool]:
    """Give the characters that a sequence can begin with, and whether it can be nothing."""
    found: frozenset[int] = frozenset()
    for code, argument in tree:
        more, empty = _begins(code, argument, flags)
        found |= more
        if not empty:
            return found, False
    return found, True


def _begins(code: Any, argument: Any, flags: int) -> tuple[frozenset[int], bool]:
    if code in _ONE:
        return _characters(code, argument, flags), False
    if code in _NOTHING:
        return frozenset(), True
    if code in _REPEATS:
        first, empty = _first(list(argument[2]), flags)
        return first, empty or argument[0] == 0
    if code is op.SUBPATTERN:
        return _first(list(argument[3]), (flags | argument[1]) & ~argument[2])
    if code is op.ATOMIC_GROUP:
        return _first(list(argument), flags)
    if code is op.BRANCH:
        branches = [_first(list(branch), flags) for branch in argument[1]]
        return frozenset().union(*(first for first, _ in branches)), any(empty for _, empty in branches)
    return _ALL, True


def _characters(code: Any, argument: Any, flags: int) -> frozenset[int]:
    """List what one position takes; where letters' case is ignored, what any case of a character takes."""
    ignore_case = bool(flags & re.IGNORECASE)
    if code is op.IN and argument[0][0] is not op.NEGATE:
        found = _members(argument, most=True)
        return found.union(*map(_cases, found)) if ignore_case else found
    if code is op.LITERAL:
        return _cases(argument) if ignore_case else frozenset({min(argument, BEYOND)})
    if ignore_case or code in (op.ANY, op.ANY_ALL):
        return _ALL
    left_out = _members(argument[1:], most=False) if code is op.IN else frozenset({argument})
    return _ALL - (left_out - {BEYOND})


def _cases(number: int) -> frozenset[int]:
    """List the cases of a character, and with a letter BEYOND: some letters from there on have cases below it."""
    letter = chr(number) if number < BEYOND else ""
    cases = {ord(one) for one in f"{letter}{letter.lower()}{letter.upper()}{letter.swapcase()}"}
    return frozenset({min(one, BEYOND) for one in cases}) | ({BEYOND} if letter.isalpha() or not letter else set())


def _members(items: Any, *, most: bool) -> frozenset[int]:
    """List what a class holds: at most, or at least; BEYOND is at least in none."""
    found: set[int] = set()
    for code, argument in items:
        if code is op.CATEGORY:
            found |= _CATEGORIES[argument][most]
            continue
        low, high = argument if code is op.RANGE else (argument, argument)
        found |= set(range(low, min(high, BEYOND - 1) + 1)) | ({BEYOND} if most and high >= BEYOND else set())
    return frozenset(found)


def _category(pattern: str) -> tuple[frozenset[int], frozenset[int]]:
    """List what a category of characters holds at least (by ASCII's rules or Unicode's) and at most."""
    ways = [frozenset(n for n in range(BEYOND) if re.match(pattern, chr(n), flag)) for flag in (0, re.ASCII)]
    return ways[0] & ways[1], ways[0] | ways[1] | {BEYOND}


_CATEGORIES = {
    op.CATEGORY_DIGIT: _category(r"\d"),
    op.CATEGORY_NOT_DIGIT: _category(r"\D"),
    op.CATEGORY_SPACE: _category(r"\s"),
    op.CATEGORY_NOT_SPACE: _category(r"\S"),
    op.CATEGORY_WORD: _category(r"\w"),
    op.CATEGORY_NOT_WORD: _category(r"\W"),
}
