"""The steps that a slip declares in its ``steps.py``: found by reading it, run only where documents are mapped."""

from dataclasses import dataclass

__all__ = ["OwnStep"]


@dataclass(frozen=True, slots=True)
class OwnStep:
    """A step of a slip's own, as its definition says; nothing of the file has run.

    Args:
        name: of the function.
        takes: the type hint of the value: ``str int float Decimal bool list dict`` or ``Any``.
        takes_null: whether the function wants to see null too.
        least: how many arguments it needs behind the value.
        most: how many it takes.
    """

    name: str
    takes: str
    takes_null: bool
    least: int
    most: int
