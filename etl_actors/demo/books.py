"""Wait until the books balance with nothing left to do."""

import time
from collections.abc import Sequence
from typing import Protocol

from etl_actors.errors import EtlError
from etl_actors.store.database import Connection
from etl_actors.store.ledger import LedgerRow, ledger
from etl_actors.store.queries import queries

__all__ = ["IDLE_S", "Watched", "settled"]

_SQL = queries("demo")
IDLE_S = 60.0  # without a single row settled meanwhile
_LOOK_S = 0.05


class Watched(Protocol):
    """The daemon, as far as the waiting is concerned."""

    def check(self) -> None:
        """Raise if it has ended."""

    def last_lines(self) -> str:
        """Return the end of its log."""
        ...


def settled(conn: Connection, sources: Sequence[str], daemon: Watched) -> list[LedgerRow]:
    """Wait until nothing of the sources is pending or claimed, and return their books.

    Args:
        conn: in autocommit mode.
        sources: to wait for.
        daemon: that works on them.

    Raises:
        EtlError: nothing moved for `IDLE_S` seconds, or the books do not balance.
    """
    left, moved_at = None, time.monotonic()
    while (now_left := _waiting(conn, sources)) > 0:
        daemon.check()
        if now_left != left:
            left, moved_at = now_left, time.monotonic()
        elif time.monotonic() - moved_at > IDLE_S:
            msg = f"Nothing has moved for {IDLE_S:.0f} seconds, and {left:,} rows still wait: {_described(conn, sources)}\n{daemon.last_lines()}"
            raise EtlError(msg)
        time.sleep(_LOOK_S)
    books = [row for row in ledger(conn) if row.source in sources]
    if not all(row.balanced for row in books):
        msg = f"The books do not balance: {_described(conn, sources)}"
        raise EtlError(msg)
    return books


def _waiting(conn: Connection, sources: Sequence[str]) -> int:
    row = conn.execute(_SQL["waiting"], {"sources": list(sources)}).fetchone()
    return int(row[0]) if row else 0


def _described(conn: Connection, sources: Sequence[str]) -> str:
    return "; ".join(
        f"{row.source}: staged {row.staged}, pending {row.pending}, claimed {row.claimed}, loaded {row.loaded}, "
        f"duplicate {row.duplicate}, skipped {row.skipped}, rejected {row.rejected}"
        for row in ledger(conn)
        if row.source in sources
    )
