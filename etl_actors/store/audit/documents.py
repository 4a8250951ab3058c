"""Whether documents that were broken out can be made again of their rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from etl_actors.store.audit.findings import Check, Finding, Made
from etl_actors.store.breakout.rebuild import differing
from etl_actors.store.database import Connection
from etl_actors.store.tables.kin import read_stored
from etl_actors.store.versions import active_slips

__all__ = ["Deep", "documents_checked"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Deep:
    """Which documents are made again.

    Args:
        most: how many of each slip, taken all over its root table; None for all.
    """

    most: int | None = None


def documents_checked(conn: Connection, target_schema: str, deep: Deep, tell: Callable[[str], None]) -> Iterator[Made]:
    """Make documents again, of each slip that breaks them out.

    Args:
        conn: in autocommit mode: each piece of the documents is looked at as of one moment, so that slips grow in between.
        target_schema: where tables are whose slip names no schema.
        deep: which documents.
        tell: told whose documents come next.
    """
    for active in active_slips(conn):
        slip = read_stored(active.digest, active.name, active.files, target_schema)
        if slip.breakout is None:
            continue
        tell(f"the documents of slip {slip.name}")
        looked, wrong = differing(conn, slip, target_schema, deep.most)
        check = Check(
            f"rebuilt {slip.name}",
            8,
            f"of slip {slip.name} each document ({looked:,}) is made again of its rows, member by member and digit by digit",
            f"Documents of slip {slip.name} that their rows do not give again",
            "See what differs with: etl-actors rebuild ROW_ID.",
        )
        yield check, [Finding(check.name, len(wrong), tuple(f"row {row_id}" for row_id in wrong[:_SHOWN]))] if wrong else []
