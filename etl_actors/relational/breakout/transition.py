"""From one layout to the next: what is to be done to tables that have rows, so that they are as if the next had been first."""

from dataclasses import dataclass

from etl_actors.relational.breakout.layout import BrokenTable, Cell, CellKind, Layout, Step

__all__ = ["AddColumn", "AddTable", "Change", "Refill", "RenameColumn", "ToText", "Widen", "transition"]


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
class Refill:
    """The tables can't be changed in place: what was a column is now a table, or the other way round.

    Args:
        why: a sentence.
    """

    why: str


Change = AddTable | AddColumn | RenameColumn | Widen | ToText
_Address = tuple[tuple[tuple[str, ...], Step | None], ...]


def transition(before: Layout, after: Layout) -> list[Change] | Refill:
    """Say how tables of one layout become those of a later one.

    Args:
        before: as the tables are.
        after: of the same documents and more.

    Returns:
        The changes, in the order in which they can be made; or that documents have to be broken out again.
    """
    known = dict(zip(_addresses(before), before.tables, strict=True))
    changes: list[Change] = []
    for number, (address, table) in enumerate(zip(_addresses(after), after.tables, strict=True)):
        old = known.pop(address, None)
        if old is None:
            changes.append(AddTable(number))
            continue
        if old.name != table.name:  # of which the identities of its rows are made
            return Refill(f"table {old.name} is now {table.name}, since another has a name like it")
        found = _columns(old, table)
        if isinstance(found, Refill):
            return found
        lost = _places(before, old) - _places(after, table)
        if lost:
            return Refill(f"what was at {'.'.join(min(lost))} of {table.name} is now in a table")
        changes += found
    if known:
        gone = next(iter(known.values()))
        return Refill(f"what was in table {gone.name} is now in {_elsewhere(gone)}")
    return changes


def _elsewhere(table: BrokenTable) -> str:
    return "columns" if table.step is Step.ENTRIES else "a column"


def _addresses(layout: Layout) -> list[_Address]:
    """Give what tells each table from the others: how its items are found, from the document on."""
    found: list[_Address] = []
    for table in layout.tables:
        above: _Address = () if table.parent is None else found[table.parent]
        found.append((*above, (table.path, table.step)))
    return found


def _places(layout: Layout, table: BrokenTable) -> set[tuple[str, ...]]:
    """List the places of a table's items that are known, each by its path, and those around them."""
    number = layout.tables.index(table)
    known = {cell.path for cell in table.cells} | {*table.bare} | {one.path for one in layout.tables if one.parent == number}
    return {path[:length] for path in known for length in range(len(path) + 1)}


def _columns(old: BrokenTable, new: BrokenTable) -> list[Change] | Refill:
    known = {_told_by(cell): cell for cell in old.cells}
    renamed: list[Change] = []
    others: list[Change] = []
    for cell in new.cells:
        before = known.pop(_told_by(cell), None)
        if before is None and cell.kind is CellKind.GIVEN:
            return Refill(f"{new.name} has a column {cell.name} by an expression that it did not have")
        if before is None:
            others.append(AddColumn(new.name, cell))
            continue
        if before.quoted != cell.quoted:
            return Refill(f"whether texts of {new.name}.{cell.name} are numbers is said otherwise now")
        if before.name != cell.name:
            renamed.append(RenameColumn(new.name, before.name, cell.name))
        if before.type != cell.type:
            others.append(Widen(new.name, cell) if cell.kind is CellKind.NUMBER else ToText(new.name, cell, before.type))
    if known:
        gone = next(iter(known.values()))
        if gone.kind is CellKind.GIVEN:
            return Refill(f"{new.name} no longer has its column {gone.name}, or by another expression")
        return Refill(f"what was in column {new.name}.{gone.name} is now in a table")
    return [*_in_order(renamed), *others]


def _told_by(cell: Cell) -> tuple[object, ...]:
    return (cell.name, cell.expression, cell.type) if cell.kind is CellKind.GIVEN else (cell.path, cell.kind)


def _in_order(renamed: list[Change]) -> list[Change]:
    """Rename so that no name is taken when it is given: a name that is given to another is given up first."""
    waiting = [one for one in renamed if isinstance(one, RenameColumn)]
    done: list[Change] = []
    while waiting:
        free = [one for one in waiting if one.to not in {other.name for other in waiting}]
        if not free:  # names that go round: one steps aside
            first = waiting[0]
            aside = f"{first.name.encode()[:50].decode(errors='ignore')}_aside"
            done.append(RenameColumn(first.table, first.name, aside))
            waiting[0] = RenameColumn(first.table, aside, first.to)
            continue
        done += free
        waiting = [one for one in waiting if one not in free]
    return done
