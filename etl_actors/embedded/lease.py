"""The use of a server: the first one in starts it, the last one out stops it, the dead are not counted.

A server whose holders were all killed runs on, and the next one in takes it over.
"""

import atexit
import os
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from etl_actors.embedded import cluster, holders, postmaster
from etl_actors.embedded.binaries import Binaries, installed, usable_by
from etl_actors.embedded.failures import said_clearly
from etl_actors.embedded.place import PORT, control_folder, settle
from etl_actors.errors import EtlError

__all__ = ["Lease", "acquire"]


class Lease:
    """One use of the embedded server, from `acquire` to `release`; a context manager.

    Args:
        control: our folder in the data folder.
        name: unique among the holders.
        socket: the folder of the server's socket.
        log_path: where the server logs.
    """

    def __init__(self, control: Path, name: str, socket: Path, log_path: Path) -> None:
        self._control = control
        self._name = name
        self._pid = os.getpid()
        self.socket = socket
        self.log_path = log_path
        self.url = self.url_of(postmaster.DATABASE)
        """The libpq URL of the database `etl`, as superuser."""

    def url_of(self, database: str, user: str = cluster.SUPERUSER) -> str:
        """Give the libpq URL of a database of this server.

        Args:
            database: its name.
            user: the role to log in as; no password is needed.
        """
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={quote(str(self.socket))}&port={PORT}"

    def release(self) -> None:
        """Give the server back; stop it if nobody else uses it. A second call does nothing, nor does a forked child's.

        Raises:
            EtlError: the server did not stop in time.
        """
        if self._pid != os.getpid():
            return
        atexit.unregister(self.release)
        # Without its folder the server ends by itself, within a minute.
        with said_clearly(self._control), suppress(FileNotFoundError), holders.locked(self._control):
            left = tuple(holder for holder in holders.living(self._control) if holder.lease != self._name)
            if not left:
                postmaster.stop(settle(self._control))
            holders.record(self._control, left)

    def __enter__(self) -> Self:
        """Return the lease itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        """Release it."""
        self.release()


def acquire(data_dir: Path, version: int = 18, *, throwaway: bool = False, binaries: Binaries | None = None) -> Lease:
    """Use the embedded server of a data folder; make it and start it if need be.

    Args:
        data_dir: the data folder; made if it is missing.
        version: PostgreSQL's major version, 16 or 18.
        throwaway: for tests: do not wait for the disk, so that a crash of the machine destroys the data.
        binaries: programs of that version to use instead of the wheel's.

    Raises:
        EtlError: the extra is not installed, the folder cannot be used, or the server did not start.
    """
    if sys.platform != "linux":
        message = "The embedded database runs on Linux only: set ETL_DATABASE_URL."
        raise EtlError(message)
    programs = binaries or installed(version)
    with said_clearly(data_dir):
        control = control_folder(data_dir)
        with holders.locked(control), ExitStack() as undo:
            others = holders.living(control)
            place = settle(control)
            usable = usable_by(place.account, programs, place.programs)
            cluster.ensure(place, usable, version, throwaway=throwaway)
            if not others:
                undo.callback(postmaster.stop, place)  # an interrupted start leaves no server behind
            ready = postmaster.start(place, usable, throwaway=throwaway)
            me = holders.Holder.current()
            holders.record(control, (*others, me))
            undo.pop_all()
    lease = Lease(control, me.lease, ready.socket, place.log)
    atexit.register(lease.release)
    return lease
