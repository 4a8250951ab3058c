"""What a column's values must fulfil: PostgreSQL's CHECK as a tree, so that nobody writes SQL into a slip."""

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["AllOf", "AnyOf", "Check", "Compared", "Filled", "NoneOf", "OneOf"]

Scalar = str | int | Decimal | bool


@dataclass(frozen=True, slots=True)
class Compared:
    """``column operator other``; the other side is a constant or, with `column_too`, another column's name.

    Args:
        column: on the left.
        operator: one of ``=  <>  <  <=  >  >=``.
        other: a constant, or a column's name.
        column_too: whether `other` names a column.
    """

    column: str
    operator: str
    other: Scalar
    column_too: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """``column IN (options)``."""

    column: str
    options: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """``column IS NOT NULL``."""

    column: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Check", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Check", ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The part does not hold."""

    part: "Check"


Check = Compared | OneOf | Filled | AllOf | AnyOf | NoneOf
