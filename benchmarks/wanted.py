"""What is asked of the benches."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the benches.

    Args:
        tell: told what is done.
        rows: of a bench, those that are timed; none for as many as befit it.
        rounds: how often each side runs.
        settled: rows of `books`.
        backlog: rows of `backlog` that wait.
        minutes: of steady load in `memory`; 0 for none.
    """

    tell: Callable[[str], None]
    rows: int | None = None
    rounds: int = 5
    settled: int = 5_000_000
    backlog: int = 5_000_000
    minutes: float = 10.0

    def of(self, usual: int) -> int:
        """Give the rows of a bench, where nobody asked for another number so many."""
        return self.rows or usual
