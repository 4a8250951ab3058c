"""A loader actor: lands parsed batches, one transaction each."""

import time
from collections.abc import Callable
from typing import assert_never

import psycopg

from etl_actors.actors.answers import BatchLeaseLost, BatchLoaded, BatchOutgrown, BatchPoisoned, BatchStuck
from etl_actors.actors.messages import Load, LoaderMessage, Open, tell
from etl_actors.actors.owner import OwnerActor
from etl_actors.errors import DatabaseUnsuitable, DataRefused, LeaseLost, Outgrown
from etl_actors.relational.reject import Stage
from etl_actors.store.breakout.permission import Permission
from etl_actors.store.database import Connection, translated
from etl_actors.store.loading.load import Loading

__all__ = ["LoaderActor"]


class LoaderActor(OwnerActor):
    """Owns one connection.

    Args:
        connect: opens it, as the service role, in autocommit mode.
        target_schema: where tables are whose slip names no schema.
        permission: what of tables may be changed without asking.
    """

    def __init__(self, connect: Callable[[], Connection], target_schema: str, permission: Permission | None = None) -> None:
        super().__init__()
        self._connect = connect
        self._target_schema = target_schema
        self._permission = permission
        self._conn: Connection | None = None
        self._loading: Loading | None = None

    def on_receive(self, message: LoaderMessage) -> None:
        """Load, or connect."""
        match message:
            case Load():
                self._load(message)
            case Open():
                self._conn = self._own(self._connect())
                self._loading = Loading(self._conn, self._target_schema, self._permission)
            case _:
                assert_never(message)

    def _load(self, order: Load) -> None:
        if self._loading is None:
            msg = "a loader was told to load before it was opened"
            raise RuntimeError(msg)
        began, waited_s = time.monotonic(), self._loading.waited_s
        lease = order.lease
        try:
            with translated():
                # A predecessor may have died between COMMIT and its reply: then the batch is done under this very lease.
                loaded = self._loading.finished(lease) if order.again else None
                loaded = loaded or self._loading.load(lease, order.parsed)
        except LeaseLost:
            tell(order.reply_to, BatchLeaseLost(lease))
        except Outgrown:
            tell(order.reply_to, BatchOutgrown(lease))
        except DataRefused as refused:
            tell(order.reply_to, BatchPoisoned(lease, Stage.LOAD, refused.reason, str(refused), refused.detail, refused.suspect))
        except (DatabaseUnsuitable, psycopg.Error) as exc:
            # The text of the driver's error may quote data; of ours, it does not.
            reason = str(exc) if isinstance(exc, DatabaseUnsuitable) else f"{type(exc).__name__} ({exc.sqlstate})"
            tell(order.reply_to, BatchStuck(lease, reason))
        else:
            took_s = time.monotonic() - began
            tell(order.reply_to, BatchLoaded(lease, loaded, took_s, self._loading.waited_s - waited_s))
