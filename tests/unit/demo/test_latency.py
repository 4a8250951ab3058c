"""Latencies are told by their percentiles."""

import pytest

from etl_actors.demo.latency import Latency


@pytest.mark.parametrize(("share", "seconds"), [(0.0, 1.0), (0.5, 51.0), (0.99, 100.0), (1.0, 100.0)])
def test_a_percentile_is_one_of_the_measured_seconds(share: float, seconds: float) -> None:
    assert Latency(tuple(float(second) for second in range(1, 101)), 0).percentile(share) == seconds


def test_of_one_row_every_percentile_is_its_own() -> None:
    assert Latency((0.25,), 3).percentile(0.99) == 0.25
