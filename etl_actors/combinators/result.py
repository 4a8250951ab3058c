"""What a parser answers: a value and how far it came, or what it would have taken instead."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Failure", "Result", "Success"]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Success(Generic[T_co]):
    """A value was parsed.

    Args:
        value: the value.
        at: how far the parser came: an offset into a text, a number of elements of a list.
        beyond: the furthest failure of what was tried on the way and given up; it tells why the parser came no further.
    """

    value: T_co
    at: int
    beyond: "Failure | None" = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Nothing was parsed.

    Args:
        expected: what would have been taken, as in ``a digit``, each once, in a fixed order.
        got: what stands there instead, as a person would say it: ``'x'``, ``the end``, ``a number``.
        at: where: an offset into a text, an index of a list.
        path: of the value that was parsed, from the parser's own input: names and indexes.
        text: the text that was parsed, as a whole; None where the value is no text.
        cut: whether a `cut` was passed, so that no other option is tried.
    """

    expected: tuple[str, ...]
    got: str
    at: int
    path: tuple[str | int, ...] = ()
    text: str | None = None
    cut: bool = False


Result = Success[T_co] | Failure
