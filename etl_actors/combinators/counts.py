"""How often the children of a rule can occur."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["MANY", "Counts", "add", "union"]

MANY = 2  # twice is as good as a hundred times


@dataclass(slots=True)
class Counts:
    """How often children occur: at least and at most, by key; the sum of all named ones; the sum with unnamed regexes."""

    least: dict[str, int]
    most: dict[str, int]
    named: tuple[int, int] = (0, 0)
    every: tuple[int, int] = (0, 0)


def add(total: Counts, more: Counts) -> None:
    """Count what follows too.

    Args:
        total: is added to.
        more: what follows.
    """
    for key, count in more.most.items():
        total.most[key] = min(MANY, total.most.get(key, 0) + count)
        total.least[key] = min(MANY, total.least.get(key, 0) + more.least.get(key, 0))
    total.named = _sum(total.named, more.named)
    total.every = _sum(total.every, more.every)


def _sum(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return min(MANY, a[0] + b[0]), min(MANY, a[1] + b[1])


def union(options: Sequence[Counts]) -> Counts:
    """Count what any of several alternatives gives.

    Args:
        options: of each.

    Returns:
        The least and the most of them.
    """
    keys = dict.fromkeys(key for option in options for key in option.most)
    return Counts(
        {key: min(option.least.get(key, 0) for option in options) for key in keys},
        {key: max(option.most.get(key, 0) for option in options) for key in keys},
        (min(option.named[0] for option in options), max(option.named[1] for option in options)),
        (min(option.every[0] for option in options), max(option.every[1] for option in options)),
    )
