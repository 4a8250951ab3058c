"""The slip that is written of a layout makes of documents what the break-out makes of them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout
from etl_actors.slips.casts.column_type import column_type
from etl_actors.slips.drafting.explicit import explicit_tables
from etl_actors.slips.mapping.compile import Mapper, compile_slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import decode
from etl_actors.slips.values.json_text import json_text
from tests.unit.relational.breakout.documents import DOCUMENTS
from tests.unit.slips.conftest import rows_of


def _layout(documents: list[Any]) -> Layout:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return laid_out(seen, "root")


def _mapper(layout: Layout) -> Mapper:
    return compile_slip(read_slip({"slip.toml": f'name = "s"\n\n{explicit_tables(layout, "")}'}, "public"))


def _by_slip(mapper: Mapper, document: Any) -> Any:
    rows = rows_of(mapper, document, raw=json_text(document).encode())
    assert isinstance(rows, dict), rows
    return {
        table: [(row.get("_index", "0"), {name: value for name, value in row.items() if not _of_system(name)}) for row in found]
        for table, found in rows.items()
        if found
    }


def _of_system(name: str) -> bool:
    return name in {"_id", "_row_id", "_parent_id", "_root_id", "_index"}


def _by_breakout(layout: Layout, document: Any) -> Any:
    return {
        table.name: [
            (
                str(row.index),
                {cell.name: column_type(cell.type).text(value) for cell, value in zip(table.cells, row.cells, strict=True)},
            )
            for row in rows
        ]
        for table, rows in zip(layout.tables, Breaker(layout).rows(document), strict=True)
        if rows
    }


@settings(max_examples=200)
@given(st.lists(DOCUMENTS, min_size=1, max_size=5))
def test_the_slip_of_a_layout_makes_the_rows_that_the_break_out_makes(documents: list[Any]) -> None:
    layout = _layout(documents)
    mapper = _mapper(layout)
    for document in documents:
        payload = decode(json_text(document).encode())
        assert _by_slip(mapper, payload) == _by_breakout(layout, payload)


@pytest.mark.parametrize(
    ("documents", "lines"),
    [
        ([{"a": 1}], ["[tables.root]", 'columns.a = "a | bigint"']),
        ([{"a": 1}, {"a": "x"}], ["columns.a       = \"if(type(a) == 'number', a, null) | bigint\""]),
        ([{"it's": 1}], ["columns.it_s = \"@['it\\\\'s'] | bigint\""]),
        ([{"tags": ["x"]}], ["[tables.root__tags]", 'parent = "root"', 'each   = "$.tags"', 'columns.value = "@ | text"']),
        ([{"tags": ["x"]}, {"tags": "y"}], ['each   = "$.tags[*]"']),
        ([{"tags": ["x"]}, {"tags": {}}], ['each   = "$.tags[*]"']),
        ([{"tags": [["x"]]}], ['each   = "$.tags"', 'each   = "@"']),
        ([{"v": {"1": 2}}], ['each   = "$.v.*"', 'columns.key   = "@key | text"']),
        ([{"v": {"1": 2}}, {"v": [1]}], ['when   = "@key != null"', 'when   = "@key == null"']),
    ],
)
def test_it_is_written_so(documents: list[Any], lines: list[str]) -> None:
    text = explicit_tables(_layout(documents), "")
    assert [line for line in lines if line not in text.splitlines()] == [], text


def test_what_is_shown_of_a_column_is_a_comment() -> None:
    assert 'columns.a = "a | bigint"  # 7\n' in explicit_tables(_layout([{"a": 7}]), "", {(0, 0): "7"})


def test_only_places_that_have_no_columns_are_told_beside_them() -> None:
    text = explicit_tables(_layout([{"o": {"x": 1, "e": {}}, "e": None, "p": {"q": []}, "t": [{"r": {"s": 1}}]}]), "")
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Nothing but null, {} and [] was seen of: e, o.e, p.q",
    ]
