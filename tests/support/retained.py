"""Rows that are settled in partitions of ten, of which retention may drop those that are full."""

from typing import Any

from etl_actors.slips.reading.read import read_slip
from etl_actors.store.audit.audit import audit
from etl_actors.store.database import Connection, connect
from etl_actors.store.ledger import ledger
from etl_actors.store.retention import Hindrance, StagingPartition, drop, due_partitions
from etl_actors.store.slips import remember
from tests.support.documents import stage
from tests.support.partitions import seal, tiny_partitions
from tests.support.settle import settle

__all__ = ["ROWS", "SLIP", "at_once", "balance", "books", "findings", "first_of", "settle_some", "small_partitions"]

ROWS = 10
"""Of a partition."""

SLIP = read_slip(
    {
        "slip.toml": """
name = "book"
source = "library"
[tables.book]
key = ["isbn"]
columns.isbn = "isbn | text"
columns.year = "year | int"
"""
    },
    "public",
)


def books(first: int, count: int) -> list[dict[str, Any]]:
    """Make documents, the seventh of each ten with a year that is none."""
    return [{"isbn": str(n), "year": "MCM" if n % 10 == 7 else 1900 + n} for n in range(first, first + count)]


def small_partitions(admin: Connection, service: Connection) -> None:
    """Make partitions of ten rows, and put a slip in force for them."""
    tiny_partitions(admin, service, ROWS)
    remember(service, SLIP)


def settle_some(service: Connection, producer: Connection) -> None:
    """Settle 25 rows in batches of four, some of which lie in two partitions; the dead letters are discarded."""
    stage(producer, "library", books(1, 25))
    settle(service, {"library": SLIP}, 4)
    service.execute("UPDATE etl.reject SET status = 'discarded'")
    seal(service, ROWS)


def first_of(conn: Connection) -> StagingPartition:
    """Return the oldest partition that is full."""
    due, _ = due_partitions(conn, None)
    return due[0]


def at_once(conn: Connection, partition: StagingPartition) -> list[Hindrance]:
    """Drop a partition without a rest between the attempts."""
    return drop(conn, partition, rest=lambda _: None)


def balance(conn: Connection) -> dict[str, int]:
    """Return the counts of the one source that are not 0, after a look whether they balance."""
    (row,) = ledger(conn)
    assert row.balanced
    names = ("staged", "pending", "claimed", "loaded", "duplicate", "skipped", "rejected", "pruned")
    return {name: getattr(row, name) for name in names if getattr(row, name)}


def findings(url: str) -> list[str]:
    """Audit as an operator, and return what is found."""
    with connect(url, role="etl_operator") as operator:
        report = audit(operator, "public")
    return [report.sentence(found) for found in report.findings]
