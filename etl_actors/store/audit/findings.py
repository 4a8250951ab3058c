"""What a check of the audit is, and what it finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Check", "Finding", "Made", "finding", "sentence"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be: which check, how often, and up to five examples."""

    check: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A check that was made.

    Args:
        name: short, for programs; of a table it ends with the table's name.
        invariant: that it belongs to, by its number in docs/architecture.md.
        proves: the sentence that holds where nothing is found.
        broken: what each thing found is, in the plural, as the beginning of a sentence that ends with how many and which.
        remedy: what helps, as a sentence; empty where that depends on what has happened.
    """

    name: str
    invariant: int
    proves: str
    broken: str = ""
    remedy: str = ""


Made = tuple[Check, list[Finding]]


def finding(check: str, row: Sequence[Any] | None) -> list[Finding]:
    """Make a finding of a row ``(count, examples)``; none where the count is 0."""
    if row is None or not row[0]:
        return []
    return [Finding(check, row[0], tuple(str(example) for example in row[1] or ()))]


def sentence(check: Check, found: Finding) -> str:
    """Tell of a finding as people read it: what is wrong, how often, and where to look."""
    shown = ", ".join(found.examples)
    examples = f" ({shown}{', …' if found.count > len(found.examples) > 1 else ''})" if shown else ""
    said = f"{check.broken or found.check}: {found.count:,}{examples}."
    return f"{said} {check.remedy}" if check.remedy else said
