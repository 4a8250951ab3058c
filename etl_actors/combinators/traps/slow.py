"""Regular expressions that take more than linear time, each with a text that shows it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache

from etl_actors.combinators.traps.expression import Expression, expression
from etl_actors.combinators.traps.positions import Positions, Pump
from etl_actors.combinators.traps.steps import Steps, TooManyStepsError

__all__ = ["Slow", "shown", "slow"]

_FEW = 8  # times that a word stands in a text at the first try, and twice and three times that
_MANY = 80  # the same where the first try tells: what is bounded by less is not told
_STEPS = 50_000  # of one match at the first try
_MOST = 200_000  # the same at the second: what is bounded by more is told too
_ALL = 600_000  # of all tries of an expression
_VARIANTS = 4  # of a word's characters
_BOUNDED = 2  # texts of one word that take long up to a bound: then the word is given up


_Text = tuple[list[int], list[int], list[int]]


class _Growth(Enum):
    LINEAR = auto()
    POWER = auto()
    DOUBLING = auto()


@dataclass(frozen=True, slots=True)
class Slow:
    """An expression that takes more than linear time.

    Args:
        before: what a text begins with that shows it.
        again: what then stands there again and again.
        behind: what it ends with.
        doubles: whether each further `again` doubles the time; else the time grows with a power of the length.
        looking: whether what is read again and again is read by looking ahead.
    """

    before: str
    again: str
    behind: str
    doubles: bool
    looking: bool

    def text(self, times: int) -> str:
        """Build the text.

        Args:
            times: that `again` stands in it.
        """
        return self.before + self.again * times + self.behind

    def sentence(self, called: str) -> str:
        """Say what goes wrong, on which text, and what to write instead.

        Args:
            called: what the expression is called.
        """
        text = shown(f"{self.before}{self.again * 3}…{self.behind}")
        if self.doubles:
            return (
                f"{called} can try for ever: a repetition in it, or what it repeats, reads one text in several ways, and on `{text}` each "
                f"further `{shown(self.again)}` doubles the time; let each character be read in one way only, as (a+,)+ does and (a+,?)+ "
                "does not"
            )
        if self.looking:
            return (
                f"{called} is slow on a long text such as `{text}`: inside of a repetition it looks ahead on and on, from each place anew, "
                "so that twice the text takes four times as long, or more; let it look no further than it must, as (?!END) does and (?!.*END) does not"
            )
        return (
            f"{called} is slow on a long text such as `{text}`: two repetitions in it share out the same characters, and every way to do "
            "so is tried, so that twice the text takes four times as long, or more; let the second begin with what the first leaves out, or the "
            "first give nothing back, as [a-z]++ does"
        )


@lru_cache(maxsize=512)
def slow(pattern: str, flags: int = 0) -> Slow | None:
    """Find a text on which one match of a regular expression takes more than linear time.

    What is found was counted. What is not found may yet exist: where the characters that the automaton suggests are refused
    by what looks ahead or behind, or where a group is referred to.

    Args:
        pattern: that Python compiles.
        flags: of `re`.

    Returns:
        The text, and how the time grows; None where there is none.
    """
    read = expression(pattern, flags)
    return _Trial(read).slow() if read else None


@dataclass(slots=True)
class _Trial:
    """Texts are tried on the matcher that counts."""

    expression: Expression
    steps: Steps = field(init=False)
    left: int = _ALL

    def __post_init__(self) -> None:
        self.steps = Steps(self.expression)

    def slow(self) -> Slow | None:
        """Try each word; of what is found, what doubles comes first."""
        found = None
        for pump in Positions(self.expression.root).pumps():
            one = next(self._told(pump), None)
            if one is not None and one.doubles:
                return one
            found = found or one
        return found

    def _told(self, pump: Pump) -> Iterator[Slow]:
        bounded = 0
        for text in self._texts(pump):
            if self.left < 0 or bounded == _BOUNDED:
                return
            growth = self._growth(text, _FEW, _STEPS)
            if growth is _Growth.POWER:
                growth = self._growth(text, _MANY, _MOST)
                bounded += growth is _Growth.LINEAR
            if growth is not _Growth.LINEAR:
                before, again, behind = map(self._shown, text)
                yield Slow(before, again, behind, growth is _Growth.DOUBLING, pump.looking)

    def _texts(self, pump: Pump) -> Iterator[_Text]:
        seen = set()
        for variant in range(_VARIANTS):
            before, again = ([_bit(mask, variant) for mask in path] for path in (pump.before, pump.again))
            if (*before, 0, *again) in seen:
                break
            seen.add((*before, 0, *again))
            yield from ((before, again, behind) for behind in [[], *([1 << n] for n in range(len(self.expression.alphabet)))])

    def _growth(self, text: _Text, times: int, most: int) -> _Growth:
        """Tell how steps grow: those of a linear time do so by equal amounts at equal distances."""
        counts = []
        for n in (1, 2, 3):
            counts.append(self._count(text, n * times, most))
            if counts[-1] >= most:
                # three quarters more of the text: not even a power of four makes ten times the steps of that
                few, more = (self._count(text, n, _STEPS) for n in (_FEW, _FEW * 7 // 4))
                return _Growth.DOUBLING if more >= _STEPS or more > 10 * few else _Growth.POWER
        return _Growth.POWER if counts[2] - 2 * counts[1] + counts[0] > times * times // 4 else _Growth.LINEAR

    def _count(self, text: _Text, times: int, most: int) -> int:
        before, again, behind = text
        try:
            taken = self.steps.count(before + again * times + behind, most)[0]
        except TooManyStepsError:
            taken = most
        self.left -= taken
        return taken

    def _shown(self, text: list[int]) -> str:
        return "".join(self.expression.alphabet[bit.bit_length() - 1] for bit in text)


def _bit(mask: int, number: int) -> int:
    """Return one of the bits of a mask, the last where it has fewer."""
    bit = mask & -mask
    for _ in range(number):
        mask ^= bit
        bit = mask & -mask or bit
    return bit


def shown(text: str) -> str:
    """Write a text on one line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
