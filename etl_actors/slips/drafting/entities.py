"""Entities: objects with a key of their own that documents repeat, whose other members are alike wherever the key comes again.

They are looked for in two passes: what was seen of the documents tells where they may be (`entity_candidates`), the documents
themselves whether they are (`Repeats`), in bounded memory.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from etl_actors.relational.breakout.keys import key_text
from etl_actors.relational.breakout.layout import Step
from etl_actors.relational.breakout.maps import is_map, values_of
from etl_actors.relational.breakout.scalars import Scalars
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.values.json_text import json_text

__all__ = ["Candidate", "Entity", "Repeats", "entity_candidates"]

_LIKELY = [re.compile(text) for text in ("id", "uuid", ".+(?:_id|Id)", ".+_uuid", "key|code|slug|sku")]
_MOST_CANDIDATES = 12
_MOST_KEYS = 5_000  # of one candidate: of more, the first are watched
_MOST_MEMBERS = 64  # of one candidate: of more, the first by name are watched
_OFTEN = 20  # of so many keys at least one is met in several documents
_TWICE = 2
_NULL = Scalars(null=True)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Where entities may be.

    Args:
        path: from the document on: names of members, and how items are found among others.
        key: the member that looks like their key.
        seen: what was seen of them.
        recurse: the member whose elements are such entities too; None for none.
    """

    path: tuple[str | Step, ...]
    key: str
    seen: Seen
    recurse: str | None = None

    @property
    def plural(self) -> bool:
        """Whether the path may lead to several."""
        return any(isinstance(step, Step) for step in self.path)


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


def entity_candidates(seen: Seen) -> list[Candidate]:
    """List where entities may be: in objects below the document that have a member which looks like a key; some, if they are many."""
    found: list[Candidate] = []
    for one in _below(seen, (), frozenset()):
        found.append(one)
        if len(found) == _MOST_CANDIDATES:
            break
    return found


def _below(seen: Seen, path: tuple[str | Step, ...], left_out: frozenset[str]) -> Iterator[Candidate]:
    if seen.objects and seen.arrays:
        return  # a path finds both, and what was seen is apart
    if seen.items is not None:
        yield from _at(seen.items, (*path, Step.ITEMS))
    if is_map(seen):
        yield from _at(values_of(seen), (*path, Step.ENTRIES))
        return
    for name in sorted(seen.members.keys() - left_out):
        yield from _at(seen.members[name], (*path, name))


def _at(place: Seen, path: tuple[str | Step, ...]) -> Iterator[Candidate]:
    key = None if is_map(place) else _key(place)
    if key is None:
        yield from _below(place, path, frozenset())
        return
    recurse = next((name for name in sorted(place.members) if _is_alike(place, name, key)), None)
    together = place.copy()
    if recurse is not None:
        for level in _levels(place, recurse):
            together.join(level)
    one = Candidate(path, key, together, recurse)
    if one.plural or not (
        place.arrays or place.scalars.joined(_NULL) != _NULL
    ):  # else a document would be refused, or tell it otherwise
        yield one
    yield from _below(place, path, frozenset() if recurse is None else frozenset({recurse}))


def _levels(place: Seen, recurse: str) -> Iterator[Seen]:
    """List what was seen at each level below the first one of a tree."""
    inner = place.members.get(recurse)
    while inner is not None and inner.items is not None:
        yield inner.items
        inner = inner.items.members.get(recurse)


def _key(place: Seen) -> str | None:
    for likely in _LIKELY:
        for name in sorted(place.members):
            if likely.fullmatch(name) and _is_one_kind(place.members[name]):
                return name
    return None


def _is_one_kind(place: Seen) -> bool:
    scalars = place.scalars
    plain = not (place.objects or place.arrays or scalars.boolean)
    return plain and (scalars.number is None) != (scalars.form is None)


def _is_alike(place: Seen, name: str, key: str) -> bool:
    """Tell whether a member holds entities of the same kind as the one that it is a member of."""
    inner = place.members[name].items
    return (
        inner is not None
        and not place.members[name].objects
        and key in inner.members
        and inner.members.keys() - {name} <= place.members.keys()
    )


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
        if key is None:
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
