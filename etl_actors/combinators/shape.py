"""The shape of a grammar's values, which is known before any text is: what a slip's expressions are checked against."""

from dataclasses import dataclass, field

__all__ = ["AnyOf", "Many", "Object", "Shape", "Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """A terminal's text."""


@dataclass(frozen=True, slots=True)
class Many:
    """A list, always: what can occur more than once."""

    item: "Shape"


@dataclass(eq=False, slots=True)
class Object:
    """The named children of a rule; a child that need not occur is null then. Rules may be recursive: so are their shapes.

    Args:
        rule: its name as keys have it.
        fields: by name.
    """

    rule: str
    fields: dict[str, "Shape"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several: of a ``?rule`` that collapses to children of different shapes."""

    options: tuple["Shape", ...]


Shape = Text | Many | Object | AnyOf
