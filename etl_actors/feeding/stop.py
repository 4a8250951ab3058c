"""Ctrl-C, or SIGTERM, as a request: the chunk under way is finished, and nothing is left half done."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

__all__ = ["Interrupted", "Stop"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_T = TypeVar("_T")


class Interrupted(BaseException):
    """The user asked to stop."""


class Stop:
    """Whether the user asked to stop, and a way to ask at every moment without tearing a commit."""

    def __init__(self) -> None:
        self.requested = False
        self.number = int(signal.SIGINT)  # of the signal that asked first
        self._waiting = False
        self._is_urgent = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while in the block, which must run in the main thread; a second one is a KeyboardInterrupt."""
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def reading(self, read: Callable[[], _T]) -> _T:
        """Call `read`, which may wait for input for ever; only here does a signal break in.

        Raises:
            Interrupted: the user asked to stop, before or while reading.
        """
        # Set before the question: a signal between the two would otherwise be noted, and the read would still wait.
        self._waiting = True
        try:
            if self.requested:
                raise Interrupted
            return read()
        finally:
            self._waiting = False

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            # Once: a third would break into the ending, and the driver's cancelling of what is under way.
            if not self._is_urgent:
                self._is_urgent = True
                raise KeyboardInterrupt
            return
        self.requested = True
        self.number = number
        if self._waiting:
            raise Interrupted
