"""Retention: partitions of staging that are old and settled are dropped, and the books go on to balance.

Dropping one takes the table of staging from everybody for some milliseconds. Whoever comes behind us in the queue for it waits as long
as we do, producers too: so we wait a moment only, and then let all the others go first.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg import errors as pg

from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Hindrance", "StagingPartition", "Why", "drop", "due_partitions", "hindrances"]

_SQL = queries("retention")
# Milliseconds that an attempt waits for staging, and seconds of rest after it.
_ATTEMPTS = ((20, 0.2), (50, 0.4), (100, 0.8), (200, 1.6), (200, 0.0))


class Why(StrEnum):
    """What keeps a partition."""

    PENDING = "pending"
    CLAIMED = "claimed"
    REPLAYING = "replaying"
    SOUGHT = "sought"
    REJECTED = "rejected"
    FILLING = "filling"
    UNSETTLED = "unsettled"
    MISCOUNTED = "miscounted"
    DEPENDED = "depended"
    BUSY = "busy"
    GONE = "gone"

    @property
    def is_problem(self) -> bool:
        """Whether somebody has to do something about it; the others pass, or are work that is still to be done."""
        return self in (Why.UNSETTLED, Why.MISCOUNTED, Why.DEPENDED, Why.BUSY)


_SENTENCES = {
    Why.PENDING: "{rows} pending",
    Why.CLAIMED: "{rows} claimed",
    Why.REPLAYING: "{rows} to be replayed",
    Why.SOUGHT: "{rows} among which a replay looks for who wins what it has vacated",
    Why.REJECTED: "{rows} openly rejected",
    Why.FILLING: "rows can still come",
    Why.UNSETTLED: "{rows} never enqueued (etl-actors audit --repair)",
    Why.MISCOUNTED: "{rows} more or fewer than were counted (etl-actors audit)",
    Why.DEPENDED: "others depend on its table: {detail}",
    Why.BUSY: "other sessions use etl.staging all the time{detail}",
    Why.GONE: "dropped by somebody else",
}


@dataclass(frozen=True, slots=True)
class StagingPartition:
    """A partition of staging that no transaction can add to any more.

    Args:
        name: of its table, in the schema etl.
        row_lo: the first row id that it can hold.
        row_hi: the last.
        rows: how many it was counted to hold.
        nbytes: on the disk, with indexes and what is stored beside.
        first_at: when the first of its rows was received; None where it has none.
        last_at: when the last was.
    """

    name: str
    row_lo: int
    row_hi: int
    rows: int
    nbytes: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What keeps a partition.

    Args:
        why: in a word.
        rows: of how many rows; None where it is none of theirs.
        detail: what PostgreSQL says.
    """

    why: Why
    rows: int | None = None
    detail: str = ""

    @property
    def text(self) -> str:
        """As people read it: ``3 rows pending``."""
        rows = self.rows or 0
        return _SENTENCES[self.why].format(rows=f"{rows:,} row{'' if rows == 1 else 's'}", detail=self.detail)


def due_partitions(conn: Connection, before: datetime | None) -> tuple[list[StagingPartition], int]:
    """Find the partitions whose rows were all received before some time.

    Args:
        conn: as the service or an operator.
        before: the time; None for any.

    Returns:
        The partitions, the oldest first, and how many others are complete, but younger.
    """
    there = [StagingPartition(*row) for row in conn.execute(_SQL["partitions"])]
    due = [each for each in there if before is None or not each.rows or (each.last_at is not None and each.last_at < before)]
    return due, len(there) - len(due)


def hindrances(conn: Connection, partition: StagingPartition) -> list[Hindrance]:
    """Say what keeps a partition, whatever its age; nothing where it can be dropped."""
    return _found(conn.execute(_SQL["hindrances"], {"name": partition.name}).fetchall())


def drop(
    conn: Connection, partition: StagingPartition, rest: Callable[[float], object] = time.sleep, *, patient: bool = True
) -> list[Hindrance]:
    """Drop a partition, unless it is kept; there is no half of that, whatever ends us meanwhile.

    Args:
        conn: in autocommit mode, as the service or an operator.
        partition: that is due.
        rest: waits for so many seconds before another attempt.
        patient: make more than one; each keeps producers waiting for a moment, in vain where others have staging for long.

    Returns:
        What keeps it; nothing where it was dropped.
    """
    for wait_ms, rest_s in _ATTEMPTS if patient else _ATTEMPTS[:1]:
        try:
            return _found(conn.execute(_SQL["drop"], {"name": partition.name, "wait_ms": wait_ms}).fetchall())
        except (pg.LockNotAvailable, pg.DeadlockDetected):
            rest(rest_s)
        except pg.DependentObjectsStillExist as exc:
            return [Hindrance(Why.DEPENDED, None, (exc.diag.message_detail or "").replace("\n", "; "))]
    users = [str(pid) for (pid,) in conn.execute(_SQL["users"], {"name": partition.name})]
    return [Hindrance(Why.BUSY, None, f" (just now {', '.join(users)})" if users else "")]


def _found(rows: Sequence[tuple[str, int | None]]) -> list[Hindrance]:
    return [Hindrance(Why(why), rows) for why, rows in rows]
