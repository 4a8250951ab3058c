"""What a slip says by hand of places in its documents, whatever is seen there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Asked", "Every", "Place", "Wish", "asked_of", "place_of"]


class Every(Enum):
    """A step to all that an array or object holds."""

    ELEMENT = "[*]"
    MEMBER = ".*"


Place = tuple[str | Every, ...]
"""Steps from the document on: names of members, or all elements or members."""

_CODE = r"u(?:(?![dD][89a-fA-F])[0-9a-fA-F]{4}|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}  # others stand for themselves
_STEP = re.compile(
    r"(?P<elements>\[\*\])|(?P<members>\.\*)|\.(?P<name>[A-Za-z_\u0080-\U0010FFFF][A-Za-z0-9_\u0080-\U0010FFFF]*)"
    rf"|\[(?P<quoted>'(?:[^'\\]|\\(?:[bfnrt/\\']|{_CODE}))*'|\"(?:[^\"\\]|\\(?:[bfnrt/\\\"]|{_CODE}))*\")\]"
)
_ESCAPED = re.compile(rf"\\(?:(?P<code>{_CODE})|(?P<one>.))")


class Wish(Enum):
    """What can be said of a place."""

    MAPS = "maps"  # names of members are data
    FIELDS = "fields"  # names of members are fields
    NUMBERS = "numbers"  # texts that are written as numbers are numbers
    JSON = "json"  # objects and arrays stay JSON


@dataclass(slots=True)
class Asked:
    """What is said of a place, and of those below it.

    Args:
        wishes: of the place.
        members: by name.
        every_member: of each member, whatever its name.
        elements: of each element of an array.
    """

    wishes: set[Wish] = field(default_factory=set)
    members: dict[str, "Asked"] = field(default_factory=dict)
    every_member: "Asked | None" = None
    elements: "Asked | None" = None

    @property
    def fields(self) -> bool:
        """Whether names of members are fields: where one is told by its name, all are."""
        return Wish.FIELDS in self.wishes or (bool(self.members) and Wish.MAPS not in self.wishes)

    def member(self, name: str) -> "Asked | None":
        """Give what is said of a member: by its name, and of each."""
        own, every = self.members.get(name), self.every_member
        return own.joined(every) if own is not None and every is not None else own or every

    def joined(self, other: "Asked") -> "Asked":
        """Give what is said by either."""
        return Asked(
            self.wishes | other.wishes,
            {
                name: _either(self.members.get(name), other.members.get(name)) or Asked()
                for name in {**self.members, **other.members}
            },
            _either(self.every_member, other.every_member),
            _either(self.elements, other.elements),
        )

    def below(self, step: str | Every) -> "Asked":
        """Give what is said one step below, which is made where nothing was."""
        if step is Every.ELEMENT:
            self.elements = self.elements or Asked()
            return self.elements
        if step is Every.MEMBER:
            self.every_member = self.every_member or Asked()
            return self.every_member
        assert isinstance(step, str)
        return self.members.setdefault(step, Asked())


def asked_of(wishes: Iterable[tuple[Place, Wish]]) -> Asked | None:
    """Gather what is said of places; None where nothing is."""
    top: Asked | None = None
    for place, wish in wishes:
        at = top = top or Asked()
        for step in place:
            at = at.below(step)
        at.wishes.add(wish)
    return top


def place_of(text: str) -> Place | None:
    """Read a place as a slip writes it; None where it is none.

    Args:
        text: ``$``, ``$.a.b``, ``$.offers[*].price``, ``$.support.*``, ``$['odd name']``.

    Source: RFC 9535, of which these are the steps that a place needs.
    """
    if not text.startswith("$"):
        return None
    steps: list[str | Every] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            return None
        at = found.end()
        if found["elements"]:
            steps.append(Every.ELEMENT)
        elif found["members"]:
            steps.append(Every.MEMBER)
        else:
            steps.append(found["name"] if found["name"] is not None else _ESCAPED.sub(_meant, found["quoted"][1:-1]))
    return tuple(steps)


def _meant(escaped: re.Match[str]) -> str:
    """Give the character that an escape stands for; two codes may be the halves of one."""
    if escaped["code"]:
        return bytes.fromhex(re.sub(r"[u\\]", "", escaped["code"])).decode("utf-16-be")
    return _ESCAPES.get(escaped["one"], escaped["one"])


def _either(one: Asked | None, other: Asked | None) -> Asked | None:
    return one.joined(other) if one is not None and other is not None else one or other
