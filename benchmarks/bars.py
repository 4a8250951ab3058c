"""What a bench has to reach, and whether it does."""

from dataclasses import dataclass

__all__ = ["OURS", "RATIO", "Bar"]

RATIO = "ratio"
"""Names the figure of a bar on the ratio of the medians."""
OURS = "ours"
"""Names the figure of a bar on the median of the service."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit for one figure of a bench.

    Args:
        at: what has to be reached.
        beyond: what is better still; none where nothing is said of it.
        figure: which is meant: `RATIO`, `OURS`, or the name of a figure beside them.
        unit: of the figure; none of a ratio.
        most: whether a figure has to be at most so much, as a time is, and not at least.
    """

    at: float
    beyond: float | None = None
    figure: str = RATIO
    unit: str = ""
    most: bool = False

    def reached(self, value: float) -> bool:
        """Tell whether a figure is on the right side of what has to be reached."""
        return self._holds(value, self.at)

    def verdict(self, value: float) -> str:
        """Say what had to be reached and whether it is, as in ``bar ≥ 0.6, beyond ≥ 0.9: reached``."""
        sign = "≤" if self.most else "≥"
        wanted = f"{sign} {self._written(self.at)}"
        of = "" if self.figure == RATIO else f"{self.figure}: "
        found = "reached" if self.reached(value) else "not reached"
        if self.beyond is None:
            return f"{of}bar {wanted}: {found}"
        found = "beyond" if self._holds(value, self.beyond) else found
        return f"{of}bar {wanted}, beyond {sign} {self._written(self.beyond)}: {found}"

    def _holds(self, value: float, limit: float) -> bool:
        return value <= limit if self.most else value >= limit

    def _written(self, limit: float) -> str:
        return f"{limit:g} {self.unit}".rstrip()
