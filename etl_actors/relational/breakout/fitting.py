"""Documents against tables that may not follow them: what of a document has a place, what is news, and what is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from etl_actors.relational.breakout.places import Spot, pointer
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.shape import CellKind, Layout
from etl_actors.relational.breakout.transition import addresses

__all__ = ["NOTHING", "Contract", "Fitting", "Judged", "Misfit", "disturbed"]

NOTHING: Any = object()
"""No value at all, not even null."""


class Contract(StrEnum):
    """What becomes of a document that has no place in a table."""

    EVOLVE = "evolve"  # the table gets one
    FREEZE = "freeze"  # the document is rejected
    DISCARD_ROW = "discard_row"  # it is skipped, and counted
    DISCARD_VALUE = "discard_value"  # it lands without the value, which is a reject of its own


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that has no place in a table that does not follow.

    Args:
        table: number of the table.
        place: a pointer to the value, from the item of that table on.
        path: a pointer to it from the document on.
        value: the value.
    """

    table: int
    place: str
    path: str
    value: Any


@dataclass(slots=True)
class Judged:
    """What was found of a document.

    Args:
        news: of it what tables may follow that do; `NOTHING` where there is no such part.
        kept: the document without its misfits: members are left out, elements of arrays and members of maps are null.
        misfits: in the order of the document.
    """

    news: Any = NOTHING
    kept: Any = None
    misfits: list[Misfit] = field(default_factory=list)


def disturbed(before: Layout, after: Layout, contracts: Sequence[Contract]) -> str:
    """Name a table that would not stay as it is although its contract says so; empty where there is none.

    What tables above it follow may turn fields into data, or need names of tables marked.

    Args:
        before: as the tables are.
        after: as they would be.
        contracts: of the tables as they are.
    """
    there = {address: (table.name, *table.cells) for address, table in zip(addresses(after), after.tables, strict=True)}
    for address, table, contract in zip(addresses(before), before.tables, contracts, strict=True):
        if contract is not Contract.EVOLVE and there.get(address) != (table.name, *table.cells):
            return table.name
    return ""


class Fitting:
    """Judges documents by one layout and its contracts.

    Args:
        breaker: of the layout.
        contracts: by name of table; the tables below one have its contract, where they have none of their own.
        contract: of the others.
    """

    def __init__(self, breaker: Breaker, contracts: Mapping[str, Contract], contract: Contract) -> None:
        self._roots = breaker.roots
        self.contracts: list[Contract] = []
        for table in breaker.layout.tables:
            above = contract if table.parent is None else self.contracts[table.parent]
            self.contracts.append(contracts.get(table.name, above))
        self.follows = all(one is Contract.EVOLVE for one in self.contracts)

    def judged(self, document: Any) -> Judged:
        """Judge a document, without the fields of the key."""
        found = Judged()
        found.kept, found.news = self._walked(self._roots[0], document, 0, (), found)
        found.kept = None if found.kept is NOTHING else found.kept
        return found

    def _walked(self, spot: Spot, value: Any, table: int, path: tuple[str, ...], found: Judged) -> tuple[Any, Any]:
        """Give of a value at a place what is kept, and what is news to those that follow."""
        follows = self.contracts[table] is Contract.EVOLVE
        if type(value) is dict and value:
            if spot.entries is not None:
                return self._members(spot, value, spot.entries, path, found)
            if CellKind.JSON not in spot.columns and (spot.members or not path):
                return self._members(spot, value, table, path, found)
        elif type(value) is list and value and spot.items is not None:
            return self._elements(spot.items, value, path, found)
        if follows:
            return value, value
        if spot.takes(value):
            return value, NOTHING
        found.misfits.append(Misfit(table, spot.pointer, pointer(path), value))
        return NOTHING, NOTHING

    def _members(self, spot: Spot, value: dict[str, Any], table: int, path: tuple[str, ...], found: Judged) -> tuple[Any, Any]:
        kept: dict[str, Any] = {}
        news: dict[str, Any] = {}
        follows = self.contracts[table] is Contract.EVOLVE
        for name, one in value.items():
            inside = self._roots[table] if spot.entries is not None else spot.members.get(name)
            if inside is not None:
                stays, new = self._walked(inside, one, table, (*path, name), found)
            elif follows:
                stays, new = one, one
            else:
                stays = new = NOTHING
                found.misfits.append(Misfit(table, spot.pointer + pointer((name,)), pointer((*path, name)), one))
            if stays is not NOTHING:
                kept[name] = stays
            elif spot.entries is not None:
                kept[name] = None
            if new is not NOTHING:
                news[name] = new
        return kept, news if follows or news else NOTHING

    def _elements(self, table: int, value: list[Any], path: tuple[str, ...], found: Judged) -> tuple[Any, Any]:
        kept: list[Any] = []
        news: list[Any] = []
        for index, one in enumerate(value):
            stays, new = self._walked(self._roots[table], one, table, (*path, str(index)), found)
            kept.append(None if stays is NOTHING else stays)
            if new is not NOTHING:
                news.append(new)
        return kept, news if self.contracts[table] is Contract.EVOLVE or news else NOTHING
