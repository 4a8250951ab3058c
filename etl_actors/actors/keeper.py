"""The keeper: drops the partitions of staging that are older than documents are kept, while loads go on."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import assert_never

import psycopg
import pykka
import structlog

from etl_actors import events
from etl_actors.actors.messages import Keep, KeeperMessage, Open
from etl_actors.errors import EtlError
from etl_actors.store.database import Connection, translated
from etl_actors.store.retention import StagingPartition, Why, drop, due_partitions

__all__ = ["KeeperActor"]

log = structlog.get_logger()

_WAIT_S = 0.5  # the longest that a stop of this actor waits
_EVERY_S = 600.0


class KeeperActor(pykka.ThreadingActor):
    """Looks at its start and every ten minutes, over a connection that it has meanwhile only.

    Args:
        connect: opens it, in autocommit mode.
        keep_for: how long documents are kept, at least.
        stop: set when the daemon ends.
        every_s: seconds from one look to the next.
    """

    use_daemon_thread = True  # one that waits for the database must not keep the process from ending

    def __init__(
        self, connect: Callable[[], Connection], keep_for: timedelta, stop: threading.Event, every_s: float = _EVERY_S
    ) -> None:
        super().__init__()
        self._connect = connect
        self._keep_for = keep_for
        self._ending = stop
        self._every_s = every_s
        self._next_at = time.monotonic()
        self._told: dict[str, str] = {}  # why a partition is kept, as the log has it

    def on_receive(self, message: KeeperMessage) -> None:
        """Look, if it is time, or wait for a moment."""
        match message:
            case Open():
                self.actor_ref.tell(Keep())
            case Keep():
                if time.monotonic() < self._next_at:
                    self._ending.wait(min(_WAIT_S, self._every_s))
                else:
                    self._look()
                    self._next_at = time.monotonic() + self._every_s
                self.actor_ref.tell(Keep())
            case _:
                assert_never(message)

    def _look(self) -> None:
        """Drop what is due; whatever becomes of that, loads go on."""
        error = ""
        try:
            with translated(), closing(self._connect()) as conn:
                due, _ = due_partitions(conn, datetime.now(UTC) - self._keep_for)
                for partition in due:
                    if self._ending.is_set() or not self._drop(conn, partition):
                        return
        except EtlError as exc:
            error = str(exc)
        except psycopg.Error as exc:
            error = f"{type(exc).__name__} ({exc.sqlstate})"
        if error:
            log.warning(events.RETENTION_FAILED, error=error)

    def _drop(self, conn: Connection, partition: StagingPartition) -> bool:
        """Drop one, or say why not; return whether the next may be tried: not while others have staging for long."""
        kept = drop(conn, partition, self._ending.wait)
        why = ", ".join(each.text for each in kept)
        known = self._told.pop(partition.name, None)
        if not kept:
            log.info(events.PARTITION_DROPPED, partition=partition.name, rows=partition.rows, nbytes=partition.nbytes)
        elif kept[0].why is not Why.GONE:
            self._told[partition.name] = why
            if known != why:
                log.info(events.PARTITION_KEPT, partition=partition.name, why=why)
        return Why.BUSY not in {each.why for each in kept}
