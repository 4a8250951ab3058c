"""Records of separated values, held to Python's own reader and writer of them."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.library import value_by

CELLS = st.lists(st.text(st.sampled_from('ab ,;\t"\né1.'), max_size=6), min_size=1, max_size=6)


def _cells(value: Any) -> list[str]:
    """Take the cells as the grammar's comment says to."""
    return [(each["quoted"] or "").replace('""', '"') if each["plain"] is None else each["plain"] for each in value["cell"]]


@pytest.mark.parametrize(("name", "sign"), [("csv_line", ","), ("semicolon_line", ";")])
@given(cells=CELLS)
def test_what_python_writes_is_read_cell_by_cell(name: str, sign: str, cells: list[str]) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=sign, quoting=csv.QUOTE_MINIMAL).writerow(cells)
    assert _cells(value_by(name, written.getvalue().removesuffix("\r\n"))) == cells


@given(st.lists(st.text(st.characters(exclude_characters="\t\r\n"), max_size=6), min_size=1, max_size=6))
def test_cells_between_tabs_are_read_as_they_stand(cells: list[str]) -> None:
    assert [each["plain"] or "" for each in value_by("tsv_line", "\t".join(cells))["cell"]] == cells
