"""What a readable view is to show of a document, read off the document itself."""

from decimal import Decimal
from typing import Any

from etl_actors.relational.breakout.scalars import Form, form_of, written_in
from etl_actors.relational.breakout.shape import Cell, CellKind, Layout, Step
from etl_actors.relational.breakout.view import Shown, shown

__all__ = ["in_utc", "row_of"]

_MISSING: Any = object()


def row_of(layout: Layout, document: Any) -> dict[str, Any]:
    """Say what a view should show of a document.

    Args:
        layout: by which it is broken out, without a key.
        document: any.

    Returns:
        By column; those are left out of which the document has nothing.
    """
    root = shown(layout)
    row = {cell.name: _cell(cell, document) for cell in (*root.own, *root.members)}
    row |= {one.name: _gathered(one, _at(document, one.pointer)) for one in root.below}
    return {name: value for name, value in row.items() if value is not _MISSING}


def _at(value: Any, pointer: str) -> Any:
    for name in pointer.split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901
        value = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def _cell(cell: Cell, item: Any) -> Any:
    value: Any = item
    for name in cell.path:
        value = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
    if cell.kind is CellKind.JSON:
        return value if isinstance(value, dict | list) and value else _MISSING
    if cell.kind is CellKind.TEXT:
        return written_in(Form(cell.type), value) if isinstance(value, str) else _MISSING
    if cell.kind is CellKind.BOOLEAN:
        return value if isinstance(value, bool) else _MISSING
    return value if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else _MISSING


def _gathered(items: Shown, value: Any) -> Any:
    if items.step is Step.ITEMS:
        return [_item(items, one) for one in value] if isinstance(value, list) else _MISSING
    return {name: _item(items, one) for name, one in value.items()} if isinstance(value, dict) else _MISSING


def _item(row: Shown, item: Any) -> Any:
    if not isinstance(item, dict | list):
        return next((found for cell in row.own if (found := _cell(cell, item)) is not _MISSING), None)
    whole = [_gathered(one, item) for one in row.below if not one.name]
    whole += [_cell(cell, item) for cell in row.own]
    found = next((one for one in whole if one is not _MISSING), _MISSING)
    if found is not _MISSING or not item:
        return item if found is _MISSING else found
    made = {cell.name: _cell(cell, item) for cell in row.members}
    made |= {one.name: _gathered(one, _at(item, one.pointer)) for one in row.below if one.name}
    return {name: value for name, value in made.items() if value is not _MISSING}


def in_utc(value: Any) -> Any:
    """Write moments in UTC: the root's columns are what they are in PostgreSQL, which writes them in the session's zone."""
    if isinstance(value, dict):
        return {name: in_utc(one) for name, one in value.items()}
    if isinstance(value, list):
        return [in_utc(one) for one in value]
    if isinstance(value, str) and form_of(value) is Form.TIMESTAMPTZ:
        return written_in(Form.TIMESTAMPTZ, value)
    return value
