"""Where entities may be, objects with a key of their own that documents repeat: told from what was seen of the documents.

Whether they are, the documents themselves tell (`repeats.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from etl_actors.relational.breakout.maps import is_map, values_of
from etl_actors.relational.breakout.scalars import Scalars
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Step

__all__ = ["Candidate", "entity_candidates"]

_LIKELY = [re.compile(text) for text in ("id", "uuid", ".+(?:_id|Id)", ".+_uuid", "key|code|slug|sku")]
_MOST_CANDIDATES = 12
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
