"""A document broken out: its rows in the tables of a layout, and what their columns do not say of them."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from etl_actors.relational.breakout.keys import told_by_text, without_key
from etl_actors.relational.breakout.layout import Cell, CellKind, Layout, Step
from etl_actors.relational.breakout.scalars import (
    Form,
    Number,
    Scalars,
    form_of,
    number_in,
    number_text,
    scalars_of,
    written_in,
)

__all__ = ["Breaker", "BrokenRow", "Spot", "Unseen", "pointer"]


class Unseen(Exception):
    """The layout has no place for something of a document: it is to be looked at, and the tables laid out anew.

    Args:
        body: what is to be looked at.
        place: a pointer to it, from the item of a table on.

    Attributes:
        table: the number of that table.
    """

    def __init__(self, body: Any, place: str = "") -> None:
        super().__init__(body, place)
        self.body = body
        self.place = place
        self.table: int | None = None


@dataclass(slots=True)
class BrokenRow:
    """A row of a table.

    Args:
        cells: the value of each column, as a document is decoded; None where the column has none, and of given columns. A mixed column is to get the
            text of its value.
        rest: what the columns do not say: by RFC 6901 pointer from the item on, values that stand there.
        parent: number of the row above, among those of the document in its table; -1 of the root.
        index: the how-manieth item of its array or object it is.
    """

    cells: list[Any]
    rest: dict[str, Any] = field(default_factory=dict)
    parent: int = -1
    index: int = 0


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
    """

    pointer: str
    columns: dict[CellKind, int] = field(default_factory=dict)
    number: Number | None = None
    quoted: bool = False
    form: Form | None = None
    members: dict[str, "Spot"] = field(default_factory=dict)
    items: int | None = None
    entries: int | None = None

    def takes(self, value: Any) -> bool:
        """Tell whether there is a place for a value itself; for an object or array, whether it has one as a whole."""
        kind = type(value)
        if value is None or (kind in (dict, list) and not value):
            return True  # kept beside the columns
        if kind is dict or kind is list:
            return CellKind.JSON in self.columns
        if kind is bool:
            return CellKind.BOOLEAN in self.columns
        if kind is str:
            number = number_in(value) if self.quoted else None
            if number is None:
                return self.form is not None and (self.form is Form.TEXT or form_of(value) is self.form)
            value = number
        return self.number is not None and Scalars(number=self.number).hold(scalars_of(value))


def pointer(path: tuple[str, ...]) -> str:
    """Write a path as a JSON pointer.

    Source: RFC 6901, section 3.
    """
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)


class Breaker:
    """Breaks documents out by one layout.

    Args:
        layout: of their tables.

    Attributes:
        roots: of each table what becomes of its items.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.roots = [Spot("") for _ in layout.tables]
        self._names = [_name_column(table.cells) for table in layout.tables]
        self._key = {cell.path[0]: column for column, cell in enumerate(layout.tables[0].cells) if cell.mixed}
        for number, table in enumerate(layout.tables):
            for column, cell in enumerate(table.cells):
                if cell.kind not in {CellKind.KEY, CellKind.GIVEN} and not cell.mixed:
                    self._column(self._place(number, cell.path), column, cell)
            for path in table.bare:
                self._place(number, path)
            if table.parent is not None:
                above = self._place(table.parent, table.path)
                if table.step is Step.ITEMS:
                    above.items = number
                else:
                    above.entries = number

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

    def _place(self, number: int, path: tuple[str, ...]) -> Spot:
        place = self.roots[number]
        for depth, name in enumerate(path, 1):
            known = place.members.get(name)
            if known is None:
                known = place.members[name] = Spot(pointer(path[:depth]))
            place = known
        return place

    def _column(self, place: Spot, column: int, cell: Cell) -> None:
        place.columns[cell.kind] = column
        if cell.kind is CellKind.NUMBER:
            place.number = Number(cell.type)
            place.quoted = cell.quoted
        elif cell.kind is CellKind.TEXT:
            place.form = Form(cell.type)

    def _item(self, number: int, value: Any, key: str | None, parent: int, index: int, made: list[list[BrokenRow]]) -> None:
        row = BrokenRow([None] * len(self.layout.tables[number].cells), parent=parent, index=index)
        made[number].append(row)
        column = self._names[number]
        if column is not None:
            row.cells[column] = key
        try:
            self._value(self.roots[number], value, row, len(made[number]) - 1, made)
        except Unseen as news:
            news.table = number if news.table is None else news.table
            raise

    def _value(self, place: Spot, value: Any, row: BrokenRow, at: int, made: list[list[BrokenRow]]) -> None:
        kind = type(value)
        if kind is dict:
            self._object(place, value, row, at, made)
        elif kind is list:
            self._array(place, value, row, at, made)
        elif value is None:
            row.rest[place.pointer] = None
        elif kind is str:
            self._text(place, value, row)
        else:
            self._scalar(place, value, row)

    def _object(self, place: Spot, value: dict[str, Any], row: BrokenRow, at: int, made: list[list[BrokenRow]]) -> None:
        if not value:
            row.rest[place.pointer] = {}
        elif place.entries is not None:
            for index, (name, one) in enumerate(value.items()):
                self._item(place.entries, one, name, at, index, made)
        elif CellKind.JSON in place.columns:
            row.cells[place.columns[CellKind.JSON]] = value
        else:
            for name, one in value.items():
                member = place.members.get(name)
                if member is None:
                    raise Unseen(one, place.pointer + pointer((name,)))
                self._value(member, one, row, at, made)

    def _array(self, place: Spot, value: list[Any], row: BrokenRow, at: int, made: list[list[BrokenRow]]) -> None:
        if not value:
            row.rest[place.pointer] = []
        elif place.items is not None:
            for index, one in enumerate(value):
                self._item(place.items, one, None, at, index, made)
        elif CellKind.JSON in place.columns:
            row.cells[place.columns[CellKind.JSON]] = value
        else:
            raise Unseen(value, place.pointer)

    def _text(self, place: Spot, value: str, row: BrokenRow) -> None:
        if place.quoted and (number := number_in(value)) is not None:
            self._scalar(place, number, row)
            if number_text(number) == value:
                del row.rest[place.pointer]
            else:
                row.rest[place.pointer] = value
            return
        form = place.form
        if form is None:
            raise Unseen(value, place.pointer)
        if form is not Form.TEXT:
            if form_of(value) is not form:
                raise Unseen(value, place.pointer)
            if written_in(form, value) != value:
                row.rest[place.pointer] = value
        row.cells[place.columns[CellKind.TEXT]] = value

    def _scalar(self, place: Spot, value: float | Decimal | bool, row: BrokenRow) -> None:  # noqa: FBT001 - a value of a document
        kind = CellKind.BOOLEAN if type(value) is bool else CellKind.NUMBER
        column = place.columns.get(kind)
        if column is None or (kind is CellKind.NUMBER and not Scalars(number=place.number).hold(scalars_of(value))):
            raise Unseen(value, place.pointer)
        row.cells[column] = value
        if place.quoted and kind is CellKind.NUMBER:
            row.rest[place.pointer] = value  # no text


def _name_column(cells: tuple[Any, ...]) -> int | None:
    return next((column for column, cell in enumerate(cells) if cell.kind is CellKind.KEY), None)
