from pathlib import Path

import pytest

from benchmarks.catalogue import ALONE, LOCAL, SERVED, USUAL, described

_EVERY = [*LOCAL, *SERVED, *ALONE]
_PAGE = (Path(__file__).parents[3] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
_NAMES_OF_RESULTS = {"dlt": "dlt_films"}


def test_help_tells_of_every_bench() -> None:
    assert [line[4:].split()[0] for line in described()] == _EVERY
    assert [line[4:].split()[0] for line in described() if line.startswith("  *")] == USUAL


@pytest.mark.parametrize("name", _EVERY)
def test_the_page_tells_of_every_bench(name: str) -> None:
    assert f"`{_NAMES_OF_RESULTS.get(name, name)}`" in _PAGE or f"--only {name}`" in _PAGE
