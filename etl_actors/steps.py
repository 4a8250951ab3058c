"""What a slip's ``steps.py`` imports: the mark of a step."""

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["step"]

Function = TypeVar("Function", bound=Callable[..., Any])


def step(function: Function) -> Function:
    """Mark a function of ``steps.py`` as a step that the slip's expressions can use.

    The mark is found by reading the file; the function stays what it is, and can be tested like any other. Its first
    argument is the value, whose type hint says what it takes: ``str int float Decimal bool list dict`` or ``Any``, with
    ``| None`` if it wants to see null too. A ``ValueError`` refuses the value: its text says what was expected.

    Example:
        >>> @step
        ... def isbn(value: str) -> str:
        ...     digits = value.replace("-", "")
        ...     if len(digits) not in {10, 13}:
        ...         raise ValueError("an ISBN of 10 or 13 digits")
        ...     return digits
    """
    return function
