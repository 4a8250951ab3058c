"""Other people's documents, in whatever order, cut into whatever batches, loaded by however many at once, have the same tables.

Every two of order, size of batches and number of sessions come together here; `tests/support/crossed.py` crosses all three, by hand.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.support.broken_loads import BrokenLoad, Sources, broken_contents, load_broken
from tests.support.covering import LOADS, SETS, SINGLY, assert_rebuilt, few, sources_of

MOST = {
    "bestbuy": 1_565,
    "caniuse": 60,
    "congress": 537,
    "electron_releases": 150,
    "emojibase": 1_949,
    "mdn_bcd": 3_000,
    "tate": 1_200,
    "wiki_movies": 4_000,
}
"""Documents of a source that are loaded: for the largest sets a part, taken all over."""


@pytest.mark.parametrize("name", SETS)
def test_order_batches_and_sessions_do_not_matter(corpus: Path, databases: Callable[[], str], name: str) -> None:
    sources = sources_of(corpus, name, MOST[name])
    _assert_the_same(databases, sources, LOADS)
    _assert_the_same(databases, few(sources), SINGLY)


def _assert_the_same(databases: Callable[[], str], sources: Sources, loads: Sequence[BrokenLoad]) -> None:
    expected: dict[str, Any] = {}
    url = ""
    for how in loads:
        url = databases()
        load_broken(url, sources, how)
        found = broken_contents(url, sources)
        assert found == (expected or found), how
        expected = found
    assert_rebuilt(url, sources)


def test_every_two_of_order_size_and_sessions_come_together() -> None:
    loads = [*LOADS, *SINGLY]
    told = [(load.shuffle, load.rows, load.sessions) for load in loads]
    for one, other in combinations(range(3), 2):
        wanted = {(a, b) for a in {load[one] for load in told} for b in {load[other] for load in told}}
        assert {(load[one], load[other]) for load in told} == wanted
    assert len(loads) <= 12
    assert {load.rows for load in loads} == {1, 97, 2_000}
    assert {load.sessions for load in loads} == {1, 3}
