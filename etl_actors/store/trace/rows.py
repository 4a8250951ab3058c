"""A staged row's way: the row, and every batch that held it."""

from dataclasses import dataclass, replace
from datetime import datetime

from psycopg import errors as pg

from etl_actors.errors import TextTooLarge
from etl_actors.relational.outcome import Outcome
from etl_actors.store.database import Connection
from etl_actors.store.pieces import fetched_apart
from etl_actors.store.queries import queries

__all__ = [
    "Holding",
    "LandingBatch",
    "StagedRow",
    "batches_of_row",
    "landing_batch",
    "pretty_payload",
    "staged_row",
    "was_pruned",
]

_SQL = queries("trace")
_MOST = 200  # batches that are told: a row that was replayed every night for half a year


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of staging and how it stands.

    Args:
        row_id: its identifier.
        source: where it came from.
        received_at: when it was staged.
        slip: that the row itself names; None for whichever takes it.
        trace: the traceparent that came with it.
        status: pending, claimed, loaded, duplicate, skipped or rejected; None where the books have lost it.
        batch_id: that it is in, or that settled it.
        rejected_items: of it, by that batch.
        payload: as PostgreSQL writes jsonb; None where no text can hold it.
    """

    row_id: int
    source: str
    received_at: datetime
    slip: str | None
    trace: str | None
    status: str | None
    batch_id: int | None
    rejected_items: int
    payload: str | None


@dataclass(frozen=True, slots=True)
class Holding:
    """A batch that held a row.

    Args:
        batch_id: of the batch.
        status: claimed, done or released.
        slip: that parsed it; None where none took it.
        digest: of that slip's version.
        outcome: the row's, in a word; None where the batch did not settle it.
        attempt: how often the batch had been handed out.
        parent_id: the batch that it was split from.
        replay_id: the replay that it belongs to.
        claimed_at: when it was claimed last.
        finished_at: when it was done or released.
    """

    batch_id: int
    status: str
    slip: str | None
    digest: str | None
    outcome: str | None
    attempt: int
    parent_id: int | None
    replay_id: int | None
    claimed_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class LandingBatch:
    """The batch that landed a target row.

    Args:
        slip: that parsed it; None where none took it.
        digest: of that slip's version.
        source: of its rows.
        finished_at: when it was done.
    """

    slip: str | None
    digest: str | None
    source: str
    finished_at: datetime | None


def staged_row(conn: Connection, row_id: int) -> StagedRow | None:
    """Return a staged row; None where none has the id, or retention has removed it."""
    row = conn.execute(_SQL["staged"], {"row_id": row_id}).fetchone()
    if row is None:
        return None
    found, _ = fetched_apart(conn, [row_id])
    return StagedRow(*(*row, found[0].raw.decode() if found else None))


def was_pruned(conn: Connection, row_id: int) -> bool:
    """Tell whether retention has removed the partition that the row was or would have been in."""
    return conn.execute(_SQL["pruned"], {"row_id": row_id}).fetchone() == (True,)


def batches_of_row(conn: Connection, row_id: int) -> list[Holding]:
    """Return the batches that held a row, in the order in which they were claimed."""
    rows = conn.execute(_SQL["batches"], {"row_id": row_id, "limit": _MOST})
    return [
        replace(held, outcome=Outcome(held.outcome).word if held.outcome else None) for held in (Holding(*row) for row in rows)
    ]


def landing_batch(conn: Connection, batch_id: int) -> LandingBatch | None:
    """Return a batch by its id; None where it is not there."""
    row = conn.execute(_SQL["batch"], {"batch_id": batch_id}).fetchone()
    return None if row is None else LandingBatch(*row)


def pretty_payload(conn: Connection, row_id: int) -> str | None:
    """Return a staged document indented, every number as it was staged; None where the row is not there.

    Raises:
        TextTooLarge: no text can hold that.
    """
    try:
        with conn.transaction():
            row = conn.execute(_SQL["pretty"], {"row_id": row_id}).fetchone()
    except pg.ProgramLimitExceeded:
        raise TextTooLarge("the document has 1 GB or more as text") from None
    return None if row is None else str(row[0])
