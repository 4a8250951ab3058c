"""Objects whose names of members are data (versions, browsers, identifiers), told from those whose names are fields."""

from etl_actors.relational.breakout.scalars import Scalars
from etl_actors.relational.breakout.seen import Seen

__all__ = ["is_map", "values_of"]

_MANY = 30  # names; fewer are fields however they vary
_TIMES = 3  # as many names as the largest object has: then no two objects have the same ones
_ALIKE = 8  # members that are objects with a name in common
_MOSTLY = 4  # of so many at most one is not
_NULL = Scalars(null=True)


def is_map(seen: Seen) -> bool:
    """Tell whether the names of an object's members are data.

    A slip may say so. Else they are where one looks like it or they are too many (which `Seen` knows itself); where there are many more than any one object
    has; and where there are several, and what is in the members is alike.
    """
    if seen.entries is not None:
        return True
    if seen.asked is not None and seen.asked.fields:
        return False
    count = len(seen.members)
    return (count > _MANY and count > _TIMES * seen.widest) or (count >= _ALIKE and _alike(list(seen.members.values())))


def values_of(seen: Seen) -> Seen:
    """Give what was seen in all members together."""
    if seen.entries is not None:
        return seen.entries
    together = Seen(asked=None if seen.asked is None else seen.asked.every_member)
    for one in seen.members.values():
        together.join(one)
    return together


def _alike(places: list[Seen]) -> bool:
    """Tell whether all are objects (or arrays of them) that have a name in common, or most of them maps themselves."""
    if any(place.scalars.joined(_NULL) != _NULL for place in places):
        return False
    inner = [place.items if place.items is not None and not place.objects else place for place in places]
    if any(not place.objects or place.scalars.joined(_NULL) != _NULL for place in inner):
        return False
    if _MOSTLY * sum(place.entries is not None for place in inner) >= (_MOSTLY - 1) * len(inner):
        return True
    names = [set(place.members) for place in inner]
    return bool(set.intersection(*names))
