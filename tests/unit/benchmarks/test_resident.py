import subprocess
import sys
import time

import pytest

from benchmarks.resident import Resident, growth, watched


def test_growth_is_that_of_the_second_half_in_an_hour() -> None:
    times = [float(second) for second in range(601)]
    warming_then_steady = [min(second, 300) + max(0, second - 300) * 0.01 for second in times]
    assert growth(times, warming_then_steady) == pytest.approx(36)


def test_growth_is_by_least_squares_and_not_by_the_ends() -> None:
    # x of 2, 3, 4 with 1, 0, 2: the slope is sum((x - 3) * y) / sum((x - 3)²) = (2 - 1) / 2 a second.
    assert growth([0, 1, 2, 3, 4], [50, 50, 1, 0, 2]) == pytest.approx(0.5 * 3600)


def test_a_process_and_those_below_it_are_watched() -> None:
    waits = "import sys; sys.stdin.read()"  # both end when nothing more can come
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {waits!r}])"
    with subprocess.Popen([sys.executable, "-c", starts], stdin=subprocess.PIPE) as process, watched(process.pid) as found:
        _until(found, 2)
    assert [one.name for one in found] == ["daemon", "worker 1"]
    for one in found:
        assert 0 < one.pss[-1] <= one.rss[-1]
        assert len(one.times) == len(one.rss) == len(one.pss)


def _until(found: list[Resident], processes: int) -> None:
    deadline = time.monotonic() + 60
    while len([one for one in found if one.times]) < processes:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
