"""Entities: objects with a key of their own that documents repeat, whose other members are alike wherever the key comes again.

What is remembered of documents is bounded, however many there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from etl_actors.relational.breakout.keys import is_key, key_text
from etl_actors.relational.breakout.maps import is_map
from etl_actors.relational.breakout.shape import Step
from etl_actors.slips.drafting.entities import Candidate
from etl_actors.slips.values.json_text import json_text

__all__ = ["Entity", "Repeats"]

_MOST_KEYS = 5_000  # of one candidate: of more, the first are watched
_MOST_MEMBERS = 64  # of one candidate: of more, the first by name are watched
_OFTEN = 20  # of so many keys at least one is met in several documents
_TWICE = 2


@dataclass(frozen=True, slots=True)
class Entity:
    """Entities of one kind.

    Args:
        where: they are.
        keys: how many different ones were met.
        more: whether there are more, which were not watched.
        places: how often these were met.
        keyless: whether an item there has no key.
        varying: members that differ although the key is the same.
    """

    where: Candidate
    keys: int
    more: bool
    places: int
    keyless: bool
    varying: frozenset[str]


class Repeats:
    """Looks at documents, and tells which candidates are entities.

    Args:
        candidates: as `entity_candidates` gives them.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._watched = [_Watch(one, _members(one)) for one in candidates]
        self._documents = 0

    def add(self, document: Any) -> None:
        """Look at one document."""
        self._documents += 1
        for watch in self._watched:
            for item in _items(document, watch.where.path):
                if item is not None or watch.where.plural:  # null is an item among others, and none by itself
                    watch.look(item, self._documents)

    def found(self) -> list[Entity]:
        """Give the entities, in the order of the candidates."""
        return [entity for watch in self._watched if (entity := watch.entity()) is not None]


def _members(one: Candidate) -> tuple[str, ...]:
    """List the members that may tell one entity from another: what is no list and no map."""
    names = (name for name, place in sorted(one.seen.members.items()) if place.items is None and not is_map(place))
    return tuple(name for name in names if name not in {one.key, one.recurse})[:_MOST_MEMBERS]


def _items(value: Any, path: Sequence[str | Step]) -> Iterator[Any]:
    """Find what a slip's `each` finds at a path: a wildcard finds elements and members alike."""
    if not path:
        yield value
        return
    step, *others = path
    inner: Iterable[Any] = ()
    if isinstance(step, Step):
        inner = value if type(value) is list else value.values() if type(value) is dict else ()
    elif type(value) is dict and step in value:
        inner = (value[step],)
    for one in inner:
        yield from _items(one, others)


@dataclass(slots=True)
class _Met:
    """An entity that was met.

    Args:
        document: number of the first document that has it.
        values: of its members: the hash of the first value, None where there is none yet.
        again: whether another document has it.
    """

    document: int
    values: list[int | None]
    again: bool = False


@dataclass(slots=True)
class _Watch:
    """What was met of one candidate.

    Args:
        where: it is.
        members: that are compared.
        known: what was met, by the text of its key.
        places: how often.
        more: whether there were keys too many.
        keyless: whether an item has no key.
        compared: of each member, how often it was the same when the key came again.
        varying: which of the members were not.
        first: of each member, the hash of its very first value.
        telling: which of the members have had another value than the first.
    """

    where: Candidate
    members: tuple[str, ...]
    known: dict[str, _Met] = field(default_factory=dict)
    places: int = 0
    more: bool = False
    keyless: bool = False
    compared: dict[int, int] = field(default_factory=dict)
    varying: set[int] = field(default_factory=set)
    first: dict[int, int] = field(default_factory=dict)
    telling: set[int] = field(default_factory=set)

    def look(self, item: Any, document: int) -> None:
        """Look at one item, and at those below it."""
        key = item.get(self.where.key) if type(item) is dict else None
        if not is_key(key):
            self.keyless = True
        else:
            self._meet(key_text(key), item, document)
        for one in _items(item, (self.where.recurse, Step.ITEMS)) if self.where.recurse is not None else ():
            self.look(one, document)

    def _meet(self, key: str, item: dict[str, Any], document: int) -> None:
        met = self.known.get(key)
        if met is None:
            if len(self.known) == _MOST_KEYS:
                self.more = True
                return
            met = self.known[key] = _Met(document, [None] * len(self.members))
        self.places += 1
        met.again |= met.document != document
        for number, name in enumerate(self.members):
            value = item.get(name)
            if value is not None and number not in self.varying:
                self._compare(met, number, hash(value) if type(value) is str else hash(json_text(value)))

    def _compare(self, met: _Met, number: int, value: int) -> None:
        before = met.values[number]
        if before is None:
            met.values[number] = value
            if self.first.setdefault(number, value) != value:
                self.telling.add(number)
        elif before == value:
            self.compared[number] = self.compared.get(number, 0) + 1
        else:
            self.varying.add(number)

    def entity(self) -> Entity | None:
        """Tell whether these are entities: several documents have the same ones, and a member follows from the key."""
        again = sum(met.again for met in self.known.values())
        follow = [number for number in self.telling if number not in self.varying and self.compared.get(number, 0) >= _TWICE]
        if again < _TWICE or _OFTEN * again < len(self.known) or not follow:
            return None
        varying = frozenset(self.members[number] for number in self.varying)
        return Entity(self.where, len(self.known), self.more, self.places, self.keyless, varying)
