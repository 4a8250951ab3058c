"""An actor that owns something with an end of its own: a connection, a worker."""

from typing import Any, Protocol, TypeVar

import pykka

__all__ = ["OwnerActor"]


class _Closable(Protocol):
    def close(self) -> None: ...


_T = TypeVar("_T", bound=_Closable)


class OwnerActor(pykka.ThreadingActor):
    """Closes what it owns when it ends, whichever way; the master tells its successor what this one had been told."""

    use_daemon_thread = True  # one that waits for a lock in the database must not keep the process from ending

    def __init__(self) -> None:
        super().__init__()
        self._owned: _Closable | None = None

    def _own(self, thing: _T) -> _T:
        """Own `thing` from now on."""
        self._owned = thing
        return thing

    def on_stop(self) -> None:
        """Close what is owned."""
        self._close()

    def on_failure(self, *_: Any) -> None:
        """Close what is owned."""
        self._close()

    def _close(self) -> None:
        if self._owned is not None:
            self._owned.close()
            self._owned = None
