"""Batches to look at: listed newest first, and one whole."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg import sql

from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = [
    "BatchFilter",
    "BatchRejects",
    "BatchStatus",
    "ListedBatch",
    "batch_rejects",
    "child_batches",
    "listed_batches",
    "row_outcomes",
]

_SQL = queries("batches_listed")

# The ids of a batch that is done need not be read to be counted: they are a page or more.
_LISTED = sql.SQL(
    "SELECT b.batch_id, b.source, b.slip, b.slip_digest, b.target, b.status, "
    "CASE WHEN b.status = 'done' THEN b.loaded + b.duplicate + b.skipped + b.rejected ELSE cardinality(b.row_ids) END, "
    "b.loaded, b.duplicate, b.skipped, b.rejected, b.differing, b.replaced, b.row_lo, b.row_hi, b.bytes, b.attempt, b.owner, "
    "b.claimed_at, b.finished_at, b.rows_added, b.replay_id, b.parent_id "
    "FROM etl.batch b WHERE {wanted} ORDER BY b.batch_id DESC LIMIT %(limit)s"
)
_CONDITIONS = {
    "batch_id": sql.SQL("b.batch_id = %(batch_id)s"),
    "source": sql.SQL("b.source = %(source)s"),
    "slip": sql.SQL("b.slip = %(slip)s"),
    "status": sql.SQL("b.status = %(status)s"),
    "since": sql.SQL("b.claimed_at >= %(since)s"),
    "until": sql.SQL("b.claimed_at < %(until)s"),
    "replay_id": sql.SQL("b.replay_id = %(replay_id)s"),
}


class BatchStatus(StrEnum):
    """How a batch stands."""

    CLAIMED = "claimed"
    DONE = "done"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches are meant: those for which everything holds that is given.

    Args:
        batch_id: of the batch.
        source: of its rows.
        slip: that parsed it.
        status: how it stands.
        since: claimed then or later.
        until: claimed before.
        replay_id: the replay that it belongs to.
    """

    batch_id: int | None = None
    source: str | None = None
    slip: str | None = None
    status: BatchStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    replay_id: int | None = None


@dataclass(frozen=True, slots=True)
class ListedBatch:
    """A row of etl.batch without its row ids; times with zone, `owner` the node of a daemon."""

    batch_id: int
    source: str
    slip: str | None
    digest: str | None
    target: str | None
    status: BatchStatus
    rows: int
    loaded: int
    duplicate: int
    skipped: int
    rejected: int
    differing: int
    replaced: int
    row_lo: int
    row_hi: int
    bytes: int
    attempt: int
    owner: int
    claimed_at: datetime
    finished_at: datetime | None
    rows_added: dict[str, int]
    replay_id: int | None
    parent_id: int | None


_BATCH = tuple(field.name for field in fields(ListedBatch))


@dataclass(frozen=True, slots=True)
class BatchRejects:
    """Dead letters of a batch by reason: how many, and the first of them."""

    reason: str
    rejects: int
    example_id: int


def listed_batches(conn: Connection, wanted: BatchFilter, limit: int) -> list[ListedBatch]:
    """Return batches, the newest first."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    conditions = [_CONDITIONS[name] for name in given]
    statement = _LISTED.format(wanted=sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true"))
    return [_batch(row) for row in conn.execute(statement, given | {"limit": limit})]


def child_batches(conn: Connection, batch_id: int) -> list[int]:
    """Return the batches that a batch was split into."""
    return [child for (child,) in conn.execute(_SQL["children"], {"batch_id": batch_id})]


def batch_rejects(conn: Connection, batch_id: int) -> list[BatchRejects]:
    """Return the ten commonest reasons of a batch's dead letters, the commonest first."""
    return [BatchRejects(*row) for row in conn.execute(_SQL["rejects"], {"batch_id": batch_id})]


def row_outcomes(conn: Connection, batch_id: int) -> tuple[list[int], str | None]:
    """Return the row ids of a batch and the letter of each; None where it is not done."""
    row = conn.execute(_SQL["row_ids"], {"batch_id": batch_id}).fetchone()
    return ([], None) if row is None else (row[0], row[1])


def _batch(row: Sequence[Any]) -> ListedBatch:
    values: dict[str, Any] = dict(zip(_BATCH, row, strict=True))
    return ListedBatch(**values | {"status": BatchStatus(values["status"])})
