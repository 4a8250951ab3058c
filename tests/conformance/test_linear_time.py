"""Hostile texts take the library's grammars no longer than their length accounts for."""

import pytest

from benchmarks.adversarial import MOST_POWER, Growth, worst_of
from benchmarks.hostile import starts
from etl_actors.combinators.library import library_names
from tests.support.library import library_grammar

SIZES = (1_000, 20_000)
SLOW_SIZES = (100, 2_000)  # of what Lark's automaton reads, token by token
LONGEST_S = 2.0  # five times what is seen, and more

RULES = [(name, start) for name in library_names() for start in starts(name)]


@pytest.mark.parametrize(("name", "start"), RULES)
def test_time_grows_as_the_length_does(name: str, start: str) -> None:
    worst = _worst(name, start)
    assert worst.power <= MOST_POWER
    assert worst.longest_s[-1] <= LONGEST_S


def _worst(name: str, start: str) -> Growth:
    """Look again where it seems to be slow: the machine may have had other work."""
    worst = worst_of(name, start, SIZES if library_grammar(name, start).program else SLOW_SIZES)
    return worst if worst.power <= MOST_POWER else worst_of(name, start, worst.sizes)
