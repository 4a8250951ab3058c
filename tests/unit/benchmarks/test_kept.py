from pathlib import Path

from benchmarks.bars import Bar
from benchmarks.kept import Conditions, keep, kept, kept_as
from benchmarks.paired import Bench, Result, Sample, Side
from benchmarks.report import table

_HERE = Conditions(["2 cores", "PostgreSQL 18"], 5, 0.1, "2026-11-29")
_ELSEWHERE = Conditions(["64 cores", "PostgreSQL 18"], 5, 0.1, "2026-11-29")


def _result(name: str, ratio: float) -> Result:
    ours, rival = (Side(one, lambda: Sample(1, 1)) for one in ("service", "SQL"))
    bench = Bench(name, "documents", "rows/s", ours, rival, (Bar(0.6, 0.9),))
    return Result(bench, ratio * 1000, 1000, ratio, ratio, ratio, (("MB", 3.0),))


def test_a_result_takes_the_place_of_the_former_one_of_its_name_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert kept(file) == []
    keep([kept_as(_result("flat", 0.5), _HERE), kept_as(_result("nested", 0.7), _HERE)], file)
    keep([kept_as(_result("flat", 0.95), _ELSEWHERE)], file)
    assert [(one.name, one.ratio, one.about[0]) for one in kept(file)] == [("flat", 0.95, "64 cores"), ("nested", 0.7, "2 cores")]


def test_the_table_says_whether_the_bar_is_reached() -> None:
    lines = table([kept_as(_result("flat", 0.5), _HERE)])
    assert (
        "| flat | 500 | 1,000 | rows/s | **0.50** | 0.50 to 0.50 | bar ≥ 0.6, beyond ≥ 0.9: not reached | 2026-11-29, 5 rounds, load 0.10 |"
        in lines
    )
    assert "  Beside it: 3 MB." in lines


def test_results_of_two_machines_stand_in_two_tables() -> None:
    lines = table([kept_as(_result("flat", 0.5), _HERE), kept_as(_result("nested", 0.7), _ELSEWHERE)])
    assert [line for line in lines if line.endswith("cores")] == ["- 2 cores", "- 64 cores"]
    assert sum(line.startswith("| bench |") for line in lines) == 2
    assert sum(line.startswith("| flat |") for line in lines) == 1
