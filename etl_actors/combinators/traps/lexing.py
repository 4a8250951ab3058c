"""Terminals that take what is another's: tried on samples at every point of a grammar, with Lark's own lexer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from etl_actors.combinators.traps.states import Point, States, Terminal

__all__ = ["Cut", "Eaten", "Lost", "cut", "eaten", "lost"]

_FEW = 6


@dataclass(frozen=True, slots=True)
class Lost:
    """A terminal that is never read at a point, or not in all of its words, since another is read instead.

    Args:
        loser: Lark's name of it.
        winner: what is read instead.
        text: a text of the loser's.
        all: whether no text of it is read.
    """

    loser: str
    winner: str
    text: str
    all: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """A word with a priority that is read where a longer word of another terminal stands.

    Args:
        keyword: Lark's name of it.
        name: of the other.
        text: the longer word.
        read: the part of it that is read.
    """

    keyword: str
    name: str
    text: str
    read: str


@dataclass(frozen=True, slots=True)
class Eaten:
    """A terminal that goes on over what has to follow it.

    Args:
        eater: Lark's name of it.
        eaten: what should follow.
        rule: Lark's name of the rule in which it should.
        text: that is read as one.
    """

    eater: str
    eaten: str
    rule: str
    text: str


def lost(point: Point, ignored: tuple[Terminal, ...]) -> Iterator[Lost]:
    """Find what is never read at a point."""
    for terminal in point.follow:
        if terminal in ignored:
            continue
        outcomes = [(sample.text, point.taken(sample.text + sample.tail)) for sample in terminal.samples]
        others = [(text, taken[0]) for text, taken in outcomes if taken and taken[0] != terminal.name]
        if others and len(others) == len(outcomes):
            yield Lost(terminal.name, others[0][1], others[0][0], all=True)
            continue
        for word in terminal.words:
            taken = point.taken(word)
            if taken and taken[0] != terminal.name and not _is_literal(point, taken[0]):
                yield Lost(terminal.name, taken[0], word, all=False)
                break


def _is_literal(point: Point, name: str) -> bool:
    return any(one.name == name and one.literal is not None for one in point.follow)


def cut(point: Point, ignored: tuple[Terminal, ...]) -> Iterator[Cut]:
    """Find words that are read out of longer ones, where blanks part words."""
    if not any(one.regex.match(" ") for one in ignored):
        return
    for keyword in point.follow:
        for name in point.follow:
            found = keyword.priority > name.priority and not name.words and _cut_by(point, keyword, name)
            if found:
                yield found


def _cut_by(point: Point, keyword: Terminal, name: Terminal) -> Cut | None:
    for word in keyword.words:
        for more in ("x", "X", "0", "_"):
            text = word + more
            if word[-1].isalnum() and name.regex.fullmatch(text) and point.taken(text) == (keyword.name, len(word)):
                return Cut(keyword.name, name.name, text, word)
    return None


def eaten(states: States, point: Point) -> Iterator[Eaten]:
    """Find what cannot follow, since the terminal before takes it too."""
    before = point.before
    if before is None or before.literal is not None:
        return
    dead = {one.name: text for one in point.follow if (text := _swallowed(before, one, states.ignored))}
    if not dead:
        return
    possible = {one.name for one in point.follow}
    for kernel in states.continuations(point):
        ways = [(rule, rule.expansion[index:], _needs(states, rule.expansion[index:], possible)) for rule, index in kernel]
        for rule, rest, needs in ways:
            if not needs or not needs <= dead.keys():
                continue
            if _repeats(rule, rest) and any(other.origin == rule.origin and not more <= dead.keys() for other, _, more in ways):
                continue  # another turn of the repetition can part them
            if any(other is not rule and other.origin == rule.origin and needs2 and not needs2 <= dead.keys() and _within(rest, rest2)
                   for other, rest2, needs2 in ways):  # fmt: skip
                continue  # an optional separator parts them
            first = min(needs)
            yield Eaten(before.name, first, str(rule.origin.name), dead[first])


def _repeats(rule: Any, rest: Any) -> bool:
    """Tell whether an alternative is the next turn of a repetition."""
    return bool(rule.expansion and rule.expansion[0] == rule.origin and len(rest) == len(rule.expansion) - 1)


def _needs(states: States, rest: Any, possible: set[str]) -> set[str]:
    """List the terminals one of which must come for an alternative to go on; none where it may end."""
    found = states.first(tuple(rest)) if rest else None
    return (found or set()) & possible


def _within(shorter: Any, longer: Any) -> bool:
    left = iter(longer)
    return all(symbol in left for symbol in shorter)


def _swallowed(eater: Terminal, other: Terminal, ignored: tuple[Terminal, ...]) -> str | None:
    """Give a text that shows it; None where the other is found at least at times, or nothing is known."""
    if other is eater or not other.samples or not eater.samples:
        return None
    gaps = ["", *(sample.text for one in ignored for sample in one.samples[:_FEW])]
    shown = None
    for one in eater.samples[:_FEW]:
        for sample in other.samples:
            for gap in gaps:
                text = one.text + gap + sample.text + sample.tail
                found = eater.regex.match(text)
                if found is None or found.end() <= len(one.text + gap):
                    return None
            shown = shown or one.text + _separated(gaps) + sample.text
    return shown


def _separated(gaps: list[str]) -> str:
    return " " if " " in gaps else ""
