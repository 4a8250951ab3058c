"""What was seen of documents, place by place: a tree that grows with their variety, not with their number.

Trees are joined as sets are: in any order, grouped in any way, any of them twice.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from etl_actors.relational.breakout.scalars import Scalars, scalars_of

__all__ = ["MOST_DEPTH", "MOST_MEMBERS", "Seen", "seen_in"]

MOST_MEMBERS = 300
"""Distinct names of members that one place may have: with more, its names are data."""

MOST_DEPTH = 24
"""Objects and arrays within one another that are taken apart: what lies deeper stays JSON."""

_DATA = re.compile(r"[0-9]|[0-9a-f]{8}-[0-9a-f]{4}-", re.ASCII)
_NOTHING = Scalars()


@dataclass(slots=True)
class Seen:
    """What was seen at one place of documents.

    Args:
        scalars: of all scalars.
        members: of objects whose names of members are fields: what was seen in each.
        widest: how many members the largest of these objects had, rounded up to a power of two.
        entries: of objects whose names of members are data: what was seen in all their members together; then `members` is empty.
        items: of arrays: what was seen in all their elements together.
        objects: whether there was an object.
        arrays: whether there was an array.
        deep: whether an object or array lies too deep to be taken apart.
    """

    scalars: Scalars = _NOTHING
    members: dict[str, "Seen"] = field(default_factory=dict)
    widest: int = 0
    entries: "Seen | None" = None
    items: "Seen | None" = None
    objects: bool = False
    arrays: bool = False
    deep: bool = False

    def add(self, value: Any, depth: int = 0) -> None:
        """Look at one more value of the place.

        Args:
            value: as a document is decoded.
            depth: how many objects and arrays are around it.
        """
        if type(value) is dict:
            self._add_object(value, depth)
        elif type(value) is list:
            self.arrays = True
            if depth >= MOST_DEPTH:
                self.deep = self.deep or bool(value)
                return
            for one in value:
                if self.items is None:
                    self.items = Seen()
                self.items.add(one, depth + 1)
        else:
            found = scalars_of(value)
            if found is not self.scalars:
                self.scalars = self.scalars.joined(found)

    def _add_object(self, value: dict[str, Any], depth: int) -> None:
        self.objects = True
        if depth >= MOST_DEPTH:
            self.deep = self.deep or bool(value)
            return
        if len(value) > self.widest:
            self.widest = 1 << (len(value) - 1).bit_length()  # about: else each object that is a little larger would be news
        for name, one in value.items():
            self._member(name).add(one, depth + 1)

    def holds(self, value: Any, depth: int = 0) -> bool:
        """Tell whether a value of the place has nothing that was not seen: to add it would change nothing.

        Args:
            value: as a document is decoded.
            depth: how many objects and arrays are around it.
        """
        if type(value) is dict:
            return self._holds_object(value, depth)
        if type(value) is not list:
            found = scalars_of(value)
            return found is self.scalars or self.scalars.hold(found)
        if not self.arrays:
            return False
        if depth >= MOST_DEPTH:
            return self.deep or not value
        items = self.items
        return not value or (items is not None and all(items.holds(one, depth + 1) for one in value))

    def _holds_object(self, value: dict[str, Any], depth: int) -> bool:
        if not self.objects:
            return False
        if depth >= MOST_DEPTH:
            return self.deep or not value
        if len(value) > self.widest:
            return False
        if self.entries is not None:
            entries = self.entries
            return all(entries.holds(one, depth + 1) for one in value.values())
        members = self.members
        return all((known := members.get(name)) is not None and known.holds(one, depth + 1) for name, one in value.items())

    def join(self, other: "Seen") -> None:
        """Take in what was seen elsewhere of the same place."""
        self.scalars = self.scalars.joined(other.scalars)
        self.widest = max(self.widest, other.widest)
        self.objects |= other.objects
        self.arrays |= other.arrays
        self.deep |= other.deep
        if other.items is not None:
            self.items = self.items or Seen()
            self.items.join(other.items)
        if other.entries is not None:
            self._gathered().join(other.entries)
        for name, one in other.members.items():
            self._member(name).join(one)

    def _member(self, name: str) -> "Seen":
        """Give the place of a member: its own, or that of all of them where one's name is data, or they are too many."""
        if self.entries is None:
            known = self.members.get(name)
            if known is not None:
                return known
            if len(self.members) < MOST_MEMBERS and not _DATA.match(name):
                made = self.members[name] = Seen()
                return made
        return self._gathered()

    def _gathered(self) -> "Seen":
        if self.entries is None:
            self.entries = Seen()
            for one in self.members.values():
                self.entries.join(one)
            self.members = {}
        return self.entries

    def copy(self) -> "Seen":
        """Give a tree of its own that is equal."""
        made = Seen()
        made.join(self)
        return made


def seen_in(value: Any) -> Seen:
    """Look at one document."""
    made = Seen()
    made.add(value)
    return made
