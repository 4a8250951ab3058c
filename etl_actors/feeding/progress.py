"""How far a feed is: a bar on a terminal, now and then a line elsewhere."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from etl_actors.feeding.feeder import Fed

__all__ = ["FeedProgress"]

_LINE_EVERY_S = 10.0


class FeedProgress(AbstractContextManager["FeedProgress"]):
    """Shows rows, rows a second, and where the whole is known how much of it is read, and the time left.

    Args:
        console: to show it on; a bar where it is a terminal, lines where it is not.
        total: bytes of all files as they lie there, or about as many rows as a table has; None where nobody knows.
        unit: what the total counts, ``bytes`` or ``rows``.
        clock: tells the seconds.
    """

    def __init__(
        self, console: Console, total: int | None, clock: Callable[[], float] = time.monotonic, unit: str = "bytes"
    ) -> None:
        self._console = console
        self._total = total
        self._unit = unit
        self._clock = clock
        self._begun = self._told = clock()
        columns = [TextColumn("{task.fields[rows]}"), TextColumn("{task.fields[rate]:,.0f}/s")]
        size = [DownloadColumn()] if unit == "bytes" else []
        known = [BarColumn(), TaskProgressColumn(), *size, TimeRemainingColumn()]
        self._bar = Progress(
            SpinnerColumn(), *columns, *(known if total else []), console=console, disable=not console.is_terminal
        )
        self._task = self._bar.add_task("feed", total=total, rows=_rows(0), rate=0.0)

    def __enter__(self) -> Self:
        """Begin to show."""
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the last state standing."""
        self._bar.stop()

    def show(self, fed: Fed) -> None:
        """Show what is staged by now."""
        now = self._clock()
        rate = fed.staged / max(now - self._begun, 1e-3)
        self._bar.update(self._task, completed=fed.read_bytes, rows=_rows(fed.staged), rate=rate)
        if not self._console.is_terminal and now - self._told >= _LINE_EVERY_S:
            self._told = now
            share = f", {min(fed.read_bytes / self._total, 1):.0%} of the {self._unit}" if self._total else ""
            self._console.print(f"staged {_rows(fed.staged)}, {rate:,.0f} a second{share}", highlight=False)


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"
