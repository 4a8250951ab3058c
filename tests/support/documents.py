"""Staging documents by hand, and asking the server what its sessions do."""

from collections.abc import Sequence
from json import dumps
from typing import Any

from etl_actors.store.database import Connection
from tests.support.daemon import wait_until

__all__ = ["one", "stage", "until_blocked", "waiting"]


def stage(conn: Connection, source: str, documents: Sequence[Any]) -> list[int]:
    """Stage documents in one statement and return their row ids, in their order.

    Args:
        conn: as a producer.
        source: of all of them.
        documents: anything that is JSON.
    """
    rows = conn.execute(
        "INSERT INTO etl.staging (source, payload) SELECT %s, d::jsonb FROM unnest(%s::text[]) WITH ORDINALITY AS u (d, n) "
        "ORDER BY n RETURNING row_id",
        [source, [dumps(document) for document in documents]],
    )
    return [row_id for (row_id,) in rows]


def one(conn: Connection, statement: str, *values: Any) -> Any:
    """Return the one row of a statement; its value alone, where it has one column."""
    rows = conn.execute(statement.encode(), values or None).fetchall()
    assert len(rows) == 1, rows
    return rows[0][0] if len(rows[0]) == 1 else rows[0]


def waiting(conn: Connection) -> list[int]:
    """Return the ids of the rows that wait, each as often as a run has it, ascending."""
    runs = conn.execute("SELECT u FROM etl.inbox i, generate_series(i.row_id, i.row_id + i.rows - 1) u ORDER BY u")
    return [row_id for (row_id,) in runs]


def until_blocked(watcher: Connection, pid: int) -> None:
    """Wait until a backend waits for a lock.

    Args:
        watcher: another connection, which may see all of pg_locks, in autocommit mode.
        pid: of the backend.
    """
    wait_until(lambda: one(watcher, "SELECT pg_blocking_pids(%s) <> '{}'", pid), f"backend {pid} waits for a lock")
