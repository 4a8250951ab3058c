"""How wide the columns of a table are: texts give way, numbers never do."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["BETWEEN", "Needed", "fitted"]

BETWEEN = 3  # blanks between two columns
_LEAST = 8  # of a text that gives way


@dataclass(frozen=True, slots=True)
class Needed:
    """What one column needs.

    Args:
        title: columns of its head.
        cells: columns of its widest cell.
        firm: numbers and ids are neither broken nor cut.
    """

    title: int
    cells: int
    firm: bool

    @property
    def wanted(self) -> int:
        """Columns for all of it."""
        return max(self.title, self.cells)

    @property
    def least(self) -> int:
        """Columns below which it does not go."""
        return self.cells if self.firm else min(self.wanted, _LEAST)


def fitted(columns: Sequence[Needed], page: int | None) -> list[int]:
    """Return a width for each column: the widest text gives way first, and after all texts the heads of numbers.

    Args:
        columns: what they need.
        page: columns of the page; None for as many as are needed. What is firm is wider than a page that is too narrow.
    """
    widths = [column.wanted for column in columns]
    if page is None:
        return widths
    room = page - BETWEEN * (len(columns) - 1)
    for firm in (False, True):
        may = [at for at, column in enumerate(columns) if column.firm is firm]
        while (excess := sum(widths) - room) > 0:
            most = max((widths[at] for at in may if widths[at] > columns[at].least), default=0)
            widest = [at for at in may if widths[at] == most and widths[at] > columns[at].least]
            if not widest:
                break
            below = max((widths[at] for at in may if widths[at] < most), default=0)
            for at in widest:
                floor = max(columns[at].least, below, most - max(1, excess // len(widest)))
                widths[at] = min(widths[at] - 1, floor)
    return [max(1, width) for width in widths]
