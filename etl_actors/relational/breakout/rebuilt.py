"""A document made again of its rows."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from etl_actors.relational.breakout.places import path_of
from etl_actors.relational.breakout.rows import BrokenRow
from etl_actors.relational.breakout.scalars import number_text
from etl_actors.relational.breakout.shape import BrokenEntity, CellKind, Layout, Link, Step

__all__ = ["rebuilt"]

_MISSING: Any = object()
_NO_VALUES = (CellKind.KEY, CellKind.GIVEN, CellKind.REFERENCE)


def rebuilt(layout: Layout, rows: Sequence[Sequence[BrokenRow]]) -> Any:
    """Make a document of its rows again.

    Args:
        layout: that it was broken out by.
        rows: of it, one list a table, as `Breaker.rows` gives them; those of a table in any order within a parent.

    Returns:
        The document, member by member and digit by digit; members of an object in some order.
    """
    below: list[dict[int, list[tuple[int, BrokenRow]]]] = []
    for table_rows in rows:
        hanging: dict[int, list[tuple[int, BrokenRow]]] = defaultdict(list)
        for number, row in enumerate(table_rows):
            hanging[row.parent].append((number, row))
        below.append(hanging)
    ((number, root),) = below[0][-1]
    return _item(layout, below, 0, number, root)


def _item(layout: Layout, below: list[dict[int, list[tuple[int, BrokenRow]]]], table: int, number: int, row: BrokenRow) -> Any:
    made = _MISSING
    for cell, value in zip(layout.tables[table].cells, row.cells, strict=True):
        if value is not None and cell.kind not in _NO_VALUES:
            made = _put(made, cell.path, number_text(value) if cell.quoted else value)
    for link in layout.links:
        occurrence = row.entities.get(link.column) if link.table == table else None
        if occurrence is not None:
            made = _with_entity(made, link, layout.entities[link.entity], occurrence)
    for child, known in enumerate(layout.tables):
        if known.parent == table and number in below[child]:
            hanging = sorted(below[child][number], key=lambda one: one[1].index)
            items = [_item(layout, below, child, inner, one) for inner, one in hanging]
            if known.step is Step.ITEMS:
                made = _put(made, known.path, items)
            else:
                column = next(place for place, cell in enumerate(known.cells) if cell.kind is CellKind.KEY)
                keys = [one.cells[column] for _, one in hanging]
                entries = dict(zip(keys, items, strict=True))
                made = made | entries if made is not _MISSING and not known.path else _put(made, known.path, entries)
    for pointer, value in row.rest.items():
        made = _put(made, path_of(pointer), value)
    return made


def _with_entity(made: Any, link: Link, entity: BrokenEntity, occurrence: BrokenRow) -> Any:
    for cell, value in zip(entity.cells, occurrence.cells, strict=True):
        if value is not None:
            made = _put(made, (*link.path, *cell.path), number_text(value) if cell.quoted else value)
    for pointer, value in occurrence.rest.items():
        made = _put(made, (*link.path, *path_of(pointer)), value)
    return made


def _put(made: Any, path: tuple[str, ...], value: Any) -> Any:
    """Put a value at a place, in objects that are made on the way."""
    if not path:
        return value
    root = {} if made is _MISSING else made
    inside = root
    for name in path[:-1]:
        inside = inside.setdefault(name, {})
    inside[path[-1]] = value
    return root
