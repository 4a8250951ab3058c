"""Attributes that begin to vary move from the entity to wherever it occurs, as if they had been there from the first."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.asked import Every
from etl_actors.relational.breakout.changes import Change, DropColumn, MoveColumns, Refill, ToText
from etl_actors.relational.breakout.entities import Entity
from etl_actors.relational.breakout.keys import key_text
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.lifted import lifted
from etl_actors.relational.breakout.places import pointer
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.scalars import Form, written_in
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Cell, CellKind, Layout
from etl_actors.relational.breakout.transition import transition

from .entities import REPEATING, layout_of

_Row = tuple[dict[Any, Any], dict[str, Any]]  # values by place and kind; what is beside them


def _values(cells: tuple[Cell, ...], values: list[Any]) -> dict[Any, Any]:
    return {
        (cell.path, cell.kind): key_text(value)
        if cell.mixed
        else written_in(Form(cell.type), value)
        if cell.kind is CellKind.TEXT
        else value
        for cell, value in zip(cells, values, strict=True)
        if value is not None
    }


def _stored(layout: Layout, documents: list[Any]) -> tuple[dict[str, list[_Row]], dict[str, dict[Any, _Row]]]:
    """Give what the database has of documents: of each table its rows, of each entity those by key; a reference is that key."""
    tables: dict[str, list[_Row]] = {}
    entities: dict[str, dict[Any, _Row]] = {one.name: {} for one in layout.entities}
    for document in documents:
        for number, rows in enumerate(Breaker(layout).rows(document)):
            table = layout.tables[number]
            for row in rows:
                values = _values(table.cells, row.cells)
                for link in (link for link in layout.links if link.table == number and link.column in row.entities):
                    entity, one = layout.entities[link.entity], row.entities[link.column]
                    key = tuple(map(key_text, one.cells[: len(entity.key)]))
                    entities[entity.name].setdefault(key, (_values(entity.cells, one.cells), dict(one.rest)))
                    values[link.path, CellKind.REFERENCE] = key
                tables.setdefault(table.name, []).append((values, dict(row.rest)))
    return tables, entities


def _to_text(row: _Row, change: ToText) -> None:
    place = change.cell.path, change.cell.kind
    if place in row[0]:  # in a row without a reference it is beside the columns and stays there
        row[0][place] = row[1].pop(pointer(change.cell.path), row[0][place])


def _move(row: _Row, entity: tuple[dict[Any, Any], dict[str, Any]], cells: tuple[tuple[Cell, Cell], ...]) -> None:
    for cell, was in cells:
        value = entity[0].get((was.path, was.kind))
        if value is None:
            continue
        if cell.quoted and pointer(was.path) in entity[1]:
            row[1][pointer(cell.path)] = entity[1][pointer(was.path)]
        if cell.kind is CellKind.TEXT:
            came = str(entity[1].get(pointer(was.path), value))
            value = written_in(Form(cell.type), came)
            if value != came:
                row[1][pointer(cell.path)] = came
        row[0][cell.path, cell.kind] = value


def _change(layout: Layout, stored: Any, change: Change) -> None:
    tables, entities = stored
    match change:
        case ToText(name):
            for row in (*tables.get(name, []), *entities.get(name, {}).values()):
                _to_text(row, change)
        case MoveColumns():
            _moved(layout, tables.get(change.table, []), entities[change.entity], change)
        case DropColumn(name, cell):
            for row in entities[name].values():
                row[0].pop((cell.path, cell.kind), None)
                row[1].pop(pointer(cell.path), None)


def _moved(layout: Layout, rows: list[_Row], entities: dict[Any, _Row], change: MoveColumns) -> None:
    table = next(table for table in layout.tables if table.name == change.table)
    (path,) = [cell.path for cell in table.cells if cell.name == change.reference]
    for row in rows:
        key = row[0].get((path, CellKind.REFERENCE))
        if key is not None:
            _move(row, entities[key], change.cells)


@settings(max_examples=400)
@given(st.lists(REPEATING, min_size=1, max_size=4), st.lists(REPEATING, max_size=3))
def test_rows_that_were_there_are_what_the_later_layout_would_have_made_of_their_documents(
    before: list[Any], after: list[Any]
) -> None:
    old, new = layout_of(before), layout_of(before + after)
    found = transition(old, new)
    if isinstance(found, Refill):
        return
    stored = _stored(old, before)
    for change in found:
        _change(new, stored, change)
    assert stored == _stored(new, before)


@given(st.lists(REPEATING, min_size=1, max_size=4), st.lists(REPEATING, max_size=3))
def test_changes_make_the_columns_of_the_later_layout(before: list[Any], after: list[Any]) -> None:
    old, new = layout_of(before), layout_of(before + after)
    found = transition(old, new)
    if isinstance(found, Refill):
        return
    columns = _columns(old)
    for change in found:
        _alter(columns, new, change)
    assert columns == _columns(new)


def _columns(layout: Layout) -> dict[str, dict[str, str]]:
    cells = {table.name: table.cells for table in layout.tables} | {one.name: one.cells for one in layout.entities}
    return {name: {cell.name: cell.type for cell in those} for name, those in cells.items()}


def _alter(columns: dict[str, dict[str, str]], new: Layout, change: Any) -> None:
    match type(change).__name__:
        case "AddTable":
            table = new.tables[change.table]
            columns[table.name] = {cell.name: cell.type for cell in table.cells}
        case "AddColumn":
            assert change.cell.name not in columns[change.table]
            columns[change.table][change.cell.name] = change.cell.type
        case "RenameColumn":
            assert change.to not in columns[change.table]
            columns[change.table][change.to] = columns[change.table].pop(change.name)
        case "DropColumn":
            assert columns[change.table].pop(change.cell.name) == change.cell.type
        case "MoveColumns":
            assert columns[change.table][change.reference] == "uuid"
            for cell, was in change.cells:
                assert columns[change.table][cell.name] == cell.type
                assert columns[change.entity][was.name] == was.type
        case _:
            columns[change.table][change.cell.name] = change.cell.type


ARTIST = Entity("artist", (("by", Every.ELEMENT),), ("id",))


def _lifted(documents: list[Any], varying: list[tuple[str, ...]], *entities: Entity) -> Layout:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return lifted(laid_out(seen, "root"), entities, {"artist": frozenset(varying)})


def test_a_column_moves_with_all_its_kinds() -> None:
    documents = [{"by": [{"id": 1, "n": "x", "m": 1}, {"id": 2, "n": True}]}]
    found = transition(_lifted(documents, [], ARTIST), _lifted(documents, [("n",)], ARTIST))
    assert isinstance(found, list)
    assert [type(change).__name__ for change in found] == ["AddColumn", "AddColumn", "MoveColumns", "DropColumn", "DropColumn"]
    move = found[2]
    assert isinstance(move, MoveColumns)
    assert (move.table, move.reference, move.entity) == ("root__by", "artist_id", "artist")
    assert [(cell.name, was.name) for cell, was in move.cells] == [("n", "n"), ("n__boolean", "n__boolean")]


@pytest.mark.parametrize(
    ("entities", "why"),
    [
        ((), "what was in column root__by.artist_id is now in a table"),
        ((Entity("artist", (("by", Every.ELEMENT),), ("m",)),), "what was in column root__by.m is now in a table"),
    ],
)
def test_other_entities_take_other_tables(entities: tuple[Entity, ...], why: str) -> None:
    documents = [{"by": [{"id": 1, "m": 1}]}]
    found = transition(_lifted(documents, [("m",)], ARTIST), _lifted(documents, [("m",)], *entities))
    assert found == Refill(why)
