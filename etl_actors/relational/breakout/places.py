"""What becomes of the values at each place of a layout's items."""

from dataclasses import dataclass, field
from typing import Any

from etl_actors.relational.breakout.lifted import attribute_of, scalars_of_cells
from etl_actors.relational.breakout.scalars import Form, Number, Scalars, number_in, scalars_of
from etl_actors.relational.breakout.shape import Cell, CellKind, Layout, Link, Step

__all__ = ["Spot", "path_of", "places_of", "pointer"]


@dataclass(slots=True)
class Spot:
    """What becomes of the values at one place of an item.

    Args:
        pointer: to it.
        columns: number of the column of each kind.
        number: what its column of numbers takes.
        quoted: whether those are texts in the documents.
        form: what its column of texts takes.
        members: the places of the members, where an object there is taken apart.
        items: number of the table of an array's elements.
        entries: number of the table of an object's members.
        link: what it is where it is the item of an entity.
        inside: of an attribute of such an item: number of the column that refers to the entity.
        lifted: a pointer from that item on, where the columns are the entity's.
        seen: the scalars that were seen here, where the entity's columns take those of other places too.
        key: whether it is a field of the entity's key.
    """

    pointer: str
    columns: dict[CellKind, int] = field(default_factory=dict)
    number: Number | None = None
    quoted: bool = False
    form: Form | None = None
    members: dict[str, "Spot"] = field(default_factory=dict)
    items: int | None = None
    entries: int | None = None
    link: Link | None = None
    inside: int | None = None
    lifted: str | None = None
    seen: Scalars | None = None
    key: bool = False

    def takes(self, value: Any) -> bool:
        """Tell whether there is a place for a value itself; for an object or array, whether it has one as a whole."""
        kind = type(value)
        if value is None or (kind in (dict, list) and not value):
            return True  # kept beside the columns
        if kind is dict or kind is list:
            return CellKind.JSON in self.columns
        if self.key:
            return True
        number = number_in(value) if self.quoted and kind is str else None
        return self._scalars().hold(scalars_of(value if number is None else number))

    def _scalars(self) -> Scalars:
        """Tell which scalars there is a place for."""
        if self.seen is not None:
            return self.seen
        return Scalars(boolean=CellKind.BOOLEAN in self.columns, number=self.number, form=self.form)


def pointer(path: tuple[str, ...]) -> str:
    """Write a path as a JSON pointer.

    Source: RFC 6901, section 3.
    """
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)


def path_of(text: str) -> tuple[str, ...]:
    """Read a JSON pointer as a path."""
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in text.split("/")[1:])


def places_of(layout: Layout) -> list[Spot]:
    """Give the place of an item, table by table; all others are within it."""
    made = [Spot("") for _ in layout.tables]
    for number, table in enumerate(layout.tables):
        for column, cell in enumerate(table.cells):
            if cell.kind not in (CellKind.KEY, CellKind.GIVEN, CellKind.REFERENCE) and not cell.mixed:
                _take(_at(made[number], cell.path), column, cell)
        for path in table.bare:
            _at(made[number], path)
        if table.parent is not None:
            above = _at(made[table.parent], table.path)
            if table.step is Step.ITEMS:
                above.items = number
            else:
                above.entries = number
    for number in range(len(made)):
        _tell_entities(layout, number, made[number])
    return made


def _tell_entities(layout: Layout, number: int, item: Spot) -> None:
    """Tell the places of a table's items that are items of entities, and the attributes in these."""
    table = layout.tables[number]
    links = {link.path: link for link in layout.links if link.table == number}
    for path, link in links.items():
        _at(item, path).link = link
    of_columns = (cell.path for cell in table.cells if cell.kind not in (CellKind.GIVEN, CellKind.REFERENCE))
    for path in dict.fromkeys((*of_columns, *table.lifted)):
        owner = attribute_of(path, links.keys())
        if owner is None:
            continue
        place = _at(item, path)
        link = links[owner[0]]
        place.inside = link.column
        place.key = owner[1][0] in layout.entities[link.entity].key
        if path in table.lifted:
            place.lifted = pointer(owner[1])
            place.seen = scalars_of_cells(cell for cell in table.moved if cell.path == path)
            for column, cell in enumerate(layout.entities[link.entity].cells):
                if cell.path == owner[1] and not cell.mixed:
                    _take(place, column, cell)


def _at(item: Spot, path: tuple[str, ...]) -> Spot:
    place = item
    for depth, name in enumerate(path, 1):
        known = place.members.get(name)
        if known is None:
            known = place.members[name] = Spot(pointer(path[:depth]))
        place = known
    return place


def _take(place: Spot, column: int, cell: Cell) -> None:
    place.columns[cell.kind] = column
    if cell.kind is CellKind.NUMBER:
        place.number = Number(cell.type)
        place.quoted = cell.quoted
    elif cell.kind is CellKind.TEXT:
        place.form = Form(cell.type)
