"""The characters that a regular expression can begin with, so that two of them are told apart by one look.

A set of characters is a number with a bit for each character up to U+00FF, for each sixteen of them up to U+FFFF, and one
for all beyond.
"""

import re
from functools import cache, reduce
from operator import or_
from typing import Any

from etl_actors.combinators.regex_inside import REPEATS, WIDTH_ONE, op

__all__ = ["ALL", "begins", "bits"]

_SINGLE = 256  # characters that have a bit each
_PLANE = 0x10000
_BEYOND = _SINGLE + (_PLANE >> 4)
ALL = (1 << (_BEYOND + 1)) - 1
"""Every character."""

_NOTHING = (op.AT, op.ASSERT, op.ASSERT_NOT)


def begins(tree: Any, flags: int) -> tuple[int, bool]:
    """Give the characters that an expression can begin with.

    Args:
        tree: of it, a sequence of pairs of operation and argument.
        flags: that hold for it.

    Returns:
        Their set, which may hold a few more; and whether the expression can be nothing.
    """
    found = 0
    for code, argument in tree:
        more, empty = _first(code, argument, flags)
        found |= more
        if not empty:
            return found, False
    return found, True


def bits(low: int, high: int) -> int:
    """Give the set of the characters of a range, its ends among them, and some of their neighbours from U+0100 on."""
    first, last = _bit(low), _bit(high)
    return (1 << (last + 1)) - (1 << first)


def _bit(number: int) -> int:
    return number if number < _SINGLE else min(_SINGLE + (number >> 4), _BEYOND)


def _first(code: Any, argument: Any, flags: int) -> tuple[int, bool]:
    if code in WIDTH_ONE:
        return _characters(code, argument, ignore_case=bool(flags & re.IGNORECASE)), False
    if code in _NOTHING:
        return 0, True
    if code in REPEATS:
        first, empty = begins(argument[2], flags)
        return first, empty or argument[0] == 0
    if code is op.SUBPATTERN:
        return begins(argument[3], (flags | argument[1]) & ~argument[2])
    if code is op.ATOMIC_GROUP:
        return begins(argument, flags)
    if code is op.BRANCH:
        branches = [begins(branch, flags) for branch in argument[1]]
        return reduce(or_, (first for first, _ in branches)), any(empty for _, empty in branches)
    return ALL, True


def _characters(code: Any, argument: Any, *, ignore_case: bool) -> int:
    if code in (op.ANY, op.ANY_ALL):
        return ALL
    if code is op.LITERAL:
        return _folded(bits(argument, argument)) if ignore_case else bits(argument, argument)
    negated = code is op.NOT_LITERAL or argument[0][0] is op.NEGATE
    if not negated:
        found = reduce(or_, (_member(*item, most=True) for item in argument))
        return _folded(found) if ignore_case else found
    if ignore_case:
        return ALL
    left_out = (
        bits(argument, argument) if code is op.NOT_LITERAL else reduce(or_, (_member(*item, most=False) for item in argument[1:]))
    )
    return ALL & ~(left_out & ((1 << _SINGLE) - 1))  # of sixteen one may be left out, and the others not


def _member(code: Any, argument: Any, *, most: bool) -> int:
    """Give the set of a part of a class: at most, or at least as far as single characters go."""
    if code is op.CATEGORY:
        least, greatest = _category(argument)
        return greatest if most else least
    return bits(*argument) if code is op.RANGE else bits(argument, argument)


@cache
def _category(name: Any) -> tuple[int, int]:
    """Give the characters of a category, by the rules of ASCII and Unicode alike, and by any of them."""
    pattern = {
        op.CATEGORY_DIGIT: r"\d",
        op.CATEGORY_NOT_DIGIT: r"\D",
        op.CATEGORY_SPACE: r"\s",
        op.CATEGORY_NOT_SPACE: r"\S",
        op.CATEGORY_WORD: r"\w",
        op.CATEGORY_NOT_WORD: r"\W",
    }.get(name)
    if pattern is None:
        return 0, ALL
    plane = "".join(map(chr, range(_PLANE)))
    ways = [
        sum(1 << bit for bit in {_bit(found.start()) for found in re.finditer(pattern, plane, flag)}) for flag in (0, re.ASCII)
    ]
    return ways[0] & ways[1], ways[0] | ways[1] | 1 << _BEYOND


def _folded(found: int) -> int:
    """Add the other cases of the characters of a set; of some letters the other case is far away, so all from U+0100 on."""
    letters = [chr(number) for number in range(_SINGLE) if found >> number & 1]
    cases = {case for letter in letters for case in (letter, *letter.lower(), *letter.upper())}
    cased = any(letter.isalpha() for letter in letters) or found >> _SINGLE
    beyond = ALL & ~((1 << _SINGLE) - 1) if cased else 0
    low = sum(1 << number for number in range(_SINGLE) if chr(number).isalpha()) if found >> _SINGLE else 0
    return reduce(or_, (bits(ord(case), ord(case)) for case in cases), found) | beyond | low
