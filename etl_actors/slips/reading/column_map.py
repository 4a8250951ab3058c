"""The map of a break-out: which column holds what of the documents, told by paths."""

from collections.abc import Iterator
from dataclasses import dataclass

from etl_actors.relational.breakout.layout import REST
from etl_actors.relational.breakout.shape import BrokenTable, Cell, CellKind, Step
from etl_actors.slips.expressions.paths import location_text
from etl_actors.slips.model.breakout import Breakout
from etl_actors.slips.model.slip import Slip

__all__ = ["MappedColumn", "column_map"]

_SEGMENTS = {Step.ITEMS: "[*]", Step.ENTRIES: ".*"}
_SCALAR = "scalar"  # a field of the key: whatever scalar comes, as its text
_QUOTED = "quoted"  # numbers that are texts in the documents
_REST = "rest"  # what the other columns do not say of the item


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """What one column holds.

    Args:
        target: qualified name of the table.
        name: of the column.
        type: PostgreSQL's name of its type.
        path: from the document on, as RFC 9535 has it, such as ``$.offers[*].by``.
        kind: which values of that place: ``number``, ``quoted`` (numbers that are texts there), ``text``, ``boolean``, ``json``,
            ``scalar`` (any, as its text), ``reference`` (the `_id` of the entity that is there), ``rest`` (what the other columns do not say of an item), or ``key`` (the name of the member
            that the path leads to); or ``given``: what an expression of the slip makes, which then stands in the path's place.
    """

    target: str
    name: str
    type: str
    path: str
    kind: str


def column_map(slip: Slip) -> tuple[MappedColumn, ...]:
    """Map the columns of a slip that breaks documents out, table by table; of any other slip none."""
    if slip.breakout is None:
        return ()
    return (*_mapped(slip, slip.breakout.layout.tables), *_entities(slip, slip.breakout))


def _mapped(slip: Slip, tables: tuple[BrokenTable, ...]) -> Iterator[MappedColumn]:
    given = {column.name: column.text for column in slip.given.columns} if slip.given else {}
    items: list[str] = []  # of each table: the path of its items
    for table, target in zip(tables, slip.targets[: len(tables)], strict=True):
        above = "$" if table.parent is None else items[table.parent]
        item = location_text(table.path, above) + ("" if table.step is None else _SEGMENTS[table.step])
        items.append(item)
        for cell in table.cells:
            path = given[cell.name] if cell.kind is CellKind.GIVEN else location_text(cell.path, item)
            yield MappedColumn(target.qualified, cell.name, cell.type, path, _kind(cell))
        yield MappedColumn(target.qualified, REST, "jsonb", item, _REST)


def _entities(slip: Slip, breakout: Breakout) -> Iterator[MappedColumn]:
    """Map what is the same wherever an entity occurs: told by the first of its places."""
    layout = breakout.layout
    for number, (entity, made) in enumerate(zip(breakout.entities, layout.entities, strict=True), len(layout.tables)):
        target = slip.targets[number]
        item = "$"
        for step in entity.paths[0]:
            item = location_text((step,), item) if isinstance(step, str) else item + step.value
        for cell in made.cells:
            yield MappedColumn(target.qualified, cell.name, cell.type, location_text(cell.path, item), _kind(cell))
        yield MappedColumn(target.qualified, REST, "jsonb", item, _REST)


def _kind(cell: Cell) -> str:
    return _SCALAR if cell.mixed else _QUOTED if cell.quoted else cell.kind.value
