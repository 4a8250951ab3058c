"""Texts that a regular expression matches: a few of each kind, to see what a lexer makes of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from etl_actors.combinators.regex_inside import REPEATS, op, parsed

__all__ = ["Sample", "samples", "words"]

_MOST = 48
_WORDS = 64
_CHARACTERS = "ax7Z0_-., :;/\"'(=\té\n"
_CATEGORIES = {
    op.CATEGORY_DIGIT: re.compile(r"\d"),
    op.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    op.CATEGORY_SPACE: re.compile(r"\s"),
    op.CATEGORY_NOT_SPACE: re.compile(r"\S"),
    op.CATEGORY_WORD: re.compile(r"\w"),
    op.CATEGORY_NOT_WORD: re.compile(r"\W"),
}
_LONG = 8  # repetitions that are tried out in full


@dataclass(frozen=True, slots=True)
class Sample:
    """A text that is matched as a whole.

    Args:
        text: the match.
        tail: what must stand behind it, where the expression looks ahead.
    """

    text: str
    tail: str = ""


def samples(pattern: str, flags: int = 0) -> list[Sample]:
    """Find texts that a regular expression matches from their start, as various as they come; none where it cannot tell."""
    tree = list(parsed(pattern, flags))
    regex = re.compile(pattern, flags)
    tails = [""]
    last = _inner_last(tree)
    if last is not None and last[0] is op.ASSERT and last[1][0] > 0:
        tails = _sequence(last[1][1])[:4]
    found = dict.fromkeys(Sample(text, tail) for text in _sequence(tree) for tail in tails)
    return [one for one in found if one.text and (m := regex.match(one.text + one.tail)) and m.end() == len(one.text)]


def words(pattern: str, flags: int = 0) -> list[str]:
    """List all texts that a regular expression matches, each case of letters where it ignores that once; empty if they are many."""
    try:
        found = list(dict.fromkeys(_all(list(parsed(pattern, flags)))))
    except _TooMany:
        return []
    regex = re.compile(pattern, flags)
    cases = (case for word in found for case in (word, word.lower(), word.upper(), word.capitalize()))
    return [word for word in dict.fromkeys(cases) if word and regex.fullmatch(word)]


class _TooMany(Exception):
    pass


def _inner_last(tree: list[Any]) -> Any:
    """Find what stands last, groups opened."""
    while tree and tree[-1][0] is op.SUBPATTERN:
        tree = list(tree[-1][1][3])
    return tree[-1] if tree else None


def _sequence(tree: Any) -> list[str]:
    found = [""]
    for code, argument in tree:
        pieces = _pieces(code, argument)
        if not pieces:
            return []
        found = [one + pieces[0] for one in found] + [found[0] + piece for piece in pieces[1:]]
        found = list(dict.fromkeys(found))[:_MOST]
    return found


def _pieces(code: Any, argument: Any) -> list[str]:
    if code is op.LITERAL:
        return [chr(argument)]
    if code in {op.NOT_LITERAL, op.ANY}:
        return [c for c in _CHARACTERS if ord(c) != (ord("\n") if code is op.ANY else argument)]
    if code is op.IN:
        return _members(argument)
    if code in REPEATS:
        return _repeated(*argument)
    if code is op.SUBPATTERN:
        return _sequence(argument[3])
    if code is op.ATOMIC_GROUP:
        return _sequence(argument)
    if code is op.BRANCH:
        branches = [_sequence(branch) for branch in argument[1]]
        return [one for rank in range(_MOST) for branch in branches for one in branch[rank : rank + 1]][:_MOST]
    return [""] if code in {op.AT, op.ASSERT, op.ASSERT_NOT} else []


def _members(items: list[Any]) -> list[str]:
    """List characters of a class: some of each kind, the ends of its ranges among them."""
    ends = [chr(c) for code, arg in items for c in ([arg] if code is op.LITERAL else arg if code is op.RANGE else [])]
    return [c for c in dict.fromkeys([*_CHARACTERS, *ends]) if _holds(items, c)][:_MOST]


def _holds(items: list[Any], character: str) -> bool:
    negated = items[0][0] is op.NEGATE
    return negated != any(_is(code, argument, character) for code, argument in items)


def _is(code: Any, argument: Any, character: str) -> bool:
    if code is op.LITERAL:
        return bool(ord(character) == argument)
    if code is op.RANGE:
        return bool(argument[0] <= ord(character) <= argument[1])
    return bool(code is op.CATEGORY and _CATEGORIES[argument].match(character))


def _repeated(least: int, most: int, body: Any) -> list[str]:
    pieces = _sequence(body)
    if not pieces:
        return [""] if least == 0 else []
    counts = dict.fromkeys([max(least, 1), min(most, least + 2), *([most] if most <= _LONG else []), least])
    plain = [pieces[0] * count for count in counts]
    mixed = [piece + pieces[0] * (max(least, 1) - 1) for piece in pieces[1:]]
    pairs = [one + other for one, other in pairwise(pieces) if least <= 2 <= most]  # noqa: PLR2004  (two of them)
    return list(dict.fromkeys([plain[0], *mixed, *plain[1:], *pairs]))[:_MOST]


def _all(tree: list[Any]) -> list[str]:
    """List every text, or give up."""
    found = [""]
    for code, argument in tree:
        found = [one + piece for one in found for piece in _every(code, argument)]
        if len(found) > _WORDS:
            raise _TooMany
    return found


def _every(code: Any, argument: Any) -> Iterator[str]:
    if code is op.LITERAL:
        yield chr(argument)
    elif code is op.IN and all(kind is op.LITERAL for kind, _ in argument):
        yield from (chr(character) for _, character in argument)
    elif code is op.SUBPATTERN:
        yield from _all(list(argument[3]))
    elif code is op.BRANCH:
        for branch in argument[1]:
            yield from _all(list(branch))
    elif code in REPEATS and argument[1] <= 2:  # noqa: PLR2004  (an optional letter, at most two)
        body = _all(list(argument[2]))
        for count in range(argument[0], argument[1] + 1):
            yield from (one * count for one in body)
    elif code in {op.AT, op.ASSERT, op.ASSERT_NOT}:
        yield ""
    else:
        raise _TooMany
