import pytest

from benchmarks.producers import rate_of

_REPORT = """number of clients: 16
latency average = 1.234 ms
initial connection time = 12.3 ms
tps = 13912.512345 (without initial connection time)
"""


def test_the_rate_is_read_from_the_report_of_pgbench() -> None:
    assert rate_of(_REPORT) == pytest.approx(13912.512345)


def test_a_report_without_a_rate_is_refused() -> None:
    with pytest.raises(RuntimeError, match="expected a line of pgbench that begins with tps, got 'nothing'"):
        rate_of("nothing")
