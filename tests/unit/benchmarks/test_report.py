from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.catalogue import ALONE
from benchmarks.kept import Conditions
from benchmarks.report import write_part


@pytest.mark.parametrize("name", ALONE)
def test_what_runs_alone_has_its_part_of_the_page(name: str) -> None:
    before, begin, rest = report.PAGE.read_text(encoding="utf-8").partition(
        f"<!-- {name}: written by `python -m benchmarks --only {name} --write` -->"
    )
    part, end, behind = rest.partition(f"<!-- end of {name} -->")
    assert begin
    assert end
    assert "## Measured" in behind
    assert before
    assert "<!--" not in part


def test_only_the_part_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    begin, end = "<!-- books: written by `python -m benchmarks --only books --write` -->", "<!-- end of books -->"
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    write_part("books", ["| new |"], Conditions(["2 cores"], 5, 0.5, "2026-11-29"))
    assert page.read_text("utf-8") == (
        f"before\n{begin}\n\n- 2 cores\n- 2026-11-29; load average before 0.50\n\n| new |\n\n{end}\nafter\n"
    )
