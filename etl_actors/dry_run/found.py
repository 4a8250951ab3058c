"""What a dry run has found."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_actors.relational.reject import Reject
from etl_actors.store.replay.differences import TableChange

__all__ = ["DryRun", "Refusals"]


@dataclass(slots=True)
class Refusals:
    """The rows and items that would be rejected: how many for each reason, and one of each to look at."""

    rows: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Reject] = field(default_factory=dict)

    def note(self, reject: Reject) -> None:
        """Count one more."""
        (self.items if reject.item else self.rows)[reject.reason] += 1
        self.examples.setdefault(reject.reason, reject)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a replay would change; as it stands, of one that chooses nothing.

    Args:
        chosen: rows that the filter chooses.
        looked_at: of these, the rows that were parsed.
        tables: how each would differ.
        outcomes: how many rows would go from which outcome to which, each a letter: l d s r.
        refusals: the rows that would be rejected.
        sought: documents that were parsed because they may win what the chosen rows would let go.
        withheld: of these, documents that were not parsed, since their version's steps.py is not what is installed.
        losers: how many there are.
    """

    chosen: int = 0
    looked_at: int = 0
    tables: tuple[TableChange, ...] = ()
    outcomes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    refusals: Refusals = field(default_factory=Refusals)
    sought: int = 0
    withheld: int = 0
    losers: int = 0
