"""The master actor: one conversation partner for everybody, around a `Dispatch` that decides."""

from collections.abc import Callable
from typing import Any, assert_never

import pykka

from etl_actors.actors.answers import (
    BatchLeaseLost,
    BatchLoaded,
    BatchOutgrown,
    BatchParsed,
    BatchPoisoned,
    BatchStuck,
    RowCondemned,
)
from etl_actors.actors.dispatch import Dispatch
from etl_actors.actors.messages import Assign, Beat, Drain, MasterMessage, Open, Poll, Rang, Ref, Reload
from etl_actors.store.database import translated

__all__ = ["MasterActor"]


class MasterActor(pykka.ThreadingActor):
    """One incarnation is one node in etl.daemon: when it dies, its lock goes, and its successor rescues its batches.

    Args:
        make_dispatch: connects and builds the mind of this incarnation; given the actor's own reference.
    """

    use_daemon_thread = True  # one that waits for a lock in the database must not keep the process from ending

    def __init__(self, make_dispatch: Callable[[Ref], Dispatch]) -> None:
        super().__init__()
        self._make_dispatch = make_dispatch
        self._dispatch: Dispatch | None = None

    def on_receive(self, message: MasterMessage) -> None:  # noqa: C901, PLR0912  (one case a message, one call a case)
        """Pass each message to the one method that answers it."""
        with translated():
            match message:
                case Open():
                    self._dispatch = self._make_dispatch(self.actor_ref)
                    self._dispatch.begin()
                case Poll():
                    self._mind.poll()
                case Rang():
                    self._mind.rang()
                case BatchParsed():
                    self._mind.parsed(message)
                case BatchLoaded():
                    self._mind.loaded(message)
                case BatchPoisoned():
                    self._mind.poisoned(message)
                case RowCondemned():
                    self._mind.condemned(message)
                case BatchStuck():
                    self._mind.stuck(message)
                case BatchLeaseLost():
                    self._mind.lease_lost(message)
                case BatchOutgrown():
                    self._mind.outgrown(message)
                case Assign():
                    self._mind.assign(message)
                case Beat():
                    self._mind.beat()
                case Drain():
                    self._mind.drain()
                case Reload():
                    self._mind.reload(message)
                case _:
                    assert_never(message)

    def on_stop(self) -> None:
        """Leave the register of daemons, let the lock go, close."""
        try:
            if self._dispatch is not None:
                self._dispatch.intake.leave()
        finally:
            self._close()

    def on_failure(self, *_: Any) -> None:
        """Let the lock go, so that whoever comes next can rescue at once."""
        self._close()

    @property
    def _mind(self) -> Dispatch:
        if self._dispatch is None:
            msg = "the master was told something before it was opened"
            raise RuntimeError(msg)
        return self._dispatch

    def _close(self) -> None:
        if self._dispatch is not None:
            self._dispatch.intake.close()
            self._dispatch = None
