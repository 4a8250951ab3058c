"""Regular expressions that go wrong by themselves: that take for ever, that stop too early, that fall apart where they are joined."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from re import _constants as op
from typing import Any

from etl_actors.combinators.traps.samples import accepted, parsed

__all__ = ["falls_apart", "looks_around", "never_ends", "stops_early"]

_COPIES = 4  # of what is repeated a few times
_POSITIONS = 80
_LOOPS = 20  # repetitions that count as endless
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_WATCHING = (op.ASSERT, op.ASSERT_NOT, op.AT)


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


def never_ends(pattern: str) -> bool:
    """Tell whether a text exists on which the time a regular expression takes doubles with every character.

    That is so where a repetition reads the same text in two ways, and what must come behind it can fail.
    Source: Weideman et al., Analyzing Matching Time Behavior of Backtracking Regular Expression Matchers (2016):
    exponential degree of ambiguity. Decided on the automaton of positions (Glushkov), without the assertions.
    """
    tree = list(parsed(pattern))
    automaton = _Automaton()
    ends = automaton.sequence(tree).last
    if len(automaton.taken) > _POSITIONS:
        return False
    watched = any(code in _WATCHING for code, _ in _walked(tree))
    return any(watched or not (loop & ends.keys()) for loop in automaton.ambiguous_loops())


def _walked(tree: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for code, argument in tree:
        yield code, argument
        for inner in _inner(code, argument):
            yield from _walked(inner)


def _inner(code: Any, argument: Any) -> list[Any]:
    if code in _REPEATS:
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


@dataclass(slots=True)
class _Part:
    """Where a part of an expression begins and ends, and in how many ways; whether it can be nothing."""

    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)
    empty: bool = True


@dataclass(slots=True)
class _Automaton:
    taken: list[frozenset[str]] = field(default_factory=list)
    follow: list[Counter[int]] = field(default_factory=list)

    def sequence(self, tree: Iterable[Any]) -> _Part:
        whole = _Part()
        for code, argument in tree:
            whole = self._joined(whole, self._part(code, argument))
        return whole

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self._link(one.last, other.first)
        return _Part(
            one.first + other.first if one.empty else one.first,
            one.last + other.last if other.empty else other.last,
            one.empty and other.empty,
        )

    def _link(self, lasts: Counter[int], firsts: Counter[int]) -> None:
        for last in lasts:
            self.follow[last].update(firsts)

    def _part(self, code: Any, argument: Any) -> _Part:
        if code in _REPEATS:
            return self._repeated(code, *argument)
        if code in {op.SUBPATTERN, op.ATOMIC_GROUP}:
            return self.sequence(_inner(code, argument)[0])
        if code is op.BRANCH:
            parts = [self.sequence(branch) for branch in argument[1]]
            return _Part(
                sum((part.first for part in parts), Counter()),
                sum((part.last for part in parts), Counter()),
                any(part.empty for part in parts),
            )
        if code in {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN}:
            self.taken.append(accepted(code, argument))
            self.follow.append(Counter())
            here = len(self.taken) - 1
            return _Part(Counter([here]), Counter([here]), empty=False)
        return _Part()

    def _repeated(self, code: Any, least: int, most: int, body: Any) -> _Part:
        if len(self.taken) > _POSITIONS:
            return _Part()
        if most < _LOOPS or code is op.POSSESSIVE_REPEAT:
            whole = _Part()
            copies = 1 if code is op.POSSESSIVE_REPEAT else _COPIES  # what it took it never gives back
            for number in range(min(most, copies)):
                part = self.sequence(body)
                whole = self._joined(whole, _Part(part.first, part.last, part.empty or number >= least))
            return whole
        part = self.sequence(body)
        self._link(part.last, part.first)
        return _Part(part.first, part.last, part.empty or least == 0)

    def ambiguous_loops(self) -> Iterator[set[int]]:
        """Find sets of positions that lead back to themselves in two ways over one text."""
        for loop in _circles({p: list(after) for p, after in enumerate(self.follow)}):
            if any(count > 1 for p in loop for q, count in self.follow[p].items() if q in loop):
                yield loop
        pairs = {
            (p, q): [
                (a, b) if a <= b else (b, a) for a in self.follow[p] for b in self.follow[q] if self.taken[a] & self.taken[b]
            ]
            for p in range(len(self.taken))
            for q in range(p, len(self.taken))
            if self.taken[p] & self.taken[q]
        }
        for circle in _circles(pairs):
            if any(p == q for p, q in circle) and any(p != q for p, q in circle):
                yield {p for pair in circle for p in pair}


def _circles(edges: dict[Any, list[Any]]) -> Iterator[set[Any]]:
    """List the sets of nodes that can all reach one another (Kosaraju's way)."""
    order: list[Any] = []
    seen: set[Any] = set()
    for root, after in edges.items():
        stack = [] if root in seen else [(root, iter(after))]
        seen.add(root)
        while stack:
            node, rest = stack[-1]
            found = next((other for other in rest if other not in seen), None)
            if found is None:
                order.append(stack.pop()[0])
            else:
                seen.add(found)
                stack.append((found, iter(edges[found])))
    back: dict[Any, list[Any]] = {node: [] for node in edges}
    for node, others in edges.items():
        for other in others:
            back[other].append(node)
    seen = set()
    for root in reversed(order):
        circle, waiting = set(), [root]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                circle.add(node)
                waiting += back[node]
        if len(circle) > 1 or any(node in edges[node] for node in circle):
            yield circle
