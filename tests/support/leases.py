"""Batches claimed by hand, without a daemon."""

from collections.abc import Sequence
from typing import Any

from etl_actors.store.database import Connection
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from tests.support.documents import stage

__all__ = ["OWNER", "claim", "leased"]

OWNER = 1_000_000
"""A node that no daemon has."""


def claim(service: Connection, rows: int = 10_000, owner: int = OWNER) -> Lease:
    """Claim one batch of whatever waits.

    Args:
        service: as the daemon connects.
        rows: at most so many.
        owner: the node that shall own it.
    """
    inbox = Inbox(service, owner)
    assert inbox.look()
    (lease,) = inbox.claim(rows, 2**30)
    return lease


def leased(
    producer: Connection, service: Connection, documents: int | Sequence[Any] = 1, source: str = "shop", owner: int = OWNER
) -> Lease:
    """Stage documents and claim them as one batch; nothing else may wait.

    Args:
        producer: stages.
        service: claims.
        documents: the documents, or how many.
        source: of all of them.
        owner: the node that shall own the batch.
    """
    given = [{}] * documents if isinstance(documents, int) else documents
    row_ids = stage(producer, source, given)
    lease = claim(service, owner=owner)
    assert list(lease.row_ids) == row_ids
    return lease
