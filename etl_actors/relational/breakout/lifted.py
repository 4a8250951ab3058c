"""The tables for what documents repeat: taken out of those that documents have without them.

Of an entity's items those attributes are in its own table that are the same wherever it occurs; those that vary stay where they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from etl_actors.relational.breakout.asked import Every
from etl_actors.relational.breakout.entities import Entity, Trail
from etl_actors.relational.breakout.layout import MOST_COLUMNS, TAKEN, sources_at
from etl_actors.relational.breakout.names import Source, named
from etl_actors.relational.breakout.scalars import Form, Number, Scalars
from etl_actors.relational.breakout.shape import BrokenEntity, BrokenTable, Cell, CellKind, Layout, Link, Step

__all__ = ["Varying", "attribute_of", "lifted", "scalars_of_cells"]

Varying = Mapping[str, AbstractSet[tuple[str, ...]]]
"""By entity the paths, from an item on, of the attributes that are not the same wherever it occurs."""

_Attributes = dict[tuple[str, ...], dict[tuple[int, tuple[str, ...]], list[Cell]]]
"""By path from an item of an entity on: by table and place of the item the columns of scalars there."""
_Paths = set[tuple[str, ...]]
_EVERY = {Step.ITEMS: Every.ELEMENT, Step.ENTRIES: Every.MEMBER}
_SCALARS = (CellKind.NUMBER, CellKind.TEXT, CellKind.BOOLEAN)


def lifted(layout: Layout, entities: Sequence[Entity], varying: Varying) -> Layout:
    """Lift entities out of tables.

    Args:
        layout: without entities.
        entities: where they are, and by what they are known.
        varying: which of their attributes are not the same everywhere.

    Returns:
        The layout with them. A place is an item of an entity where objects are taken apart to columns there.
    """
    if not entities:
        return layout
    places = _places(layout, entities)
    attributes = [_attributes(layout, places, number) for number in range(len(entities))]
    kept = [_kept(known, varying.get(one.name, frozenset())) for one, known in zip(entities, attributes, strict=True)]
    tables, links = [], []
    for number, table in enumerate(layout.tables):
        here = places[number]
        outside = [cell for cell in table.cells if not _is_lifted(cell, here, entities, kept)]
        gone = tuple(cell for cell in table.cells if _is_lifted(cell, here, entities, kept))
        references = _references(table, here, entities)
        links += [
            Link(number, path, here[path], len(outside) + place) for place, path in enumerate(one.path for one in references)
        ]
        tables.append(replace(table, cells=(*outside, *references), moved=gone))
    made = tuple(
        _entity(one, {path: known[path] for path in sorted(known.keys() - kept[number])})
        for number, (one, known) in enumerate(zip(entities, attributes, strict=True))
    )
    return Layout(tuple(tables), made, tuple(links))


def attribute_of(path: tuple[str, ...], links: AbstractSet[tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Tell which item a place belongs to.

    Args:
        path: of the place, in a table's item.
        links: places of the table that are items of entities.

    Returns:
        The nearest of those around it, and the path from there on; None where none is.
    """
    for length in range(len(path) - 1, -1, -1):
        if path[:length] in links:
            return path[:length], path[length:]
    return None


def _places(layout: Layout, entities: Sequence[Entity]) -> list[dict[tuple[str, ...], int]]:
    """Find, table by table, the places that are items: with the number of the entity, in the order of their paths."""
    trails: list[Trail] = []
    found = []
    for number, table in enumerate(layout.tables):
        trail = Trail.begun(entities)
        if table.parent is not None and table.step is not None:
            trail = trails[table.parent].at(*table.path, _EVERY[table.step])
        trails.append(trail)
        records = sorted(_records(layout, number))
        at = {path: trail.at(*path).entity for path in records}
        found.append({path: entity for path, entity in at.items() if entity is not None})
    return found


def _records(layout: Layout, number: int) -> _Paths:
    """List the places of a table's items where objects are taken apart: others lie within them."""
    table = layout.tables[number]
    known = {cell.path for cell in table.cells} | {*table.bare} | {one.path for one in layout.tables if one.parent == number}
    return {path[:length] for path in known for length in range(len(path))}


