"""Which materialized views show less than has landed: told by the master, asked by the refresher."""

import threading
import time
from dataclasses import dataclass, field

from etl_actors.actors.stop import Stop
from etl_actors.slips.shelf.catalogue import Catalogue

__all__ = ["Staleness"]

_AGAIN = 20  # refreshes that a view may be behind others, who were to make them and are gone


@dataclass(slots=True)
class Staleness:
    """What is marked stays so until it was refreshed since, whoever dies meanwhile.

    Args:
        every_s: seconds from one refresh of a view to the next, at least.
        stop: set when the daemon ends: nothing is to be refreshed any more, and what is being refreshed is to end.
    """

    every_s: float
    stop: Stop = field(default_factory=Stop)
    _known: frozenset[str] = field(default=frozenset(), init=False)  # slips that have a materialized view
    _marks: dict[str, int] = field(default_factory=dict, init=False)  # by slip; another number: marked again since
    _not_before: dict[str, float] = field(default_factory=dict, init=False)  # time.monotonic()
    _hurried: bool = field(default=False, init=False)
    _again_at: float = field(default=0.0, init=False)  # time.monotonic()
    _count: int = field(default=0, init=False)
    _told: threading.Condition = field(default_factory=threading.Condition, init=False)

    def work_by(self, catalogue: Catalogue) -> None:
        """Know which slips have materialized views; what has landed before is not known, so all are stale."""
        with self._told:
            self._again_at = time.monotonic() + _AGAIN * self.every_s
            self._known = frozenset(
                slip.name for slip in catalogue.slips if slip.breakout and slip.breakout.view and slip.breakout.view.materialized
            )
            self._marks = {name: mark for name, mark in self._marks.items() if name in self._known}
        for name in self._known:
            self.mark(name)

    def mark(self, slip: str | None) -> None:
        """Tell that rows of a slip have landed."""
        with self._told:
            if slip in self._known and slip is not None:
                self._count += 1
                self._marks[slip] = self._count
                self._told.notify_all()

    def due(self, timeout_s: float) -> dict[str, int]:
        """Give the slips whose views are to be refreshed now, each with its mark.

        Args:
            timeout_s: seconds to wait, at most, until there is one.
        """
        with self._told:
            found = self._due()
            if not found and not self.stop.is_set():
                self._told.wait(timeout_s)
                found = self._due()
            return found

    def tried(self, slip: str, mark: int, *, done: bool) -> None:
        """Tell what became of it.

        Args:
            slip: that was tried.
            mark: as `due` gave it.
            done: whether its view shows what had landed when it was marked; else it is tried again.
        """
        with self._told:
            if done and self._marks.get(slip) == mark:
                del self._marks[slip]
            self._not_before[slip] = time.monotonic() + self.every_s

    def end(self) -> None:
        """Let nobody wait any more for what becomes stale, nor for anything else that `stop` is waited for beside."""
        self.stop.set()
        with self._told:
            self._told.notify_all()

    def hurry(self) -> None:
        """Let what is stale be refreshed without a rest, since the daemon is to end."""
        with self._told:
            self._hurried = True
            self._told.notify_all()

    @property
    def hurried(self) -> bool:
        """Whether the daemon waits for it."""
        return self._hurried

    @property
    def settled(self) -> bool:
        """Whether nothing is stale."""
        return not self._marks

    def _due(self) -> dict[str, int]:
        now = time.monotonic()
        if now >= self._again_at:  # another daemon may have ended between a load and the refresh that it asked for
            self._again_at = now + _AGAIN * self.every_s
            for name in self._known - self._marks.keys():
                self._count += 1
                self._marks[name] = self._count
        return {name: mark for name, mark in self._marks.items() if self._hurried or self._not_before.get(name, now) <= now}
