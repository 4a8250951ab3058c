"""Rows that are settled without a slip, and replays of them, ordered and finished by hand."""

from json import dumps
from typing import Any

from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease
from tests.support.documents import one
from tests.support.leases import leased

__all__ = ["finished", "order", "settled"]


def settled(
    producer: Connection,
    service: Connection,
    letters: str,
    source: str = "shop",
    slip: str | None = None,
    digest: str | None = None,
) -> Lease:
    """Stage a row a letter, and settle them as one batch with these outcomes.

    Args:
        producer: stages.
        service: claims and settles; nothing else may wait.
        letters: the outcomes.
        source: of the rows.
        slip: that settled them.
        digest: of its version.
    """
    lease = leased(producer, service, [{"sku": n} for n in range(len(letters))], source)
    counts = [letters.count(letter) for letter in "ldsr"]
    service.execute(
        "UPDATE etl.batch SET status = 'done', finished_at = clock_timestamp(), outcomes = %s, slip = %s, slip_digest = %s, "
        "loaded = %s, duplicate = %s, skipped = %s, rejected = %s WHERE batch_id = %s",
        [letters, slip, digest, *counts, lease.batch_id],
    )
    return lease


def finished(service: Connection, lease: Lease) -> None:
    """Finish a replay's batch as its load would."""
    letters = "l" * len(lease.row_ids)
    service.execute(
        "UPDATE etl.batch SET status = 'done', finished_at = clock_timestamp(), outcomes = %s, prior = %s, loaded = %s "
        "WHERE batch_id = %s",
        [letters, letters, len(letters), lease.batch_id],
    )


def order(conn: Connection, version: str = "current", rate: float | None = None, **chosen: Any) -> int:
    """Order a replay of rows that are staged by now, those that a filter chooses; return its id."""
    hi = one(conn, "SELECT coalesce(max(row_id), 0) FROM etl.staging")
    replay_id: int = one(
        conn,
        "INSERT INTO etl.replay (filter, version, rate, row_hi) VALUES (%s::jsonb, %s, %s, %s) RETURNING replay_id",
        dumps(chosen),
        version,
        rate,
        hi,
    )
    return replay_id
