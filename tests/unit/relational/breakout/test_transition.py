"""Tables that have rows become those of a later layout by changes in place, as far as that goes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.changes import AddColumn, AddTable, Refill, RenameColumn, ToText, Widen
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.places import pointer
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.scalars import Form, written_in
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import CellKind, Layout
from etl_actors.relational.breakout.transition import transition

from .documents import DOCUMENTS


def _layout(documents: list[Any]) -> Layout:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return laid_out(seen, "root")


def _told(before: list[Any], after: list[Any]) -> list[str] | str:
    old, new = _layout(before), _layout(before + after)
    found = transition(old, new)
    if isinstance(found, Refill):
        return found.why
    told = []
    for change in found:
        match change:
            case AddTable():
                told.append(f"+ {new.tables[change.table].name}")
            case AddColumn():
                told.append(f"+ {change.table}.{change.cell.name} {change.cell.type}")
            case RenameColumn():
                told.append(f"{change.table}.{change.name} = {change.to}")
            case Widen():
                told.append(f"{change.table}.{change.cell.name} numeric")
            case ToText():
                told.append(f"{change.table}.{change.cell.name} {change.type} text")
    return told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([{"a": 1}], [{"a": 2}], []),
        ([{"a": 1}], [{"b": "x"}], ["+ root.b text"]),
        ([{"a": 1}], [{"a": 0.5}], ["root.a numeric"]),
        ([{"a": 1}], [{"a": "x"}], ["+ root.a__text text"]),
        ([{"a": "x"}], [{"a": 1}], ["root.a = a__text", "+ root.a bigint"]),
        ([{"a": True}], [{"a": "x"}, {"a": 1}], ["root.a = a__boolean", "+ root.a bigint", "+ root.a__text text"]),
        ([{"at": "2024-03-09"}], [{"at": "soon"}], ["root.at date text"]),
        ([{"at": "2024-03-09"}], [{"at": "2024-03-09T10:00:00Z"}], ["root.at date text"]),
        ([{"a": []}], [{"a": [1]}], ["+ root__a"]),
        ([{"a": [1]}], [{"a": ["x"]}], ["+ root__a.value__text text"]),
        ([{"a b": 1}], [{"a_b": 2}], ["root.a_b = a_b_acc922", "+ root.a_b bigint"]),
        ([{"v": {"x": 1}}], [{"v": {"1.0": 1}}], "what was in column root.v__x is now in a table"),
    ],
)
def test_changes_are_told(before: list[Any], after: list[Any], told: list[str] | str) -> None:
    assert _told(before, after) == told


def test_a_table_whose_name_changes_is_filled_again_since_identities_are_made_of_it() -> None:
    assert (
        _told([{"a b": [1]}], [{"a_b": [1]}])
        == "table root__a_b is now root__a_b_" + _mark() + ", since another has a name like it"
    )


def _mark() -> str:
    layout = _layout([{"a b": [1], "a_b": [1]}])
    return next(table.name for table in layout.tables if table.path == ("a b",)).rsplit("_", 1)[1]


@given(st.lists(DOCUMENTS, min_size=1, max_size=5), st.lists(DOCUMENTS, max_size=4))
def test_changes_make_the_later_layout(before: list[Any], after: list[Any]) -> None:
    old, new = _layout(before), _layout(before + after)
    found = transition(old, new)
    if isinstance(found, Refill):
        return
    tables = {table.name: {cell.name: cell.type for cell in table.cells} for table in old.tables}
    for change in found:
        match change:
            case AddTable():
                table = new.tables[change.table]
                assert table.name not in tables
                tables[table.name] = {cell.name: cell.type for cell in table.cells}
            case AddColumn():
                assert change.cell.name not in tables[change.table]
                tables[change.table][change.cell.name] = change.cell.type
            case RenameColumn():
                assert change.to not in tables[change.table]
                tables[change.table][change.to] = tables[change.table].pop(change.name)
            case Widen() | ToText():
                tables[change.table][change.cell.name] = change.cell.type
    assert tables == {table.name: {cell.name: cell.type for cell in table.cells} for table in new.tables}


@given(st.lists(DOCUMENTS, min_size=1, max_size=5))
def test_what_does_not_change_takes_no_change(documents: list[Any]) -> None:
    assert transition(_layout(documents), _layout(documents)) == []


def _stored(layout: Layout, document: Any) -> dict[Any, list[Any]]:
    """Give what the database has of a document: by the address of a table its rows, each with its values by place and kind."""
    stored = {}
    for table, rows in zip(layout.tables, Breaker(layout).rows(document), strict=True):
        found = []
        for row in rows:
            values = {
                (cell.path, cell.kind): written_in(Form(cell.type), value) if cell.kind is CellKind.TEXT else value
                for cell, value in zip(table.cells, row.cells, strict=True)
                if value is not None
            }
            found.append((values, dict(row.rest), row.parent, row.index))
        if found:
            stored[table.name] = found
    return stored


def _changed(stored: dict[Any, list[Any]], change: Any) -> None:
    """Make the one change that alters what rows hold."""
    for values, rest, _, _ in stored.get(change.table, []) if isinstance(change, ToText) else []:
        place = (change.cell.path, change.cell.kind)
        if place in values:
            values[place] = rest.pop(pointer(change.cell.path), values[place])


@settings(max_examples=400)
@given(st.lists(DOCUMENTS, min_size=1, max_size=5), st.lists(DOCUMENTS, max_size=4))
def test_rows_that_were_there_are_what_the_later_layout_would_have_made_of_their_documents(
    before: list[Any], after: list[Any]
) -> None:
    old, new = _layout(before), _layout(before + after)
    found = transition(old, new)
    if isinstance(found, Refill):
        return
    for document in before:
        stored = _stored(old, document)
        for change in found:
            _changed(stored, change)
        assert stored == _stored(new, document)
