"""A replay's filter that may list very many rows, cut to those that one step is about."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["Listed"]


@dataclass(frozen=True, slots=True)
class Listed:
    """What a replay means, read once.

    Args:
        replay_id: of which replay.
        others: its filter without the list of rows.
        rows: their ids, ascending; None where none are listed, and any is meant.
    """

    replay_id: int
    others: Mapping[str, Any]
    rows: Sequence[int] | None

    @classmethod
    def of(cls, replay_id: int, filtered: Mapping[str, Any]) -> Self:
        """Take a filter apart."""
        others = {name: value for name, value in filtered.items() if name != "rows"}
        return cls(replay_id, others, sorted(int(row_id) for row_id in filtered["rows"]) if "rows" in filtered else None)

    def next(self, cursor: int) -> dict[str, Any]:
        """Write the filter with the first row beyond a cursor only, if it lists rows."""
        if self.rows is None:
            return dict(self.others)
        at = bisect_right(self.rows, cursor)
        return {**self.others, "rows": list(self.rows[at : at + 1])}

    def between(self, lo: int, hi: int) -> dict[str, Any]:
        """Write the filter with the rows between two ids, both included, if it lists rows."""
        if self.rows is None:
            return dict(self.others)
        return {**self.others, "rows": list(self.rows[bisect_left(self.rows, lo) : bisect_right(self.rows, hi)])}
