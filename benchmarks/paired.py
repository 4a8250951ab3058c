"""Two sides in turns: A B A B …, medians, their ratio, and proof that both did the same work."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from statistics import median

from benchmarks.bars import OURS, RATIO, Bar

__all__ = ["Bench", "Result", "Sample", "Side", "compare"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one side.

    Args:
        value: what is measured, in the unit of the bench.
        made: what must be the same on both sides: counts and checksums.
        beside: other figures, by name, each of which is shown as its median.
    """

    value: float
    made: Hashable
    beside: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared: its name in the table, and what runs it once."""

    name: str
    run: Callable[[], Sample]


@dataclass(frozen=True, slots=True)
class Bench:
    """A comparison.

    Args:
        name: for `--only`.
        what: is measured, in one sentence.
        unit: of the values, such as ``rows/s``.
        ours: the service.
        rival: what it is held against.
        bars: that figures of it have to reach.
        multiples: names of figures beside ours that are also given as multiples of the rival's median.
    """

    name: str
    what: str
    unit: str
    ours: Side
    rival: Side
    bars: tuple[Bar, ...] = ()
    multiples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What came out: the medians, the ratio of the medians, and the least and the greatest ratio of a round."""

    bench: Bench
    ours: float
    rival: float
    ratio: float
    least: float
    greatest: float
    beside: tuple[tuple[str, float], ...]

    def figure(self, name: str) -> float:
        """Give the figure that a bar names."""
        return {RATIO: self.ratio, OURS: self.ours, **dict(self.beside)}[name]


def compare(bench: Bench, rounds: int, tell: Callable[[str], None]) -> Result:
    """Run both sides in turns.

    Args:
        bench: what to compare.
        rounds: how often each side runs.
        tell: is told of each round.

    Raises:
        RuntimeError: the sides did not make the same.
    """
    ours: list[Sample] = []
    rival: list[Sample] = []
    for number in range(1, rounds + 1):
        ours.append(bench.ours.run())
        rival.append(bench.rival.run())
        if ours[-1].made != rival[-1].made:
            raise RuntimeError(f"{bench.name}: the sides made different things: {ours[-1].made} and {rival[-1].made}")
        tell(f"{bench.name} {number}/{rounds}: {ours[-1].value:,.2f} against {rival[-1].value:,.2f} {bench.unit}")
    ratios = [one.value / other.value for one, other in zip(ours, rival, strict=True)]
    our, other = median(sample.value for sample in ours), median(sample.value for sample in rival)
    beside = _medians(ours)
    multiples = tuple((f"times the rival's median: {name}", value / other) for name, value in beside if name in bench.multiples)
    return Result(bench, our, other, our / other, min(ratios), max(ratios), beside + multiples + _medians(rival))


def _medians(samples: list[Sample]) -> tuple[tuple[str, float], ...]:
    found = [dict(sample.beside) for sample in samples]
    return tuple((name, median(beside[name] for beside in found)) for name in found[0])
