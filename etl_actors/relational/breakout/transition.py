"""From one layout to the next: what is to be done to tables that have rows, so that they are as if the next had been first."""

from collections.abc import Set as AbstractSet

from etl_actors.relational.breakout.changes import (
    AddColumn,
    AddTable,
    Change,
    DropColumn,
    MoveColumns,
    Refill,
    RenameColumn,
    ToText,
    Widen,
)
from etl_actors.relational.breakout.lifted import attribute_of
from etl_actors.relational.breakout.shape import BrokenEntity, BrokenTable, Cell, CellKind, Layout, Link, Step

__all__ = ["addresses", "told_by", "transition"]


_Address = tuple[tuple[tuple[str, ...], Step | None], ...]


def transition(before: Layout, after: Layout) -> list[Change] | Refill:
    """Say how tables of one layout become those of a later one.

    Args:
        before: as the tables are.
        after: of the same documents and more.

    Returns:
        The changes, in the order in which they can be made; or that documents have to be broken out again.
    """
    known = dict(zip(addresses(before), before.tables, strict=True))
    changes: list[Change] = []
    for number, (address, table) in enumerate(zip(addresses(after), after.tables, strict=True)):
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
    moved = _entities(before, after)
    return moved if isinstance(moved, Refill) else [*changes, *moved]


def _entities(before: Layout, after: Layout) -> list[Change] | Refill:
    """Change the tables of entities, once all others have their columns."""
    if [(one.name, one.key) for one in before.entities] != [(one.name, one.key) for one in after.entities]:
        return Refill("other things are entities now")
    were, become = addresses(before), addresses(after)
    known = dict(zip(were, before.tables, strict=True))
    there = {(were[link.table], link.path) for link in before.links}
    moved: list[MoveColumns] = []
    for link in after.links:
        address = become[link.table]
        if (address, link.path) in there:
            entity, table = before.entities[link.entity], after.tables[link.table]
            links = {one.path for one in after.links if one.table == link.table}
            cells = _moved(known[address], table, link, links, entity, after.entities[link.entity])
            if cells:
                moved.append(MoveColumns(table.name, table.cells[link.column].name, entity.name, cells))
    paths = {(move.entity, cell.path) for move in moved for _, cell in move.cells}
    others: list[Change] = []
    for old, new in zip(before.entities, after.entities, strict=True):
        left = tuple(cell for cell in old.cells if (old.name, cell.path) not in paths)
        others += [DropColumn(old.name, cell) for cell in old.cells if cell not in left]
        found = _columns(BrokenEntity(old.name, old.key, left), new)
        if isinstance(found, Refill):
            return found
        others += found
    return [*moved, *others]


def _moved(
    old: BrokenTable, new: BrokenTable, link: Link, links: AbstractSet[tuple[str, ...]], was: BrokenEntity, entity: BrokenEntity
) -> tuple[tuple[Cell, Cell], ...]:
    """Pair the columns that a table has of an entity from now on with those that the entity had."""
    held = {(cell.path, cell.kind): cell for cell in was.cells if cell.path not in {one.path for one in entity.cells}}
    known = {(cell.path, cell.kind) for cell in old.cells}
    pairs = []
    for cell in new.cells:
        owner = attribute_of(cell.path, links)
        if owner is not None and owner[0] == link.path and (cell.path, cell.kind) not in known and (owner[1], cell.kind) in held:
            pairs.append((cell, held[owner[1], cell.kind]))
    return tuple(pairs)


def _elsewhere(table: BrokenTable) -> str:
    return "columns" if table.step is Step.ENTRIES else "a column"


def addresses(layout: Layout) -> list[_Address]:
    """Give what tells each table from the others: how its items are found, from the document on."""
    found: list[_Address] = []
    for table in layout.tables:
        above: _Address = () if table.parent is None else found[table.parent]
        found.append((*above, (table.path, table.step)))
    return found


def _places(layout: Layout, table: BrokenTable) -> set[tuple[str, ...]]:
    """List the places of a table's items that are known, each by its path, and those around them."""
    number = layout.tables.index(table)
    known = (
        {cell.path for cell in table.cells}
        | {*table.bare}
        | {*table.lifted}
        | {one.path for one in layout.tables if one.parent == number}
    )
    return {path[:length] for path in known for length in range(len(path) + 1)}


def _columns(old: BrokenTable | BrokenEntity, new: BrokenTable | BrokenEntity) -> list[Change] | Refill:
    known = {told_by(cell): cell for cell in old.cells}
    renamed: list[Change] = []
    others: list[Change] = []
    for cell in new.cells:
        before = known.pop(told_by(cell), None)
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


def told_by(cell: Cell) -> tuple[object, ...]:
    """Give what tells a column of a table from the others of it, whatever its name."""
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