def _attributes(layout: Layout, places: list[dict[tuple[str, ...], int]], entity: int) -> _Attributes:
    found: _Attributes = {}
    for number, (table, here) in enumerate(zip(layout.tables, places, strict=True)):
        for cell in table.cells:
            owner = attribute_of(cell.path, here.keys())
            if owner is not None and here[owner[0]] == entity and cell.kind in _SCALARS:
                found.setdefault(owner[1], {}).setdefault((number, owner[0]), []).append(cell)
    return found


def _kept(attributes: _Attributes, varying: AbstractSet[tuple[str, ...]]) -> AbstractSet[tuple[str, ...]]:
    """Tell which attributes stay in their places: all where they are too many, and those that are read otherwise in one than in another."""
    if len(attributes) > MOST_COLUMNS:
        return attributes.keys()
    read = {path: [any(cell.quoted for cell in cells) for cells in places.values()] for path, places in attributes.items()}
    return {path for path in attributes if path in varying or any(read[path]) != all(read[path])}


def scalars_of_cells(cells: Iterable[Cell]) -> Scalars:
    """Tell what columns of scalars take, all together."""
    scalars = Scalars()
    for cell in cells:
        scalars = scalars.joined(_scalars(cell))
    return scalars


def _scalars(cell: Cell) -> Scalars:
    if cell.kind is CellKind.NUMBER:
        return Scalars(number=Number(cell.type))
    return Scalars(form=Form(cell.type)) if cell.kind is CellKind.TEXT else Scalars(boolean=True)


def _is_lifted(
    cell: Cell, here: Mapping[tuple[str, ...], int], entities: Sequence[Entity], kept: Sequence[AbstractSet[tuple[str, ...]]]
) -> bool:
    owner = attribute_of(cell.path, here.keys())
    if owner is None or cell.kind not in _SCALARS:
        return False
    entity = here[owner[0]]
    return owner[1][0] in entities[entity].key or owner[1] not in kept[entity]


def _references(table: BrokenTable, here: Mapping[tuple[str, ...], int], entities: Sequence[Entity]) -> list[Cell]:
    # A NUL begins what is no name of a member, as in `sources_at`.
    sources: dict[Source, tuple[str, ...]] = {
        (*(name.replace("\0", "\0\0\0") for name in path), f"\0{entities[entity].name}_id"): path for path, entity in here.items()
    }
    names = named(sources, (*TAKEN, *(cell.name for cell in table.cells)))
    return [Cell(names[source], path, CellKind.REFERENCE, "uuid") for source, path in sources.items()]


def _entity(entity: Entity, attributes: _Attributes) -> BrokenEntity:
    made: dict[Source, Cell] = {}
    for one in entity.key:
        (source,) = sources_at((one,), [CellKind.TEXT.value])
        made[source] = Cell("", (one,), CellKind.TEXT, "text", alone=False, mixed=True)
    for path, places in attributes.items():
        if path[0] in entity.key:
            continue  # an object in place of the key: then the item is known by nothing
        cells = [cell for found in places.values() for cell in found]
        kinds = [kind for kind in _SCALARS if any(cell.kind is kind for cell in cells)]
        for source, kind in zip(sources_at(path, [kind.value for kind in kinds]), kinds, strict=True):
            made[source] = _together(path, [cell for cell in cells if cell.kind is kind])
    names = named(made, TAKEN)
    return BrokenEntity(entity.name, entity.key, tuple(replace(cell, name=names[source]) for source, cell in made.items()))


def _together(path: tuple[str, ...], cells: Sequence[Cell]) -> Cell:
    """Make one column of those of all places: its type is that which all of them fit into."""
    return Cell("", path, cells[0].kind, _type(scalars_of_cells(cells)), alone=False, quoted=cells[0].quoted)


def _type(scalars: Scalars) -> str:
    if scalars.number is not None:
        return scalars.number.value
    return "boolean" if scalars.form is None else scalars.form.value
