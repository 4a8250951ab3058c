"""Messages for later: pykka has no timers."""

import heapq
import threading
import time
from itertools import count

from etl_actors.actors.messages import Ref, tell

__all__ = ["Alarm"]


class Alarm:
    """One thread that tells messages when their time has come."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Ref, object]] = []
        self._latest: dict[tuple[Ref, type], int] = {}  # of each kind of message to an actor, only the last one set counts
        self._numbers = count()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="alarm", daemon=True)
        self._thread.start()

    def set(self, delay_s: float, ref: Ref, message: object) -> None:
        """Tell `message` to `ref` after `delay_s` seconds, instead of an earlier set message of its kind to it."""
        with self._changed:
            number = next(self._numbers)
            self._latest[ref, type(message)] = number
            heapq.heappush(self._due, (time.monotonic() + delay_s, number, ref, message))
            self._changed.notify()

    def stop(self) -> None:
        """Tell nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is None or wait_s > 0:
                    self._changed.wait(wait_s)
                    continue
                _, number, ref, message = heapq.heappop(self._due)
                if self._latest.get((ref, type(message))) != number:
                    continue
                del self._latest[ref, type(message)]
            tell(ref, message)  # a dead actor's successor sets its own alarms
