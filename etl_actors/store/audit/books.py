"""The audit of the books: staging, inbox, batches, dead letters and replays against one another."""

from collections.abc import Iterator, Sequence
from typing import Any

from etl_actors.slips.model.slip import Slip
from etl_actors.store.audit.findings import Check, Made, finding
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["books_checked"]

_SQL = queries("audit")

_CHECKS = (
    Check("unbalanced", 2, "every source's rows add up (etl.ledger)", "Sources whose rows do not add up"),
    Check(
        "recounted",
        2,
        "the ledger's outcomes are those of a recount, row by row",
        "Outcomes of a source that the ledger counts otherwise than its rows",
    ),
    Check(
        "sealed",
        2,
        "every part of staging that was counted holds what was counted",
        "Counts of a source in a partition of staging that are not what it holds",
    ),
    Check(
        "nowhere",
        2,
        "every staged row waits, is claimed, or is settled",
        "Staged rows that neither wait, are claimed nor settled",
        "They bypassed the trigger, or their place in the inbox was lost; enqueue them: etl-actors audit --repair",
    ),
    Check("twice", 2, "no row waits, is claimed or is settled twice", "Rows that wait, are claimed or settled twice"),
    Check(
        "phantom",
        2,
        "nothing waits or is settled that was not staged",
        "Rows that wait, are claimed or settled without being staged",
    ),
    Check("bounds", 2, "every batch's row ids ascend from its first to its last", "Batches whose row ids were changed"),
    Check(
        "miscounted",
        2,
        "every batch's outcomes add up to its counts",
        "Batches whose counts are not those of their rows' outcomes",
    ),
    Check(
        "gained",
        1,
        "every batch has added a root row or a tombstone for each that it loaded and that replaced none",
        "Batches that say they loaded more or fewer rows than they added",
    ),
    Check(
        "skipped",
        2,
        "only slips that may skip documents have skipped rows",
        "Batches with skipped rows, although their slip skips none",
    ),
    Check(
        "unexplained_rejects",
        2,
        "every rejected row has its dead letter, and every dead letter its row",
        "Rejected rows without a dead letter, or dead letters without a rejected row",
    ),
    Check(
        "stray_items",
        2,
        "every item that was rejected alone is of a row that went on without it",
        "Dead letters of items whose row did not go on without them",
    ),
    Check("foreign_rows", 3, "every batch holds rows of its own source only", "Rows of one source in a batch of another"),
    Check(
        "prior",
        2,
        "what replays say of their rows' outcomes before is what the batches before them say",
        "Rows of which a replay says another outcome before it than the batch before it",
    ),
    Check(
        "repeats",
        2,
        "what a replay has still to do was settled by the batch that it names",
        "Rows that a replay has still to do, and that the batch it names has not settled",
    ),
    Check(
        "vacant",
        2,
        "no replay has ended before it knew who wins the identities that it took a row from",
        "Identities that a replay took a row from, and that it ended without a look for who wins them now",
        "It was cancelled while it could not seek; once its problem is mended: etl-actors replay --resume REPLAY_ID",
    ),
)
_SINCE = {"recounted": "recounted_since"}  # the ledger is of all rows: of later ones it is made anew


def books_checked(conn: Connection, start: int, slips: Sequence[Slip], *, whole: bool) -> Iterator[Made]:
    """Check the books.

    Args:
        conn: in the audit's transaction.
        start: the first row that is looked at.
        slips: all that were ever in force.
        whole: whether all rows are.
    """
    never = [slip.digest for slip in slips if not slip.may_skip]
    deleted = {slip.root.qualified: f"{slip.root.schema}.{slip.root.deleted_by}" for slip in slips if slip.root.deleted_by}
    given = {"from_row": start, "never": never, "roots": [*deleted], "tombstones": [*deleted.values()]}
    for check in _CHECKS:
        name = check.name if whole else _SINCE.get(check.name, check.name)
        yield check, finding(check.name, _found(conn, name, given))


def _found(conn: Connection, name: str, given: dict[str, Any]) -> Sequence[Any] | None:
    return conn.execute(_SQL[name], given).fetchone()
