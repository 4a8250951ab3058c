"""What a check of the audit is, and what it finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Check", "Finding", "Made", "finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be: which check, how often, and up to five examples."""

    check: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A check that was made: the invariant it belongs to, and the sentence that it proves."""

    name: str
    invariant: int
    proves: str


Made = tuple[Check, list[Finding]]


def finding(check: str, row: Sequence[Any] | None) -> list[Finding]:
    """Make a finding of a row ``(count, examples)``; none where the count is 0."""
    if row is None or not row[0]:
        return []
    return [Finding(check, row[0], tuple(str(example) for example in row[1] or ()))]
