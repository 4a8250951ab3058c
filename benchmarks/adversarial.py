"""The grammars of the library on hostile texts of growing length: whether the time grows as the length does."""

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.hostile import hostile, starts
from etl_actors.combinators.grammar import Grammar, load_grammar
from etl_actors.combinators.library import library_names, library_text

__all__ = ["Growth", "as_lines", "growths", "worst_of"]

SIZES = (10_000, 100_000, 1_000_000)
"""Characters of the texts, each ten times the one before."""

_SLOW_SIZES = (1_000, 10_000, 100_000)  # where Lark's automaton reads, some tens of thousand tokens a second
_SHORT_S = 0.005  # what takes less says nothing of growth
_CLOCK_S = 0.00005  # a shorter time of the shortest text is taken for this long: it is all noise
MOST_POWER = 1.6
"""Of the length, by which the time may grow: 1 is as the length does, memory that is no longer at hand adds some, 2 is its square."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What the worst text of a rule costs.

    Args:
        rule: grammar and rule.
        compiled: whether it is; else Lark's automaton reads.
        sizes: characters.
        longest_s: by size, of the text that takes longest.
        power: of the length by which the time of one text grows between the least and the greatest size, the greatest of all
            that take long enough to tell; 0 where none does.
    """

    rule: str
    compiled: bool
    sizes: Sequence[int]
    longest_s: tuple[float, ...]
    power: float


def growths(tell: Callable[[str], None]) -> list[Growth]:
    """Read hostile texts by each rule of the library.

    Args:
        tell: is told of each rule.

    Raises:
        RuntimeError: the time grows faster than the length.
    """
    found = []
    for name in library_names():
        for start in starts(name):
            found.append(worst_of(name, start))
            tell(f"{found[-1].rule}: {', '.join(f'{taken:.3f}' for taken in found[-1].longest_s)} s")
            if found[-1].power > MOST_POWER:
                raise RuntimeError(f"{found[-1].rule}: the time grows with the length to the power of {found[-1].power:.1f}")
    return found


def worst_of(name: str, start: str, sizes: Sequence[int] = ()) -> Growth:
    """Find what the worst of the hostile texts of a rule costs.

    Args:
        name: of the grammar.
        start: the rule.
        sizes: characters, each ten times the one before; as many as befit the way it is read where none are given.
    """
    grammar = _grammar(name, start)
    sizes = sizes or (SIZES if grammar.program else _SLOW_SIZES)
    read: Callable[[str], object] = grammar.program.take if grammar.program else grammar.by_automaton
    times = [tuple(map(_timer(read), texts)) for texts in zip(*(hostile(name, start, size) for size in sizes), strict=True)]
    lengths = math.log(sizes[-1] / sizes[0])
    powers = (math.log(taken[-1] / max(taken[0], _CLOCK_S)) / lengths for taken in times if taken[-1] > _SHORT_S)
    longest = tuple(map(max, zip(*times, strict=True)))
    return Growth(f"{name}:{start}", grammar.program is not None, sizes, longest, max(powers, default=0.0))


def _grammar(name: str, start: str) -> Grammar:
    def find(file: str) -> str | None:
        return library_text(file.removeprefix("std/").removesuffix(".lark"))

    text = library_text(name)
    assert text is not None
    return load_grammar(text, name=f"std/{name}.lark", find=find, start=start)


def _timer(read: Callable[[str], object]) -> Callable[[str], float]:
    """Make what times a text: the shorter of two times of the processor, without the collection of what other texts left."""

    def once(text: str) -> float:
        began = time.process_time()
        value = read(text)
        taken = time.process_time() - began
        del value
        return taken

    def timed(text: str) -> float:
        gc.disable()
        try:
            return min(once(text), once(text))
        finally:
            gc.enable()

    return timed


def as_lines(found: Sequence[Growth]) -> list[str]:
    """Write what was found as a table of Markdown."""
    lines = ["| rule | read by | 10 kB | 100 kB | 1 MB | power of the length |", "|---|---|---|---|---|---|"]
    for each in found:
        times = dict(zip(each.sizes, each.longest_s, strict=True))
        cells = [f"{times[size] * 1000:,.1f} ms" if size in times else "" for size in SIZES]
        lines.append(
            f"| `{each.rule}` | {'its program' if each.compiled else 'Lark'} | {' | '.join(cells)} | {f'{each.power:.1f}' if each.power else ''} |"
        )
    return lines
