"""Reading the slips again while the daemon works: in a thread of its own, one time after the other, whenever somebody asks."""

import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

import psycopg
import structlog

from etl_actors import events
from etl_actors.errors import EtlError
from etl_actors.store.versions import Ring
from etl_actors.versions.in_force import InForce

__all__ = ["Rereading", "Slips"]

log = structlog.get_logger()

_AGAIN_S = 2.0  # until the next try, where the database was away


class Slips(Protocol):
    """What reads them; see `etl_actors.versions.in_force.Versions`."""

    def read(self) -> InForce:
        """Read the folders again."""
        ...

    def look(self) -> InForce:
        """See what others have made active."""
        ...


@dataclass(slots=True)
class Rereading:
    """A table may be locked, a grammar take a second: meanwhile the daemon goes on with what is in force.

    Args:
        slips: what reads them.
        last: what is in force.
    """

    slips: Slips
    last: InForce
    _asked: Ring | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _fresh: InForce | None = field(default=None, init=False)
    _not_before: float = field(default=0.0, init=False)
    _error: str = field(default="", init=False)  # told already

    def ask(self, what: Ring) -> None:
        """Ask for a reading, from any thread; what is under way may have begun too early, so another follows it."""
        with self._lock:
            self._asked = Ring.READ if Ring.READ in {what, self._asked} else what

    def fresh(self) -> InForce | None:
        """Begin what was asked for, and return what has come into force since the last call; None for nothing new."""
        if self._thread is not None and self._thread.is_alive():
            return None
        self._thread = None
        fresh, self._fresh = self._fresh, None
        with self._lock:
            due = self._asked if time.monotonic() >= self._not_before else None
            self._asked = None if due is not None else self._asked
        if due is not None:
            # Not joined at the end: one that waits for a lock in the database must not keep the process from ending.
            self._thread = threading.Thread(target=self._read, args=(due,), name="slips", daemon=True)
            self._thread.start()
        return fresh

    def _read(self, what: Ring) -> None:
        try:
            found = self.slips.read() if what is Ring.READ else self.slips.look()
        except (EtlError, psycopg.Error) as exc:
            # The text of the driver's error may quote data; of ours, it does not.
            self._put_off(what, str(exc) if isinstance(exc, EtlError) else f"{type(exc).__name__} ({exc.sqlstate})")
        except Exception:  # supervision: what is in force is good, and a bug met in an edit must not end it
            log.exception(events.SLIPS_UNREAD, error="a bug of the engine")
        else:
            self._error = ""
            self._fresh = None if found is self.last else found
            self.last = found

    def _put_off(self, what: Ring, error: str) -> None:
        if error != self._error:
            log.warning(events.SLIPS_UNREAD, error=error)
        self._error = error
        self._not_before = time.monotonic() + _AGAIN_S
        self.ask(what)
