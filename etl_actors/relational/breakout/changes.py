"""What can be done to the tables of one layout so that they are those of a later one."""

from dataclasses import dataclass

from etl_actors.relational.breakout.shape import Cell

__all__ = [
    "AddColumn",
    "AddTable",
    "Change",
    "DropColumn",
    "MoveColumns",
    "Refill",
    "RenameColumn",
    "ToText",
    "Widen",
]


@dataclass(frozen=True, slots=True)
class AddTable:
    """A table that is new.

    Args:
        table: its number in the next layout.
    """

    table: int


@dataclass(frozen=True, slots=True)
class AddColumn:
    """A column that is new; rows that are there have nothing for it.

    Args:
        table: name of the table.
        cell: the column.
    """

    table: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """A column that has another name, since a name of the same kind is now there twice.

    Args:
        table: name of the table.
        name: of the column until now.
        to: its name from now on.
    """

    table: str
    name: str
    to: str


@dataclass(frozen=True, slots=True)
class Widen:
    """A column of whole numbers that takes any number from now on: the values stay.

    Args:
        table: name of the table.
        cell: the column as it is from now on.
    """

    table: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class ToText:
    """A column of dates, moments or uuids that takes any text from now on: values become the texts that they came as.

    Args:
        table: name of the table.
        cell: the column as it is from now on.
        type: its type until now.
    """

    table: str
    cell: Cell
    type: str


@dataclass(frozen=True, slots=True)
class MoveColumns:
    """Attributes of an entity that are no longer the same wherever it occurs: each row that refers to it gets what it has.

    Args:
        table: name of the table that refers to it, where the columns are there by now.
        reference: name of the column that does.
        entity: name of the entity's table.
        cells: the columns there, each as the table has it and as the entity has it.
    """

    table: str
    reference: str
    entity: str
    cells: tuple[tuple[Cell, Cell], ...]


@dataclass(frozen=True, slots=True)
class DropColumn:
    """A column of an entity whose values are by now where the entity occurs.

    Args:
        table: name of the entity's table.
        cell: the column as it was.
    """

    table: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class Refill:
    """The tables can't be changed in place: what was a column is now a table, or the other way round.

    Args:
        why: a sentence.
    """

    why: str


Change = AddTable | AddColumn | RenameColumn | Widen | ToText | MoveColumns | DropColumn
