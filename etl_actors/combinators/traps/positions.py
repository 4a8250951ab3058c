"""The automaton of an expression's positions, and the words on which it can be in two loops at once."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from etl_actors.combinators.traps.circles import circles
from etl_actors.combinators.traps.expression import Alt, At, Atomic, Char, Look, Node, Repeat, Seq

__all__ = ["Positions", "Pump"]

_COPIES = 4  # of what is repeated a few times
_LOOPS = 20  # repetitions that count as endless
_PAIRS = 4000  # of positions of two loops that are looked at
_TRIPLES = 4000
_WORDS = 6  # of two loops
_T = TypeVar("_T")
_Path = tuple[int, ...]  # for each character of a word those of the alphabet that may stand there, as bits


@dataclass(frozen=True, slots=True)
class Pump:
    """A word that two loops of an expression read, the second of which can be entered out of the first.

    Args:
        before: what leads to the first loop: sets of characters.
        again: the word.
        looking: whether the second loop only looks ahead.
    """

    before: _Path
    again: _Path
    looking: bool


@dataclass(slots=True)
class _Part:
    """Where a part of an expression begins and ends, and in how many ways; whether it can be nothing."""

    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)
    empty: bool = True


@dataclass(slots=True)
class Positions:
    """Glushkov's automaton.

    What looks ahead is a way of its own, from the place where it stands to nowhere. That what is possessive or atomic gives
    nothing back, and that what looks ahead or behind can refuse, is left out: words that are found need to be tried.

    Args:
        root: of the expression.
    """

    root: Node
    masks: list[int] = field(default_factory=list, init=False)
    follow: list[Counter[int]] = field(default_factory=list, init=False)
    looking: set[int] = field(default_factory=set, init=False)
    first: Counter[int] = field(init=False)

    def __post_init__(self) -> None:
        """Build it."""
        self.first = self._part(self.root).first

    def _part(self, node: Node) -> _Part:
        match node:
            case Char(mask):
                self.masks.append(mask)
                self.follow.append(Counter())
                here = len(self.masks) - 1
                return _Part(Counter([here]), Counter([here]), empty=False)
            case Seq(parts):
                return self._sequence(self._part(part) for part in parts)
            case Alt(options):
                found = [self._part(option) for option in options]
                firsts, lasts = (sum((getattr(one, end) for one in found), Counter[int]()) for end in ("first", "last"))
                return _Part(firsts, lasts, any(one.empty for one in found))
            case Repeat(least, most, body) if most < _LOOPS:
                return self._sequence(self._turn(body, number >= least) for number in range(min(most, _COPIES)))
            case Repeat(least, _, body):
                part = self._part(body)
                self._link(part.last, part.first)
                return _Part(part.first, part.last, part.empty or least == 0)
            case Atomic(body):
                return self._part(body)
            case Look(body, 0):
                begin = len(self.masks)
                first = self._part(body).first
                self.looking.update(range(begin, len(self.masks)))
                return _Part(first)
            case Look() | At():
                return _Part()

    def _turn(self, body: Node, optional: bool) -> _Part:  # noqa: FBT001
        part = self._part(body)
        return _Part(part.first, part.last, part.empty or optional)

    def _sequence(self, parts: Iterable[_Part]) -> _Part:
        whole = _Part()
        for part in parts:
            self._link(whole.last, part.first)
            whole = _Part(
                whole.first + part.first if whole.empty else whole.first,
                whole.last + part.last if part.empty else part.last,
                whole.empty and part.empty,
            )
        return whole

    def _link(self, lasts: Counter[int], firsts: Counter[int]) -> None:
        for last in lasts:
            self.follow[last].update(firsts)

    def pumps(self) -> Iterator[Pump]:
        """List words that the automaton can read in the more ways, the more often they stand there.

        It is in two loops, p and q, that read the word, and it also leads from p to q: infinite degree of ambiguity.
        Source: Weber and Seidl, On the Degree of Ambiguity of Finite Automata (1991), criterion IDA; Weideman et al.,
        Analyzing Matching Time Behavior of Backtracking Regular Expression Matchers (2016).
        """
        after = {p: [q for q in following if self.masks[q]] for p, following in enumerate(self.follow)}
        loops = list(circles(after))
        yield from (self._pump(p, again) for loop in loops for p, again in self._doubled(loop))
        reached = [self._reached(next(iter(loop))) for loop in loops]
        for one, behind in zip(loops, reached, strict=True):
            for other in loops:
                if other <= behind:
                    yield from self._between(one, other, behind)

    def _doubled(self, loop: set[int]) -> Iterator[tuple[int, _Path]]:
        """Find steps of a loop that can be taken in two ways, as where what is repeated is a repetition itself."""
        for p in loop:
            for q, ways in self.follow[p].items():
                if ways > 1 and q in loop and self.masks[q]:
                    yield p, self._path([q], {p}, loop)
                    return

    def _between(self, one: set[int], other: set[int], behind: set[int]) -> Iterator[Pump]:
        pairs = {
            (p, q): [
                (a, b)
                for a in self.follow[p]
                if a in one
                for b in self.follow[q]
                if b in other and a != b and self.masks[a] & self.masks[b]
            ]
            for p in one
            for q in other
            if p != q and self.masks[p] & self.masks[q]
        } if len(one) * len(other) <= _PAIRS else {}  # fmt: skip
        for circle in circles(pairs):
            words = [(p, word) for p, q in sorted(circle)[:_WORDS] if (word := self._crossing(p, q, one, other, behind))]
            for p, word in sorted(words, key=lambda found: len(found[1])):
                yield self._pump(p, word, looking=other <= self.looking)

    def _crossing(self, p: int, q: int, one: set[int], other: set[int], behind: set[int]) -> _Path:
        """Find a word from p to p, from p to q and from q to q; none where there is none, or it is far to seek."""
        start, goal = (p, p, q), (p, q, q)
        came: dict[tuple[int, int, int], tuple[tuple[int, int, int], int]] = {}
        waiting = deque([start])
        while waiting and len(came) < _TRIPLES:
            state = waiting.popleft()
            for a in self.follow[state[0]]:
                for c in self.follow[state[2]]:
                    shared = self.masks[a] & self.masks[c] if a in one and c in other else 0
                    for b in self.follow[state[1]] if shared else ():
                        after, common = (a, b, c), shared & self.masks[b]
                        if common and b in behind and after not in came and after != start:
                            came[after] = (state, common)
                            waiting.append(after)
            if goal in came:
                return _back(came, goal, start)
        return ()

    def _reached(self, p: int) -> set[int]:
        found, waiting = set[int](), [p]
        while waiting:
            new = {q for q in self.follow[waiting.pop()] if self.masks[q]} - found
            found |= new
            waiting += new
        return found

    def _pump(self, p: int, again: _Path, *, looking: bool = False) -> Pump:
        return Pump(self._path(list(self.first), {p}, None), again, looking)

    def _path(self, begin: list[int], goal: set[int], within: set[int] | None) -> _Path:
        """Find the shortest way that begins by reading one of some positions and ends behind another."""
        came: dict[int, tuple[int, int]] = {p: (-1, self.masks[p]) for p in begin if self.masks[p]}
        waiting = deque(came)
        while waiting:
            p = waiting.popleft()
            if p in goal:
                return _back(came, p, -1)
            for q in self.follow[p]:
                if self.masks[q] and q not in came and (within is None or q in within):
                    came[q] = (p, self.masks[q])
                    waiting.append(q)
        return ()


def _back(came: dict[_T, tuple[_T, int]], state: _T, start: _T) -> _Path:
    """Return the characters on the way that was come."""
    found: list[int] = []
    while state != start or not found:
        state, mask = came[state]
        found.append(mask)
    return tuple(reversed(found))
