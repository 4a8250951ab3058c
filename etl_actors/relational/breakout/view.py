"""What a readable view of a break-out shows: the root's columns, and what is below each row as one value."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from etl_actors.relational.breakout.layout import sources_at
from etl_actors.relational.breakout.names import MOST_BYTES, Source, named, plain
from etl_actors.relational.breakout.places import pointer
from etl_actors.relational.breakout.shape import Cell, CellKind, Layout, Link, Step

__all__ = ["LINEAGE_SHOWN", "Joined", "Shown", "View", "shown", "view_name"]

LINEAGE_SHOWN = (("_id", "uuid"), ("_row_id", "bigint"), ("_loaded_at", "timestamptz"))
"""Columns of the root that a view shows before those of the documents: name and type."""

_VIEW = "_view"
_MARK = 6  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class View:
    """The view that a slip has of what it breaks out.

    Args:
        schema: where it is, which is where the tables are.
        name: of the view.
        materialized: whether its rows are kept, and made anew after loads.
    """

    schema: str
    name: str
    materialized: bool = False

    @property
    def qualified(self) -> str:
        """``schema.name``, unquoted: the name used in messages and books."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Joined:
    """What an entity tells of a row that refers to it.

    Args:
        number: of the entity's table, behind all others.
        reference: the column that refers to it.
        cells: the entity's columns, each with the name by which it is shown.
    """

    number: int
    reference: str
    cells: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """How a table's rows are shown: the root's as rows, those of any other as one value a row above.

    Args:
        number: of the table.
        name: of the column, or the member, that the value is; empty where it is the item above itself.
        pointer: to the place where the items are found, from the item above on.
        step: how they are found there; None for the root.
        key: the column with the name of each item; None where items have none.
        own: columns that are the item itself.
        members: columns that are members of it, by their names.
        joined: the entities that are at places of it.
        below: what is below each item.
    """

    number: int
    name: str
    pointer: str
    step: Step | None
    key: str | None
    own: tuple[Cell, ...]
    members: tuple[Cell, ...]
    joined: tuple[Joined, ...]
    below: "tuple[Shown, ...]"


def view_name(table: str) -> str:
    """Name the view of a root table, where the slip does not."""
    if len(table.encode()) + len(_VIEW) <= MOST_BYTES:
        return table + _VIEW
    mark = f"_{blake2b(table.encode(), digest_size=16).hexdigest()[:_MARK]}{_VIEW}"
    return table.encode()[: MOST_BYTES - len(mark)].decode(errors="ignore") + mark


def shown(layout: Layout) -> Shown:
    """Say how the rows of a layout are shown.

    Args:
        layout: of the tables.

    Returns:
        The root. Names are a function of the layout alone.
    """
    return _shown(layout, 0, "")


def _shown(layout: Layout, number: int, name: str) -> Shown:
    table = layout.tables[number]
    children = [child for child, one in enumerate(layout.tables) if one.parent == number]
    joined, names = _named(layout, number, children)
    below = tuple(_shown(layout, child, one) for child, one in zip(children, names, strict=True))
    hidden = {CellKind.KEY} if table.parent is None else {CellKind.KEY, CellKind.REFERENCE}
    values = [cell for cell in table.cells if cell.kind not in hidden]
    own = tuple(cell for cell in values if not cell.path)
    members = tuple(cell for cell in values if cell.path)
    key = next((cell.name for cell in table.cells if cell.kind is CellKind.KEY), None)
    return Shown(number, name, pointer(table.path), table.step, key, own, members, joined, below)


def _named(layout: Layout, number: int, children: Sequence[int]) -> tuple[tuple[Joined, ...], list[str]]:
    """Name what entities tell of a row, and what is below it, as the place where it is, and where another has that name, by its kind too."""
    table = layout.tables[number]
    taken = [*(name for name, _ in LINEAGE_SHOWN), *(cell.name for cell in table.cells)]
    links = [link for link in layout.links if link.table == number]
    told = _told_apart(layout, links)
    counted = [layout.tables[child].path for child in children]
    hanging: list[Source | None] = []
    for child in (layout.tables[child] for child in children):
        word = f"\0{child.step.value}" if child.step else ""
        source = child.path or (word,)
        doubled = plain(source) in taken or counted.count(child.path) > 1 or any(source in found for found in told)
        hanging.append(((*source, word) if doubled else source) if child.path or table.parent is None else None)
    names = named([source for found in told for source in found] + [source for source in hanging if source is not None], taken)
    joined = tuple(
        Joined(
            len(layout.tables) + link.entity,
            table.cells[link.column].name,
            tuple(zip((names[source] for source in found), layout.entities[link.entity].cells, strict=True)),
        )
        for link, found in zip(links, told, strict=True)
    )
    return joined, ["" if source is None else names[source] for source in hanging]


def _told_apart(layout: Layout, links: Sequence[Link]) -> list[list[Source]]:
    """Give the sources of what entities tell of a row: what two of them tell of one place has the entity in it."""
    told = [_sources(layout, link) for link in links]
    often = Counter(source for found in told for source in found)
    return [
        [source if often[source] == 1 else _told_by(layout, link, source) for source in found]
        for link, found in zip(links, told, strict=True)
    ]


def _told_by(layout: Layout, link: Link, source: Source) -> Source:
    depth = len(link.path)
    return (*source[:depth], f"\0{layout.entities[link.entity].name}", *source[depth:])


def _sources(layout: Layout, link: Link) -> list[Source]:
    """Give the sources of an entity's columns at a place of a row that refers to it."""
    cells = layout.entities[link.entity].cells
    by_path: dict[tuple[str, ...], list[Source]] = {}
    for cell in cells:
        if cell.path not in by_path:
            kinds = [one.kind.value for one in cells if one.path == cell.path]
            by_path[cell.path] = sources_at((*link.path, *cell.path), kinds)[::-1]
    return [by_path[cell.path].pop() for cell in cells]
