"""Any documents have tables, and are made again of their rows, digit by digit."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.keys import key_text, value_of, without_key
from etl_actors.relational.breakout.layout import MOST_COLUMNS, MOST_TABLES, laid_out
from etl_actors.relational.breakout.names import MOST_BYTES
from etl_actors.relational.breakout.rebuilt import rebuilt
from etl_actors.relational.breakout.rows import Breaker, BrokenRow, Unseen
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout

from .documents import DOCUMENTS, KEYS, NAMES, exact


def _layout(documents: list[Any]) -> Layout:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return laid_out(seen, "root")


def _shown(layout: Layout) -> dict[str, dict[str, str]]:
    return {table.name: {cell.name: cell.type for cell in table.cells} for table in layout.tables}


@settings(max_examples=300)
@given(st.lists(DOCUMENTS, min_size=1, max_size=8))
def test_documents_are_made_again_of_their_rows(documents: list[Any]) -> None:
    layout = _layout(documents)
    breaker = Breaker(layout)
    for one in documents:
        assert exact(rebuilt(layout, breaker.rows(one))) == exact(one)


@given(st.lists(DOCUMENTS, max_size=8), st.randoms(use_true_random=False))
def test_tables_are_the_same_in_whatever_order_documents_came(documents: list[Any], random: Any) -> None:
    shuffled = documents + documents[:1]
    random.shuffle(shuffled)
    assert _layout(shuffled) == _layout(documents)


@given(st.lists(DOCUMENTS, min_size=1, max_size=6), DOCUMENTS)
def test_a_document_has_rows_in_tables_of_others_or_is_said_to_be_unseen(documents: list[Any], another: Any) -> None:
    layout = _layout(documents)
    try:
        rows = Breaker(layout).rows(another)
    except Unseen:
        assert _layout([*documents, another]) != layout
    else:
        assert exact(rebuilt(layout, rows)) == exact(another)


@settings(max_examples=200)
@given(st.lists(st.dictionaries(NAMES, DOCUMENTS, max_size=5), min_size=1, max_size=8), st.data())
def test_documents_with_a_key_are_made_again_too_whatever_else_they_hold(documents: list[Any], data: st.DataObject) -> None:
    key = data.draw(st.lists(NAMES, min_size=1, max_size=2, unique=True), "key")
    keyed = [one | {name: data.draw(KEYS, name) for name in key} for one in documents]
    seen = Seen()
    for one in keyed:
        seen.add(without_key(one, key))
    layout = laid_out(seen, "root", key)
    assert [(cell.path, cell.type) for cell in layout.tables[0].cells if cell.mixed] == [((name,), "text") for name in key]
    breaker = Breaker(layout)
    for one in keyed:
        rows = breaker.rows(one)
        assert [key_text(value) for value in rows[0][0].cells[: len(key)]] == [key_text(one[name]) for name in key]
        assert exact(rebuilt(layout, _stored(layout, rows))) == exact(one)


def _stored(layout: Layout, rows: list[list[BrokenRow]]) -> list[list[BrokenRow]]:
    """Give rows as they are read of the tables, where the values of a key are texts."""
    cells = [
        value_of(key_text(value)) if cell.mixed else value
        for cell, value in zip(layout.tables[0].cells, rows[0][0].cells, strict=True)
    ]
    return [[replace(rows[0][0], cells=cells)], *rows[1:]]


@pytest.mark.parametrize(
    "documents",
    [
        [{"id": 1, "a": 1}, {"id": 2, "a": 2}, {"id": 1, "a": 3, "2024": 5}],
        [{"id": number, f"f{number}": number} for number in range(40)],
    ],
)
def test_a_key_stays_where_the_names_of_the_other_members_are_data(documents: list[Any]) -> None:
    seen = Seen()
    for one in documents:
        seen.add(without_key(one, ("id",)))
    assert _shown(laid_out(seen, "root", ("id",))) == {"root": {"id": "text"}, "root__entry": {"key": "text", "value": "bigint"}}


@given(st.lists(DOCUMENTS, max_size=8))
def test_names_fit_and_no_two_are_alike(documents: list[Any]) -> None:
    layout = _layout(documents)
    names = [table.name for table in layout.tables]
    assert len(set(names)) == len(names) <= MOST_TABLES
    for table in layout.tables:
        columns = [cell.name for cell in table.cells]
        assert len(set(columns)) == len(columns) <= MOST_COLUMNS + 1
        assert all(0 < len(name.encode()) <= MOST_BYTES for name in (table.name, *columns))


@pytest.mark.parametrize(
    ("documents", "tables"),
    [
        ([{"a": 1, "b": {"c": "x"}}], {"root": {"a": "bigint", "b__c": "text"}}),
        ([{"a": 1}, {"a": 1.5}], {"root": {"a": "numeric"}}),
        ([{"a": 1}, {"a": "x"}, {"a": True}], {"root": {"a": "bigint", "a__text": "text", "a__boolean": "boolean"}}),
        ([{"at": "2024-03-09"}], {"root": {"at": "date"}}),
        ([{"at": "2024-03-09"}, {"at": "soon"}], {"root": {"at": "text"}}),
        ([{"tags": ["x", "y"]}], {"root": {}, "root__tags": {"value": "text"}}),
        ([{"a": [[1], [2]]}], {"root": {}, "root__a": {}, "root__a__item": {"value": "bigint"}}),
        ([{"a": [{"b": 1}, 2]}], {"root": {}, "root__a": {"value": "bigint", "b": "bigint"}}),
        ([{"v": {"1.0": "y", "2.0": "n"}}], {"root": {}, "root__v": {"key": "text", "value": "text"}}),
        ([[1, 2], 3, "x"], {"root": {"value": "bigint", "value__text": "text"}, "root__item": {"value": "bigint"}}),
        ([{"a": {"text": 1}}, {"a": 2}, {"a": "x"}], {"root": {"a": "bigint", "a__text_66f6bd": "text", "a__text": "bigint"}}),
        ([{"a": None}, {"a": []}, {"a": {}}], {"root": {}}),
    ],
)
def test_tables_are_laid_out_so(documents: list[Any], tables: dict[str, dict[str, str]]) -> None:
    found = _shown(_layout(documents))
    assert found == tables, found


def test_what_is_null_empty_or_missing_stays_so() -> None:
    documents: list[Any] = [
        {"a": 1, "b": "", "c": [], "d": {}, "e": None},
        {"a": None, "c": [None, [], {}, ""]},
        {},
        None,
        [],
        [[]],
    ]
    layout = _layout(documents)
    breaker = Breaker(layout)
    assert [rebuilt(layout, breaker.rows(one)) for one in documents] == documents


def test_five_thousand_names_are_rows_and_not_columns() -> None:
    document = {f"k{number}": number for number in range(5_000)}
    layout = _layout([document])
    assert _shown(layout) == {"root": {}, "root__entry": {"key": "text", "value": "bigint"}}
    assert rebuilt(layout, Breaker(layout).rows(document)) == document


def test_a_table_that_would_be_too_wide_keeps_its_objects_as_json() -> None:
    document: dict[str, Any] = {f"a{one}": {f"b{other}": 1 for other in range(30)} for one in range(30)}
    document["plain"] = {"x": "y"}  # of another kind than the others, so that they are no map
    layout = _layout([document, {"plain": 1}])
    assert len(layout.tables[0].cells) <= MOST_COLUMNS
    assert rebuilt(layout, Breaker(layout).rows(document)) == document


def test_tables_that_would_be_too_many_are_json_from_the_level_on_where_they_are() -> None:
    document = {f"a{one}": [{f"b{other}": [other]} for other in range(10)] for one in range(10)}
    layout = _layout([document, {"a0": 1}])
    assert len(layout.tables) <= MOST_TABLES
    assert rebuilt(layout, Breaker(layout).rows(document)) == document


def test_depth_of_five_hundred_is_kept() -> None:
    document: Any = {"x": 1}
    for _ in range(250):
        document = {"a": [document]}
    layout = _layout([document])
    assert rebuilt(layout, Breaker(layout).rows(document)) == document
