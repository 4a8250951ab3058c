import pytest

from benchmarks.bars import OURS, Bar


@pytest.mark.parametrize(
    ("ratio", "found"), [(0.59, "not reached"), (0.6, "reached"), (0.89, "reached"), (0.9, "beyond"), (2.0, "beyond")]
)
def test_a_ratio_has_to_be_at_least_so_much(ratio: float, found: str) -> None:
    assert Bar(0.6, 0.9).verdict(ratio) == f"bar ≥ 0.6, beyond ≥ 0.9: {found}"


@pytest.mark.parametrize(("ms", "found"), [(4.0, "beyond"), (4.1, "reached"), (10.0, "reached"), (10.1, "not reached")])
def test_a_time_has_to_be_at_most_so_much(ms: float, found: str) -> None:
    assert Bar(10, 4, OURS, "ms", most=True).verdict(ms) == f"ours: bar ≤ 10 ms, beyond ≤ 4 ms: {found}"


def test_a_bar_may_have_nothing_beyond_it() -> None:
    bar = Bar(217, unit="MB", most=True)
    assert bar.verdict(217) == "bar ≤ 217 MB: reached"
    assert bar.verdict(218) == "bar ≤ 217 MB: not reached"
