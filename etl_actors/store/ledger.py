"""The books as `etl.ledger` shows them, at a glance, and carried forward."""

from dataclasses import dataclass
from datetime import datetime

from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["LedgerRow", "carry", "glance", "ledger"]

_SQL = queries("ledger")
_COUNTED_BYTES = 8 * 2**20  # of the inbox: 130,000 runs at most, in 25 ms or so
_COUNTED_RUNS = 10_000  # by its key, where it is larger: what has waited may be gone, and its room be left
_CARRIED_AT_ONCE = 5  # times as many batches as one transaction carries: 10,000, in the hundredth part of a second or two


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One source's books; ``staged + pruned`` is the sum of the other counts, or `balanced` is false.

    It is None at a glance where too much waits to be counted: `pending` is what the other counts leave, then.
    """

    source: str
    staged: int
    pending: int
    claimed: int
    loaded: int
    duplicate: int
    skipped: int
    rejected: int
    pruned: int
    oldest_pending_at: datetime | None
    balanced: bool | None


def ledger(conn: Connection) -> list[LedgerRow]:
    """Return the books of every source, by name, from one snapshot."""
    return [LedgerRow(*row) for row in conn.execute(_SQL["ledger"])]


def glance(conn: Connection, nbytes: int = _COUNTED_BYTES, runs: int = _COUNTED_RUNS) -> list[LedgerRow]:
    """Return the books of every source, by name, at a cost that does not grow with what waits.

    Args:
        conn: in autocommit mode.
        nbytes: an inbox of no more is counted, as by `ledger`.
        runs: a larger one is counted if it has no more rows, each a run of rows that wait.
    """
    row = conn.execute(_SQL["inbox_bytes"]).fetchone()
    if row is not None and row[0] <= nbytes:
        return ledger(conn)
    with conn.transaction():
        conn.execute(_SQL["by_key"])
        return [LedgerRow(*row) for row in conn.execute(_SQL["glance"], {"most": runs})]


def carry(conn: Connection) -> int:
    """Add batches that are done to the sums that the books read; how many: all but the newest, if there are not too many.

    Args:
        conn: in autocommit mode, as the service. Several may do so at once.

    Returns:
        How many batches have been passed.
    """
    passed = 0
    for _ in range(_CARRIED_AT_ONCE):
        row = conn.execute(_SQL["carry"]).fetchone()
        if row is None or not row[0]:
            break
        passed += row[0]
    return passed
