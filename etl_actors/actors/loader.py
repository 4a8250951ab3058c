"""A loader actor: lands parsed batches, one transaction each."""

import time
from collections.abc import Callable
from typing import Any, assert_never

import pykka

from etl_actors.actors.messages import BatchLeaseLost, BatchLoaded, BatchPoisoned, Load, LoaderMessage, Open, tell
from etl_actors.errors import DataRefused, LeaseLost
from etl_actors.store.database import Connection, translated
from etl_actors.store.load import Loading

__all__ = ["LoaderActor"]


class LoaderActor(pykka.ThreadingActor):
    """Owns one connection.

    Args:
        connect: opens it, as the service role, in autocommit mode.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        super().__init__()
        self._connect = connect
        self._conn: Connection | None = None

    def on_receive(self, message: LoaderMessage) -> None:
        """Load, or connect."""
        match message:
            case Load():
                self._load(message)
            case Open():
                self._conn = self._connect()
                self._loading = Loading(self._conn)
            case _:
                assert_never(message)

    def on_stop(self) -> None:
        """Close the connection."""
        self._close()

    def on_failure(self, *_: Any) -> None:
        """Close the connection; the master tells the successor what this one had been told."""
        self._close()

    def _load(self, order: Load) -> None:
        began = time.monotonic()
        lease = order.lease
        try:
            with translated():
                # A predecessor may have died between COMMIT and its reply: then the batch is done under this very lease.
                loaded = self._loading.finished(lease) if order.again else None
                loaded = loaded or self._loading.load(lease, order.parsed)
        except LeaseLost:
            tell(order.reply_to, BatchLeaseLost(lease))
        except DataRefused as refused:
            tell(order.reply_to, BatchPoisoned(lease, "load", refused.reason, str(refused)))
        else:
            tell(order.reply_to, BatchLoaded(lease, loaded, time.monotonic() - began))

    def _close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None
