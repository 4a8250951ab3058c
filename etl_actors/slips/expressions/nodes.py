"""The tree of an expression, as the grammar gives it and as the compiler reads it.

Each node knows at which character of its expression it begins (`at`), for messages.
"""

from dataclasses import dataclass
from decimal import Decimal

__all__ = [
    "All",
    "Any_",
    "Choice",
    "Compare",
    "Descendants",
    "Exists",
    "Expression",
    "Field",
    "If",
    "Index",
    "Literal",
    "Matches",
    "Member",
    "Not",
    "Path",
    "Pipe",
    "Predicate",
    "Segment",
    "Slice",
    "Special",
    "Step",
    "Steps",
    "TypeOf",
    "Union",
    "Wild",
]


@dataclass(frozen=True, slots=True)
class Field:
    """``.name``: a member of an object."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """``[0]``, ``[-1]``: an element of an array."""

    number: int


@dataclass(frozen=True, slots=True)
class Slice:
    """``[1:5:2]``: some elements of an array."""

    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True, slots=True)
class Wild:
    """``.*``, ``[*]``: every member or element."""


@dataclass(frozen=True, slots=True)
class Union:
    """``['a', 0, 1:2]``: several selectors of one segment."""

    selectors: tuple[Field | Index | Slice | Wild, ...]


@dataclass(frozen=True, slots=True)
class Descendants:
    """``..name``, ``..*``: the members that a selector finds in a value and in all that is below it, parents first."""

    selectors: tuple[Field | Index | Slice | Wild, ...]


Segment = Field | Index | Slice | Wild | Union | Descendants


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; `value` is a scalar."""

    at: int
    value: str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Path:
    """A path from a root: ``$`` the document, ``@`` the item, ``""`` a bare name (a let in scope, or a field of the item)."""

    at: int
    root: str
    segments: tuple[Segment, ...]

    @property
    def plural(self) -> bool:
        """Whether it gives a list of matches rather than one value."""
        return any(not isinstance(segment, Field | Index) for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Special:
    """``@key``, ``@index``, ``@row_id`` and their like; `name` is without the ``@``."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """``name(arguments)`` behind a ``|``.

    Args:
        at: where it begins.
        name: of the step or type.
        arguments: in order; `Steps` where steps are an argument, as in ``map(trim)``; a name (of a grammar, of a map) is a
            `Path` of one bare field.
        named: ``tz="UTC"`` and its like, by name.
        array: whether a type is followed by ``[]``.
        behind: of `ref`: the expression that it stands behind.
    """

    at: int
    name: str
    arguments: tuple["Expression | Predicate | Steps", ...]
    named: tuple[tuple[str, "Expression"], ...] = ()
    array: bool = False
    behind: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Steps:
    """``step | step`` without a value, as an argument of `map`, `many` and `sep_by`; the first part is a step."""

    at: int
    parts: tuple[Step | Segment, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """``value | step | step``; what follows a step as ``.x`` is a segment among the steps."""

    at: int
    value: "Expression"
    steps: tuple[Step | Segment, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``a / b``: the first option that does not fail."""

    at: int
    options: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class TypeOf:
    """``type(p)``: the name that jsonb_typeof has for it."""

    at: int
    value: "Expression"


@dataclass(frozen=True, slots=True)
class If:
    """``if(p, a, b)``."""

    at: int
    condition: "Predicate"
    then: "Expression"
    other: "Expression"


Expression = Literal | Path | Special | Pipe | Choice | TypeOf | If


@dataclass(frozen=True, slots=True)
class Exists:
    """``exists(p)``: it is there and not null; of several matches, at least one. `end` is behind its last character."""

    at: int
    value: Expression
    end: int = 0


@dataclass(frozen=True, slots=True)
class Matches:
    """``matches(p, grammar)``: a text that the grammar takes as a whole; `end` is behind its last character."""

    at: int
    value: Expression
    grammar: str
    end: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    """``left == right`` and its like; `operator` is Python's; `end` is behind its last character."""

    at: int
    operator: str
    left: Expression
    right: Expression
    end: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """``left in [a, b]``; `end` is behind its last character."""

    at: int
    left: Expression
    options: tuple[Expression, ...]
    end: int = 0


@dataclass(frozen=True, slots=True)
class All:
    """``a and b``."""

    at: int
    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801  (``Any`` is taken)
    """``a or b``."""

    at: int
    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``not a``."""

    at: int
    part: "Predicate"


Predicate = Exists | Matches | Compare | Member | All | Any_ | Not
