"""This daemon among the others: its node, the lock that proves it alive, and its sleep."""

import os
import socket

from etl_actors import __version__
from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable
from etl_actors.store.database import Connection, connect, translated
from etl_actors.store.leases import LOCK_BASE
from etl_actors.store.queries import queries

__all__ = ["Node"]

_SQL = queries("daemons")


class Node:
    """One incarnation of a daemon's master: a number, and a session lock held on a connection of its own.

    Others see in pg_locks whether the lock is held, and take over its batches when it is not. They never try the lock
    themselves: a trier that got it for a moment would look like the owner to a third.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._conn = connect(url, application_name="etl-actors liveness")
        try:
            self.number = self._register()
            self._conn.execute(_SQL["lock"], {"lock_base": LOCK_BASE, "node": self.number})
            self.confirm()
        except BaseException:
            self._conn.close()
            raise

    def confirm(self) -> None:
        """Check that the lock is still held, by the session that took it, and beat.

        Raises:
            DatabaseUnavailable: the connection, and with it the lock, is gone: stop claiming.
            DatabaseUnsuitable: the answers come from different sessions: a pooler in transaction mode stands between.
        """
        with translated(self._url):
            held = self._conn.execute(_SQL["holds_lock"], {"lock_base": LOCK_BASE, "node": self.number}).fetchone()
            if held != (True,):
                msg = (
                    "The advisory lock of this daemon is not held by its session: a connection pooler in transaction mode "
                    "stands between; connect to PostgreSQL directly, or in session mode."
                )
                raise DatabaseUnsuitable(msg)
            if self._conn.execute(_SQL["beat"], {"node": self.number}).rowcount != 1:
                msg = f"the row of node {self.number} in etl.daemon is gone"
                raise DatabaseUnavailable(msg)

    def close(self) -> None:
        """Let the lock go; whatever is still claimed is anybody's to rescue."""
        self._conn.close()

    def forget(self, conn: Connection) -> None:
        """Remove this node's row, and those of daemons long gone; for a clean end."""
        conn.execute(_SQL["forget"], {"node": self.number})
        conn.execute(_SQL["forget_dead"])

    def _register(self) -> int:
        row = self._conn.execute(
            _SQL["register"], {"name": f"{socket.gethostname()}:{os.getpid()}", "version": __version__}
        ).fetchone()
        if row is None:
            msg = "the database gave this daemon no node number"
            raise DatabaseUnavailable(msg)
        return int(row[0])
