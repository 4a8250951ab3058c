"""This daemon among the others: its node, the lock that proves it alive, and which slips each works by."""

import os
import socket
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from typing import Any

from etl_actors import __version__
from etl_actors.errors import DatabaseUnavailable, DatabaseUnsuitable
from etl_actors.store.database import Connection, connect, translated
from etl_actors.store.leases import LOCK_BASE
from etl_actors.store.queries import queries

__all__ = ["Difference", "Living", "Node", "SlipInForce", "declare", "differences", "living", "write_own"]

_SQL = queries("daemons")
_LATELY_S = 60.0
_EVER_S = 1e9  # 30 years: one that was stopped for long, or whose row somebody has changed


@dataclass(frozen=True, slots=True)
class SlipInForce:
    """A slip as a daemon says that it works by it.

    Args:
        name: of the slip.
        digest: of the version in force; None where there is none.
        problem: why that is not the version of its folder; empty where it is.
    """

    name: str
    digest: str | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Living:
    """A daemon that holds its lock.

    Args:
        node: its number.
        name: host and process id.
        version: of etl-actors.
        started_at: when it registered.
        slips: that it works by, by name.
    """

    node: int
    name: str
    version: str
    started_at: datetime
    slips: tuple[SlipInForce, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A slip of which daemons have different versions.

    Args:
        slip: its name.
        versions: digest and the name of the daemon that has it, for every daemon that has one, by daemon.
    """

    slip: str
    versions: tuple[tuple[str, str], ...]


def write_own(conn: Connection, statement: str, node: int, **values: Any) -> bool:
    """Write a daemon's own row; return whether it is there.

    Args:
        conn: in autocommit mode.
        statement: of `daemons.sql`.
        node: whose row it is.
        values: that the statement takes beside it.
    """
    given = values | {"node": node}
    return any(conn.execute(_SQL[statement], given | {"within_s": within_s}).rowcount for within_s in (_LATELY_S, _EVER_S))


def living(conn: Connection) -> tuple[Living, ...]:
    """Return the daemons that hold their lock, in the order in which they registered."""
    return tuple(
        Living(
            node,
            name,
            version,
            started_at,
            tuple(SlipInForce(slip, said.get("digest"), said.get("problem", "")) for slip, said in sorted(slips.items())),
        )
        for node, name, version, started_at, slips in conn.execute(_SQL["living"], {"lock_base": LOCK_BASE})
    )


def declare(conn: Connection, node: int, slips: Iterable[SlipInForce]) -> None:
    """Say which slips a daemon works by."""
    said = {_plain(slip.name): {"digest": slip.digest, **_problem(slip)} for slip in slips}
    conn.execute(_SQL["declare"], {"node": node, "slips": dumps(said)})


def _problem(slip: SlipInForce) -> dict[str, str]:
    return {"problem": _plain(slip.problem)} if slip.problem else {}


def _plain(text: str) -> str:
    # A broken file may hold anything, and jsonb takes no NUL.
    return text.replace("\0", "?")


def differences(daemons: Iterable[Living]) -> tuple[Difference, ...]:
    """Find the slips of which daemons have different versions, by name; whoever lacks a slip does not differ in it."""
    versions: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for daemon in daemons:
        for slip in daemon.slips:
            if slip.digest is not None:
                versions[slip.name].append((slip.digest, daemon.name))
    return tuple(Difference(name, tuple(has)) for name, has in sorted(versions.items()) if len({digest for digest, _ in has}) > 1)


class Node:
    """One incarnation of a daemon's master: a number, and a session lock held on a connection of its own.

    Others see in pg_locks whether the lock is held, and take over its batches when it is not. They never try the lock
    themselves: a trier that got it for a moment would look like the owner to a third.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._conn = connect(url, application_name="etl-actors liveness")
        try:
            self._conn.execute(queries("inbox")["probe"])
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
            if not write_own(self._conn, "beat", self.number):
                msg = f"the row of node {self.number} in etl.daemon is gone"
                raise DatabaseUnavailable(msg)

    def close(self) -> None:
        """Let the lock go; whatever is still claimed is anybody's to rescue."""
        self._conn.close()

    def forget(self, conn: Connection) -> None:
        """Remove this node's row, and those of daemons long gone; for a clean end."""
        write_own(conn, "wake", self.number)  # a row that is deleted does not lower the doorbell
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
