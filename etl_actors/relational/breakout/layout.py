"""The tables for what was seen: a function of the tree alone, so that the same documents in any order have the same tables."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from etl_actors.relational.breakout.asked import Wish
from etl_actors.relational.breakout.maps import is_map, values_of
from etl_actors.relational.breakout.names import Source, named
from etl_actors.relational.breakout.scalars import Scalars
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import BrokenTable, Cell, CellKind, Layout, Step

__all__ = ["MOST_COLUMNS", "MOST_TABLES", "REST", "TAKEN", "laid_out", "sources_at"]

REST = "_rest"
"""A column of every table: what the other columns do not say of a row, as jsonb."""

MOST_COLUMNS = 300
"""Columns of a table: with more, objects within its items stay JSON.

PostgreSQL takes 1,600, but a row must fit into 8 kB once its long values are put aside, and of each up to 24 bytes stay
(source: its documentation, "TOAST").
"""

MOST_TABLES = 64
"""Tables of a kind of documents: with more, arrays and maps stay JSON from that level on at which they would be too many."""

_LEVELS = 12  # of tables below the root, at most
_SYSTEM = ("_id", "_row_id", "_batch_id", "_loaded_at", "_parent_id", "_root_id", "_index", REST)
_POSTGRES = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")  # columns that every table of PostgreSQL has

TAKEN = (*_SYSTEM, *_POSTGRES)
"""Names that no column of a document may have."""


@dataclass(slots=True)
class _Draft:
    """A table before anything has a name."""

    source: Source
    below: Source  # begins those of the tables below it: what hangs in objects at the same place begins with its own
    parent: int | None
    path: tuple[str, ...]
    step: Step | None
    cells: dict[Source, tuple[tuple[str, ...], CellKind, str, bool, bool, bool]] = field(default_factory=dict)
    bare: list[tuple[str, ...]] = field(default_factory=list)
    alone: bool = True


def laid_out(
    seen: Seen, root: str, key: Collection[str] = (), given: Sequence[Cell] = (), others: Collection[str] = ()
) -> Layout:
    """Lay out the tables.

    Args:
        seen: what was seen in the documents, without the fields of the key.
        root: the name of the root table.
        key: fields of the documents that are the root's key: each has one column, of texts, whatever else there is.
        given: columns of the root that the slip makes by expressions: they have their names, whatever else there is.
        others: names that no table below the root may have.

    Returns:
        The tables; names, columns and types depend on these alone.
    """
    drafts: list[_Draft] = []
    for levels in range(_LEVELS, -1, -1):
        drafts = _Drafting(levels).run(seen, root, key)
        if len(drafts) <= MOST_TABLES:
            break
    names = named((draft.source for draft in drafts[1:]), (root, *others))
    tables = []
    for draft in drafts:
        first = given if draft.parent is None else ()
        columns = named(draft.cells, (*TAKEN, *(cell.name for cell in first)))
        cells = (*first, *(Cell(columns[source], *cell) for source, cell in draft.cells.items()))
        tables.append(
            BrokenTable(
                names.get(draft.source, root), cells, draft.parent, draft.path, draft.step, tuple(draft.bare), draft.alone
            )
        )
    return Layout(tuple(tables))


class _Drafting:
    def __init__(self, levels: int) -> None:
        self.levels = levels
        self.drafts: list[_Draft] = []

    def run(self, seen: Seen, root: str, key: Collection[str]) -> list[_Draft]:
        top = _Draft((root,), (root,), None, (), None)
        for one in key:
            (source,) = sources_at((one,), [CellKind.TEXT.value])
            top.cells[source] = ((one,), CellKind.TEXT, "text", False, True, False)
        self._table(top, seen, 0)
        return self.drafts

    def _table(self, draft: _Draft, seen: Seen, level: int) -> None:
        number = len(self.drafts)
        self.drafts.append(draft)
        if draft.step is Step.ENTRIES:
            draft.cells["\0key",] = ((), CellKind.KEY, "text", True, False, False)
        flat = _width(seen) <= MOST_COLUMNS
        below: list[tuple[_Draft, Seen]] = []
        for path, place in _places(seen, (), flat=flat):
            kinds = [*_scalar_kinds(place.scalars)]
            if place.deep or (not flat and path and _is_record(place)):
                kinds.append((CellKind.JSON, "jsonb"))
            hanging = [*_hanging(place)]
            if hanging and level == self.levels:
                kinds.append((CellKind.JSON, "jsonb"))
            elif hanging:
                sources = sources_at(path, [step.value for step, _ in hanging], hanging[0][0].value)
                for source, (step, items) in zip(sources, hanging, strict=True):
                    own = (*draft.below, *source)
                    inner = (*own, f"\0\0{step.value}") if path and _is_record(place) else own
                    below.append((_Draft(own, inner, number, path, step, alone=not (place.objects and place.arrays)), items))
            kinds = [*dict.fromkeys(kinds)]
            sources = sources_at(path, [kind.value for kind, _ in kinds])
            for source, (kind, type_name) in zip(sources, kinds, strict=True):
                quoted = kind is CellKind.NUMBER and place.asked is not None and Wish.NUMBERS in place.asked.wishes
                draft.cells[source] = (path, kind, type_name, _alone(place, kind, len(kinds)), False, quoted)
            if not kinds and not hanging and not _is_record(place):
                draft.bare.append(path)
        for one, items in below:
            self._table(one, items, level + 1)


def sources_at(path: tuple[str, ...], made: list[str], itself: str = "value") -> list[Source]:
    """Give the sources of what is made of one place: the first has the place's own, the others their kinds behind it.

    Args:
        path: of the place.
        made: the kinds.
        itself: the word for the item itself, whose path is empty.

    A NUL, or two, begin the words that are not names of members; one in such a name, which no staged document has, is
    written as three.
    """
    own = tuple(name.replace("\0", "\0\0\0") for name in path) or (f"\0{itself}",)
    return [own if not index else (*own, f"\0\0{one}") for index, one in enumerate(made)]


def _scalar_kinds(scalars: Scalars) -> Iterator[tuple[CellKind, str]]:
    if scalars.number is not None:
        yield CellKind.NUMBER, scalars.number.value
    if scalars.form is not None:
        yield CellKind.TEXT, scalars.form.value
    if scalars.boolean:
        yield CellKind.BOOLEAN, "boolean"


def _alone(place: Seen, kind: CellKind, kinds: int) -> bool:
    if kind is CellKind.JSON:
        return place.scalars in (Scalars(), Scalars(null=True))
    return kinds == 1 and not place.objects and not place.arrays


def _is_record(place: Seen) -> bool:
    return bool(place.members) and not is_map(place)


def _hanging(place: Seen) -> Iterator[tuple[Step, Seen]]:
    """List what tables hang at a place, with what was seen in their items."""
    if place.items is not None:
        yield Step.ITEMS, place.items
    if is_map(place):
        yield Step.ENTRIES, values_of(place)


def _places(seen: Seen, path: tuple[str, ...], *, flat: bool) -> Iterator[tuple[tuple[str, ...], Seen]]:
    """List the places of one item: it itself, its members, and those of the objects in it, by name."""
    yield path, seen
    if _is_record(seen) and (flat or not path):
        for name in sorted(seen.members):
            yield from _places(seen.members[name], (*path, name), flat=flat)


def _width(seen: Seen) -> int:
    """Count the columns that an item would have if all objects in it were taken apart."""
    return sum(len([*_scalar_kinds(place.scalars)]) + place.deep for _, place in _places(seen, (), flat=True))
