"""Regular expressions that go wrong by themselves: that stop too early, that fall apart where they are joined."""

from collections.abc import Iterable, Iterator
from typing import Any

from etl_actors.combinators.regex_inside import REPEATS, op, parsed

__all__ = ["falls_apart", "looks_around", "stops_early"]


def looks_around(pattern: str) -> bool:
    """Tell whether a regular expression looks ahead or behind: what it takes depends on what stands around."""
    return any(code in {op.ASSERT, op.ASSERT_NOT} for code, _ in _walked(parsed(pattern)))


def stops_early(pattern: str) -> bool:
    """Tell whether a regular expression ends in a lazy repetition, which takes no more than it must."""
    return any(code is op.MIN_REPEAT and argument[0] < argument[1] for code, argument in _ends(list(parsed(pattern))))


def falls_apart(pattern: str) -> bool:
    """Tell whether a regular expression is a choice without brackets, whose options take along what is joined to it."""
    depth, i = 0, 0
    while i < len(pattern):
        if pattern[i] == "\\":
            i += 1  # and what it escapes
        elif pattern[i] == "[":
            i = _behind_class(pattern, i)
            continue
        elif pattern[i] == "|" and not depth:
            return True
        else:
            depth += (pattern[i] == "(") - (pattern[i] == ")")
        i += 1
    return False


def _behind_class(pattern: str, at: int) -> int:
    at += 1 + (pattern[at + 1] == "^")
    at += pattern[at] == "]"  # first in a class it ends nothing
    while pattern[at] != "]":
        at += 1 + (pattern[at] == "\\")
    return at + 1


def _walked(tree: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for code, argument in tree:
        yield code, argument
        for inner in _inner(code, argument):
            yield from _walked(inner)


def _inner(code: Any, argument: Any) -> list[Any]:
    if code in REPEATS:
        return [argument[2]]
    if code is op.SUBPATTERN:
        return [argument[3]]
    if code is op.ATOMIC_GROUP:
        return [argument]
    if code is op.BRANCH:
        return list(argument[1])
    return [argument[1]] if code in {op.ASSERT, op.ASSERT_NOT} else []


def _ends(tree: list[Any]) -> Iterator[tuple[Any, Any]]:
    if tree:
        code, argument = tree[-1]
        yield code, argument
        if code in {op.SUBPATTERN, op.BRANCH}:
            for inner in _inner(code, argument):
                yield from _ends(list(inner))
