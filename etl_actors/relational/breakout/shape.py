"""What a layout is: tables with their columns, the entities that they refer to, and where."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["BrokenEntity", "BrokenTable", "Cell", "CellKind", "Layout", "Link", "Step"]


class CellKind(Enum):
    """What a column takes of its place: values of other kinds go to other columns, or to tables.

    The order is that in which they have the place's own name: the next kinds have it with their own behind it.
    """

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    JSON = "json"  # objects and arrays that are not taken apart
    KEY = "key"  # the name of a member, where names are data
    GIVEN = "given"  # what an expression of the slip makes of the document; nothing of it is told by this column alone
    REFERENCE = "reference"  # the `_id` of an entity


class Step(Enum):
    """How the items of a table are found at a place of the table above."""

    ITEMS = "item"  # each element of an array
    ENTRIES = "entry"  # each member of an object


@dataclass(frozen=True, slots=True)
class Cell:
    """A column.

    Args:
        name: of the column.
        path: names of members, from the item on; empty for the item itself.
        kind: what it takes.
        type: PostgreSQL's name of its type.
        alone: whether nothing but this kind, and null, was seen at the place.
        mixed: whether a column of texts takes any scalar, as its text: a field of the key does.
        quoted: whether the numbers of a column are texts in the documents.
        expression: of a given column, as written, with what its values must fulfil.
    """

    name: str
    path: tuple[str, ...]
    kind: CellKind
    type: str
    alone: bool = True
    mixed: bool = False
    quoted: bool = False
    expression: str = ""


@dataclass(frozen=True, slots=True)
class BrokenTable:
    """A table.

    Args:
        name: of the table.
        cells: its columns, those of the system apart.
        parent: number of the table above; None for the root.
        path: from that one's item to the array or object that holds the items; empty for the item itself.
        step: how the items are found there; None for the root.
        bare: places of an item that have neither column nor table: nothing but null, ``{}`` and ``[]`` was seen there.
        alone: whether no object was seen where its items are an array's, and no array where they are an object's.
        moved: the columns that it would have of scalars which are in the table of an entity.
    """

    name: str
    cells: tuple[Cell, ...]
    parent: int | None
    path: tuple[str, ...]
    step: Step | None
    bare: tuple[tuple[str, ...], ...]
    alone: bool = True
    moved: tuple[Cell, ...] = ()

    @property
    def lifted(self) -> tuple[tuple[str, ...], ...]:
        """Places of an item whose scalars are an entity's."""
        return tuple(dict.fromkeys(cell.path for cell in self.moved))


@dataclass(frozen=True, slots=True)
class BrokenEntity:
    """A table of things that documents repeat, a row each.

    Args:
        name: of the table.
        key: fields of an item, which have the first columns.
        cells: its columns, those of the system apart; their paths begin at the item.
    """

    name: str
    key: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A place of a table's items that is an item of an entity.

    Args:
        table: number of the table.
        path: from its item on.
        entity: number of the entity.
        column: number of the cell that refers to the entity's row.
    """

    table: int
    path: tuple[str, ...]
    entity: int
    column: int


@dataclass(frozen=True, slots=True)
class Layout:
    """All tables of a kind of documents.

    Args:
        tables: parents before children, the root first.
        entities: tables of what documents repeat.
        links: where the others refer to those.
    """

    tables: tuple[BrokenTable, ...]
    entities: tuple[BrokenEntity, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def cells(self) -> list[tuple[Cell, ...]]:
        """The columns of each table, those of entities behind the others'."""
        return [*(table.cells for table in self.tables), *(entity.cells for entity in self.entities)]
