"""How many steps Python's matcher takes on a text, counted: it backtracks as that does, but tells instead of lasting."""

from dataclasses import dataclass, field
from typing import Any

from etl_actors.combinators.regex_inside import op
from etl_actors.combinators.traps.expression import Alt, At, Atomic, Char, Expression, Look, Node, Repeat, Seq

__all__ = ["Steps", "TooManyStepsError"]

_Slots = tuple[tuple[int, int], ...]  # of each repetition how many turns it took, and where the last began
# What is to be tried else, where what is tried now fails: an instruction, a place in the text and the slots; of a run of
# characters also how far it gives back, or may go on, and in that case over which characters.
_Other = tuple[int, int, _Slots, int, int]
_NO_RUN = -1
_EDGES = (op.AT_BOUNDARY, op.AT_UNI_BOUNDARY)
_INSIDES = (op.AT_NON_BOUNDARY, op.AT_UNI_NON_BOUNDARY)


class TooManyStepsError(Exception):
    """The bound of steps was reached."""


@dataclass(frozen=True, slots=True)
class _Loop:
    """A repetition of more than a character: its code begins behind it, and what follows begins at `behind`."""

    slot: int
    least: int
    most: int
    behind: int
    lazy: bool


@dataclass(slots=True)
class Steps:
    """An expression as a program, whose steps are counted.

    Args:
        expression: to run.
    """

    expression: Expression
    _code: list[tuple[Any, ...]] = field(default_factory=list, init=False)
    _loops: int = field(default=0, init=False)
    _taken: int = field(default=0, init=False)
    _most: int = field(default=0, init=False)
    _text: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Compile it."""
        self._write(self.expression.root)
        self._code.append(("match",))

    def count(self, text: list[int], most: int, at: int = 0) -> tuple[int, int | None]:
        """Match at a place of a text.

        Args:
            text: of characters of the alphabet, as their bits.
            most: steps.
            at: the place.

        Returns:
            The steps, and where the match ends, None where there is none.

        Raises:
            TooManyStepsError: there would have been more.
        """
        self._text, self._most, self._taken = text, most, 0
        end = self._run(0, at, ((0, -1),) * self._loops)
        return self._taken, end

    def _write(self, node: Node) -> None:  # noqa: C901  (a case for each kind)
        match node:
            case Char(mask):
                self._code.append(("char", mask))
            case Seq(parts):
                for part in parts:
                    self._write(part)
            case Alt(options):
                self._choice(options)
            case Repeat(least, most, Char(mask), mode):
                self._code.append((mode, mask, least, most))
            case Repeat(least, most, body, "possessive"):
                self._apart(body, "turns", least, most)
            case Repeat(least, most, body, mode):
                self._loop(least, most, body, lazy=mode == "lazy")
            case Atomic(body):
                self._apart(body, "atomic")
            case Look(body, behind, negative):
                self._apart(body, "look", behind, negative)
            case At(code, words):
                self._code.append(("at", code, words))

    def _choice(self, options: tuple[Node, ...]) -> None:
        ends = []
        for option in options[:-1]:
            fork = len(self._code)
            self._code.append(())
            self._write(option)
            ends.append(len(self._code))
            self._code.append(())
            self._code[fork] = ("fork", len(self._code))
        self._write(options[-1])
        for end in ends:
            self._code[end] = ("jump", len(self._code))

    def _loop(self, least: int, most: int, body: Node, *, lazy: bool) -> None:
        slot = self._loops
        self._loops += 1
        self._code.append(("begin", slot))
        head = len(self._code)
        self._code.append(())
        self._write(body)
        self._code.append(("jump", head))
        self._code[head] = ("loop", _Loop(slot, least, most, len(self._code), lazy))

    def _apart(self, body: Node, kind: str, *arguments: Any) -> None:
        """Write what runs to an end of its own, behind an instruction that says what follows it."""
        here = len(self._code)
        self._code.append(())
        self._write(body)
        self._code.append(("match",))
        self._code[here] = (kind, len(self._code), *arguments)

    def _run(self, pc: int, at: int, slots: _Slots) -> int | None:  # noqa: C901, PLR0912, PLR0915  (a machine is one loop)
        code, text, size = self._code, self._text, len(self._text)
        others: list[_Other] = []
        while True:
            self._taken += 1
            if self._taken > self._most:
                raise TooManyStepsError
            one = code[pc]
            kind, goes = one[0], True
            pc += 1
            if kind == "char":
                goes = at < size and bool(text[at] & one[1])
                at += 1
            elif kind == "greedy":
                begin, at = at, self._reach(at, one[1], one[3])
                goes = at - begin >= one[2]
                if at - begin > one[2]:
                    others.append((pc, at, slots, begin + one[2], 0))
            elif kind == "loop":
                loop = one[1]
                turns, last = slots[loop.slot]
                again = _with(slots, loop.slot, (turns + 1, at))
                if turns < loop.least:
                    slots = again
                elif turns >= loop.most or at == last:
                    pc = loop.behind
                elif loop.lazy:
                    others.append((pc, at, again, _NO_RUN, 0))
                    pc = loop.behind
                else:
                    others.append((loop.behind, at, slots, _NO_RUN, 0))
                    slots = again
            elif kind == "fork":
                others.append((one[1], at, slots, _NO_RUN, 0))
            elif kind == "jump":
                pc = one[1]
            elif kind == "match":
                return at
            elif kind == "begin":
                slots = _with(slots, one[1], (0, -1))
            elif kind == "lazy":
                begin, at = at, self._reach(at, one[1], one[2])
                goes = at - begin == one[2]
                if goes and one[3] > one[2]:
                    others.append((pc, at, slots, begin + one[3], one[1]))
            elif kind == "possessive":
                begin, at = at, self._reach(at, one[1], one[3])
                goes = at - begin >= one[2]
            elif kind == "at":
                goes = self._stands(one[1], one[2], at)
            elif kind == "look":
                _, target, behind, negative = one
                found = at >= behind and self._run(pc, at - behind, slots) is not None
                goes, pc = found is not negative, target
            else:
                end = self._run(pc, at, slots) if kind == "atomic" else self._turns(pc, at, slots, one[2], one[3])
                goes, pc, at = end is not None, one[1], at if end is None else end
            if not goes:
                other = self._back(others)
                if other is None:
                    return None
                pc, at, slots = other

    def _back(self, others: list[_Other]) -> tuple[int, int, _Slots] | None:
        """Take the latest that is to be tried else; a run of characters gives back, or takes, one more."""
        while others:
            pc, at, slots, bound, mask = others.pop()
            if bound == _NO_RUN:
                return pc, at, slots
            if not mask:
                if at - 1 > bound:
                    others.append((pc, at - 1, slots, bound, 0))
                return pc, at - 1, slots
            if at < len(self._text) and self._text[at] & mask:
                if at + 1 < bound:
                    others.append((pc, at + 1, slots, bound, mask))
                return pc, at + 1, slots
        return None

    def _reach(self, at: int, mask: int, most: int) -> int:
        text, end = self._text, at
        bound = min(len(text), at + most)
        while end < bound and text[end] & mask:
            end += 1
        self._taken += end - at
        return end

    def _turns(self, pc: int, at: int, slots: _Slots, least: int, most: int) -> int | None:
        turns = 0
        while turns < most:
            end = self._run(pc, at, slots)
            if end is None or (end == at and turns >= least):
                break
            at, turns = end, turns + 1
        return at if turns >= least else None

    def _stands(self, place: Any, words: int, at: int) -> bool:
        text, newline = self._text, self.expression.newline
        before, after = text[at - 1] if at else 0, text[at] if at < len(text) else 0
        if place in _EDGES or place in _INSIDES:
            return (bool(before & words) != bool(after & words)) is (place in _EDGES)
        if place is op.AT_BEGINNING_LINE:
            return not at or before == newline
        if place in {op.AT_BEGINNING, op.AT_BEGINNING_STRING}:
            return not at
        if place is op.AT_END_LINE:
            return at == len(text) or after == newline
        return at == len(text) or (place is op.AT_END and at == len(text) - 1 and after == newline)


def _with(slots: _Slots, slot: int, value: tuple[int, int]) -> _Slots:
    return (*slots[:slot], value, *slots[slot + 1 :])
