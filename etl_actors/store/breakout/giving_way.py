"""Long work on the tables of a slip ends as soon as somebody waits to change them, or the daemon is to stop."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from etl_actors.errors import DatabaseUnavailable
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["GivingWay"]

_SQL = queries("refreshing")
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class GivingWay:
    """Looks, while a connection works, whether somebody waits for it to end.

    Args:
        connect: opens the connection that looks.
        stop: set when the daemon is to stop.
    """

    connect: Callable[[], Connection]
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def to_whoever_changes(self, conn: Connection, name: str) -> Iterator[None]:
        """Cancel what a connection does within while somebody waits to change a slip's tables.

        Args:
            conn: that works, under the slip's lock that loads hold too; there psycopg's `QueryCanceled` is raised.
            name: of the slip.
        """
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(conn, name, done), name="giving way", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _watch(self, conn: Connection, name: str, done: threading.Event) -> None:
        if done.wait(_LOOK_S):
            return  # most are done before anybody would look
        try:
            with self.connect() as looking:
                while not done.wait(_LOOK_S):
                    if self.stop.is_set() or looking.execute(_SQL["awaited"], {"name": name}).fetchone() == (True,):
                        conn.cancel_safe(timeout=5)
        except (psycopg.Error, DatabaseUnavailable):
            # Nobody would see who waits: it is done later instead. If the database is away, it ends by itself.
            with suppress(psycopg.Error):
                conn.cancel_safe(timeout=5)
