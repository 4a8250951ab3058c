"""A document broken out: its rows in the tables of a layout, and what their columns do not say of them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from etl_actors.relational.breakout.keys import is_key, told_by_text, without_key
from etl_actors.relational.breakout.places import Spot, places_of, pointer
from etl_actors.relational.breakout.scalars import Form, Scalars, form_of, number_in, number_text, scalars_of, written_in
from etl_actors.relational.breakout.shape import CellKind, Layout, Link

__all__ = ["Breaker", "BrokenRow", "Unseen"]


class Unseen(Exception):
    """The layout has no place for something of a document: it is to be looked at, and the tables laid out anew.

    Args:
        body: what is to be looked at.
    """

    def __init__(self, body: Any) -> None:
        super().__init__(body)
        self.body = body


@dataclass(slots=True)
class BrokenRow:
    """A row of a table.

    Args:
        cells: the value of each column, as a document is decoded; None where the column has none, and of given columns. A mixed column is to get the
            text of its value.
        rest: what the columns do not say: by RFC 6901 pointer from the item on, values that stand there.
        parent: number of the row above, among those of the document in its table; -1 of the root.
        index: the how-manieth item of its array or object it is.
        entities: by the number of the column that refers to one: what its table has of it; the paths in it begin at its item.
    """

    cells: list[Any]
    rest: dict[str, Any] = field(default_factory=dict)
    parent: int = -1
    index: int = 0
    entities: dict[int, "BrokenRow"] = field(default_factory=dict)


class Breaker:
    """Breaks documents out by one layout.

    Args:
        layout: of their tables.

    Attributes:
        roots: of each table what becomes of its items.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.roots = places_of(layout)
        self._names = [_name_column(table.cells) for table in layout.tables]
        self._key = {cell.path[0]: column for column, cell in enumerate(layout.tables[0].cells) if cell.mixed}

    def rows(self, document: Any) -> list[list[BrokenRow]]:
        """Break a document out.

        Args:
            document: as it is decoded; where the root has a key, an object that has a scalar in each field of it.

        Returns:
            Its rows, one list a table.

        Raises:
            Unseen: something in it has no place; its body is the first such value.
        """
        made: list[list[BrokenRow]] = [[] for _ in self.layout.tables]
        self._item(0, without_key(document, self._key), None, -1, 0, made)
        root = made[0][0]
        for name, column in self._key.items():
            root.rest.pop("", None)  # the object is not empty
            value = root.cells[column] = document[name]
            if not told_by_text(value):
                root.rest[pointer((name,))] = value
        return made

    def _item(self, number: int, value: Any, key: str | None, parent: int, index: int, made: list[list[BrokenRow]]) -> None:
        row = BrokenRow([None] * len(self.layout.tables[number].cells), parent=parent, index=index)
        made[number].append(row)
        column = self._names[number]
        if column is not None:
            row.cells[column] = key
        self._value(self.roots[number], value, row, len(made[number]) - 1, made)

    def _value(self, place: Spot, value: Any, row: BrokenRow, at: int, made: list[list[BrokenRow]]) -> None:
        kind = type(value)
        if kind is dict:
            self._object(place, value, row, at, made)
        elif kind is list:
            self._array(place, value, row, at, made)
        elif value is None:
            row.rest[place.pointer] = None
        elif place.inside is not None:
            self._attribute(place, value, row)
        elif kind is str:
            self._text(place, value, row, place.pointer)
        else:
            self._scalar(place, value, row, place.pointer)

    def _object(self, place: Spot, value: dict[str, Any], row: BrokenRow, at: int, made: list[list[BrokenRow]]) -> None:
        if not value:
            row.rest[place.pointer] = {}
        elif place.entries is not None:
            for index, (name, one) in enumerate(value.items()):
                self._item(place.entries, one, name, at, index, made)
        elif CellKind.JSON in place.columns:
            row.cells[place.columns[CellKind.JSON]] = value
        else:
            known = () if place.link is None else self._occurrence(place.link, value, row)
            for name, one in value.items():
                if name in known:
                    continue
                member = place.members.get(name)
                if member is None:
                    raise Unseen(one)
                self._value(member, one, row, at, made)

    def _occurrence(self, link: Link, value: dict[str, Any], row: BrokenRow) -> Collection[str]:
        """Begin what the table of an entity has of an item; return the fields that are done with: none without a key."""
        entity = self.layout.entities[link.entity]
        if not all(is_key(value.get(name)) for name in entity.key):
            return ()
        occurrence = row.entities[link.column] = BrokenRow([None] * len(entity.cells))
        for column, name in enumerate(entity.key):
            occurrence.cells[column] = value[name]
            if not told_by_text(value[name]):
                row.rest[pointer((*link.path, name))] = value[name]
        return entity.key

    def _attribute(self, place: Spot, value: Any, row: BrokenRow) -> None:
        """Take a scalar of an item: of one without a key it is kept beside the columns, since no entity has it."""
        occurrence = None if place.inside is None else row.entities.get(place.inside)
        if occurrence is None:
            row.rest[place.pointer] = value
            return
        taker, where = (row, place.pointer) if place.lifted is None else (occurrence, place.lifted)
        if type(value) is str:
            self._text(place, value, taker, where)
        else:
            self._scalar(place, value, taker, where)

    def _array(self, place: Spot, value: list[Any], row: BrokenRow, at: int, made: list[list[BrokenRow]]) -> None:
        if not value:
            row.rest[place.pointer] = []
        elif place.items is not None:
            for index, one in enumerate(value):
                self._item(place.items, one, None, at, index, made)
        elif CellKind.JSON in place.columns:
            row.cells[place.columns[CellKind.JSON]] = value
        else:
            raise Unseen(value)

    def _text(self, place: Spot, value: str, row: BrokenRow, where: str) -> None:
        if place.quoted and (number := number_in(value)) is not None:
            self._scalar(place, number, row, where)
            if number_text(number) == value:
                del row.rest[where]
            else:
                row.rest[where] = value
            return
        form = place.form
        if form is None:
            raise Unseen(value)
        if form is not Form.TEXT:
            if form_of(value) is not form:
                raise Unseen(value)
            if written_in(form, value) != value:
                row.rest[where] = value
        row.cells[place.columns[CellKind.TEXT]] = value

    def _scalar(self, place: Spot, value: float | Decimal | bool, row: BrokenRow, where: str) -> None:  # noqa: FBT001 - a value of a document
        kind = CellKind.BOOLEAN if type(value) is bool else CellKind.NUMBER
        column = place.columns.get(kind)
        if column is None or (kind is CellKind.NUMBER and not Scalars(number=place.number).hold(scalars_of(value))):
            raise Unseen(value)
        row.cells[column] = value
        if place.quoted and kind is CellKind.NUMBER:
            row.rest[where] = value  # no text


def _name_column(cells: tuple[Any, ...]) -> int | None:
    return next((column for column, cell in enumerate(cells) if cell.kind is CellKind.KEY), None)
