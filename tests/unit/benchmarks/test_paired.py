from collections.abc import Callable

import pytest

from benchmarks.bars import OURS, RATIO
from benchmarks.paired import Bench, Sample, Side, compare


def _side(name: str, *values: float, made: object = 1, beside: tuple[tuple[str, float], ...] = ()) -> Side:
    left = iter(values)
    return Side(name, lambda: Sample(next(left), made, beside))


def _bench(ours: Side, rival: Side) -> Bench:
    return Bench("b", "what", "rows/s", ours, rival, multiples=("p99",))


@pytest.fixture
def tell() -> Callable[[str], None]:
    return lambda _: None


def test_the_ratio_is_that_of_the_medians(tell: Callable[[str], None]) -> None:
    found = compare(_bench(_side("a", 1, 9, 8), _side("b", 4, 4, 1)), 3, tell)
    assert (found.ours, found.rival, found.ratio) == (8, 4, 2)
    assert (found.least, found.greatest) == (0.25, 8)


def test_a_bar_finds_its_figure(tell: Callable[[str], None]) -> None:
    found = compare(_bench(_side("a", 6, beside=(("p99", 30.0),)), _side("b", 2, beside=(("p99 of it", 3.0),))), 1, tell)
    assert [found.figure(name) for name in (RATIO, OURS, "p99", "p99 of it")] == [3, 6, 30, 3]


def test_a_figure_beside_ours_can_also_be_a_multiple_of_the_rivals_median(tell: Callable[[str], None]) -> None:
    found = compare(_bench(_side("a", 6, beside=(("p99", 30.0), ("longest", 50.0))), _side("b", 2)), 1, tell)
    assert found.beside == (("p99", 30), ("longest", 50), ("times the rival's median: p99", 15))


def test_sides_that_made_different_things_are_refused(tell: Callable[[str], None]) -> None:
    with pytest.raises(RuntimeError, match="the sides made different things: 1 and 2"):
        compare(_bench(_side("a", 1, made=1), _side("b", 1, made=2)), 1, tell)
