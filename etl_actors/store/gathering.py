"""Which sources are left alone for a moment, since their rows come quickly, but too slowly to fill a batch.

A batch costs some milliseconds of a core whatever is in it, and producers have the same cores perhaps: at 2,800 commits a second a
daemon that claimed each few rows as they came took three quarters of both cores of a machine.
"""

from collections.abc import Callable

__all__ = ["MOMENT_S", "Gathering"]

MOMENT_S = 0.1
"""For so long: enough for a batch that is worth its price, and no more than a row may wait."""

_QUICK = 1_000.0  # rows a second of one source: a moment holds a hundred of them
_FEW = 10  # fewer rows tell nothing: two that are claimed one shortly after the other may be all that there are
_SOURCES = 10_000  # that are remembered


class Gathering:
    """Remembers when each source was claimed last.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._claimed: dict[str, float] = {}  # the one that was claimed longest ago first
        self._until: dict[str, float] = {}

    def note(self, source: str, rows: int, *, full: bool) -> bool:
        """Take note of a claim; return whether its source is left alone for a moment.

        Args:
            source: that was claimed.
            rows: that it had.
            full: whether as many were claimed as may be at once: then more of them wait already.
        """
        now = self._clock()
        before = self._claimed.pop(source, None)
        self._claimed[source] = now
        if len(self._claimed) > _SOURCES:
            del self._claimed[next(iter(self._claimed))]
        if full or before is None or rows < max(_FEW, _QUICK * (now - before)):
            return False
        self._until[source] = now + MOMENT_S
        return True

    def sources(self) -> set[str]:
        """Return the sources that are left alone now."""
        if not self._until:
            return set()
        now = self._clock()
        self._until = {source: until for source, until in self._until.items() if now < until}
        return set(self._until)
