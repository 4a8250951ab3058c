"""What was seen of documents, place by place: a tree that grows with their variety, not with their number.

Trees are joined as sets are: in any order, grouped in any way, any of them twice.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from etl_actors.relational.breakout.asked import Asked, Wish
from etl_actors.relational.breakout.scalars import Form, Scalars, number_in, scalars_of

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
        deep: whether objects and arrays are not taken apart, since they lie too deep, or that is asked, or too many fields are; then
            nothing is known of what is in them.
        asked: what is said of the place by hand; no part of what was seen.
        varying: of whole documents: by entity the paths of the attributes that are not the same wherever it occurs.
    """

    scalars: Scalars = _NOTHING
    members: dict[str, "Seen"] = field(default_factory=dict)
    widest: int = 0
    entries: "Seen | None" = None
    items: "Seen | None" = None
    objects: bool = False
    arrays: bool = False
    deep: bool = False
    asked: Asked | None = field(default=None, compare=False)
    varying: dict[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)

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
            if self._whole(depth):
                self.deep = self.deep or bool(value)
                return
            for one in value:
                self._elements().add(one, depth + 1)
        elif not self._takes_text(value):
            found = self._scalars_of(value)
            if found is not self.scalars:
                self.scalars = self.scalars.joined(found)

    def _add_object(self, value: dict[str, Any], depth: int) -> None:
        self.objects = True
        if self._whole(depth):
            self.deep = self.deep or bool(value)
            return
        if len(value) > self.widest:
            self.widest = 1 << (len(value) - 1).bit_length()  # about: else each object that is a little larger would be news
        for name, one in value.items():
            member = self._member(name)
            if member is None:
                self._give_up()
                return
            member.add(one, depth + 1)

    def holds(self, value: Any, depth: int = 0) -> bool:
        """Tell whether a value of the place has nothing that was not seen: to add it would change nothing.

        Args:
            value: as a document is decoded.
            depth: how many objects and arrays are around it.
        """
        if type(value) is dict:
            return self._holds_object(value, depth)
        if self._takes_text(value):
            return True
        if type(value) is not list:
            found = self._scalars_of(value)
            return found is self.scalars or self.scalars.hold(found)
        if not self.arrays:
            return False
        if self._whole(depth):
            return self.deep or not value
        items = self.items
        return not value or (items is not None and all(items.holds(one, depth + 1) for one in value))

    def _holds_object(self, value: dict[str, Any], depth: int) -> bool:
        if not self.objects:
            return False
        if self._whole(depth):
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
        for entity, paths in other.varying.items():
            self.varying[entity] = self.varying.get(entity, frozenset()) | paths
        if self._is(Wish.JSON):
            self.deep |= other.items is not None or other.entries is not None or bool(other.members)
        if self.deep:
            self._give_up()
            return
        if other.items is not None:
            self._elements().join(other.items)
        if other.entries is not None:
            self._gathered().join(other.entries)
        for name, one in other.members.items():
            member = self._member(name)
            if member is None:
                self._give_up()
                return
            member.join(one)

    def _give_up(self) -> None:
        """Take objects and arrays apart no more, whatever was known of them."""
        self.deep, self.members, self.entries, self.items, self.widest = True, {}, None, None, 0

    def _member(self, name: str) -> "Seen | None":
        """Give the place of a member: its own, or that of all of them where one's name is data, or they are too many.

        None where they are too many although it is asked that they be fields.
        """
        if self.entries is None:
            known = self.members.get(name)
            if known is not None:
                return known
            fields = self.asked is not None and self.asked.fields
            if fields and len(self.members) >= MOST_MEMBERS:
                return None
            if len(self.members) < MOST_MEMBERS and (fields or not (_DATA.match(name) or self._is(Wish.MAPS))):
                made = self.members[name] = Seen(asked=None if self.asked is None else self.asked.member(name))
                return made
        return self._gathered()

    def _gathered(self) -> "Seen":
        if self.entries is None:
            self.entries = Seen(asked=None if self.asked is None else self.asked.every_member)
            for one in self.members.values():
                self.entries.join(one)
            self.members = {}
        return self.entries

    def _elements(self) -> "Seen":
        if self.items is None:
            self.items = Seen(asked=None if self.asked is None else self.asked.elements)
        return self.items

    def _is(self, wish: Wish) -> bool:
        return self.asked is not None and wish in self.asked.wishes

    def _whole(self, depth: int) -> bool:
        return self.deep or depth >= MOST_DEPTH or self._is(Wish.JSON)

    def _takes_text(self, value: Any) -> bool:
        """Tell of a text at once that any may stand at the place: its form is not asked then."""
        return type(value) is str and self.scalars.form is Form.TEXT and self.asked is None

    def _scalars_of(self, value: Any) -> Scalars:
        if self.asked is not None and type(value) is str and Wish.NUMBERS in self.asked.wishes:
            number = number_in(value)
            return scalars_of(value if number is None else number)
        return scalars_of(value)

    def copy(self) -> "Seen":
        """Give a tree of its own that is equal."""
        made = Seen(asked=self.asked)
        made.join(self)
        return made


def seen_in(value: Any, asked: Asked | None = None) -> Seen:
    """Look at one document, of which something may be said by hand."""
    made = Seen(asked=asked)
    made.add(value)
    return made
