"""How far a replay is: a bar on a terminal, now and then a line elsewhere."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from etl_actors.cli.render import plural
from etl_actors.cli.replay.told import identities

if TYPE_CHECKING:
    from etl_actors.store.replay.orders import Progress as Replayed

__all__ = ["ReplayBar"]

_LINE_EVERY_S = 10.0


class ReplayBar(AbstractContextManager["ReplayBar"]):
    """Shows rows, rows a second and the time left; then how many rows were parsed in search of who wins what was vacated.

    Args:
        console: to show it on; a bar where it is a terminal, lines where it is not.
        begun: how far it was at first.
        clock: tells the seconds.
    """

    def __init__(self, console: Console, begun: "Replayed", clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._first = begun.rows_done
        self._begun = self._told = clock()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[said]}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("replay", total=begun.rows_total, completed=begun.rows_done, said=self._said(begun))

    def __enter__(self) -> Self:
        """Begin to show."""
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the terminal to the summary."""
        self._bar.stop()

    def show(self, now: "Replayed") -> None:
        """Show how far it is by now."""
        total = max(now.rows_total, now.rows_done)
        self._bar.update(self._task, completed=now.rows_done, total=total, said=self._said(now))
        at = self._clock()
        if not self._console.is_terminal and not now.ended and at - self._told >= _LINE_EVERY_S:
            self._told = at
            self._console.print(self._said(now), highlight=False, soft_wrap=True)

    def _said(self, now: "Replayed") -> str:
        if now.behind is not None:
            return f"replay {now.replay_id} waits for replay {now.behind}"
        if now.phase == "seeking":
            return f"sought {plural(now.sought, 'row')} for {identities(now.vacated, 'vacated ')}"
        rate = (now.rows_done - self._first) / max(self._clock() - self._begun, 1e-3)
        return f"replayed {now.rows_done:,} of {now.rows_total:,} rows, {rate:,.0f} a second"
