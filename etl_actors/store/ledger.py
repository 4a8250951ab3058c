"""The books as `etl.ledger` shows them."""

from dataclasses import dataclass
from datetime import datetime

from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["LedgerRow", "ledger"]

_SQL = queries("ledger")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One source's books; ``staged + pruned`` is the sum of the other counts, or `balanced` is false."""

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
    balanced: bool


def ledger(conn: Connection) -> list[LedgerRow]:
    """Return the books of every source, by name, from one snapshot."""
    return [LedgerRow(*row) for row in conn.execute(_SQL["ledger"])]
