"""A window of a replay that is claimed as it is chosen, where one source has all of it: then no row of it is written to wait."""

from collections.abc import Collection
from dataclasses import dataclass
from json import dumps

from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease, leases
from etl_actors.store.queries import queries
from etl_actors.store.replay.listed import Listed

__all__ = ["Taken", "take"]

_SQL = queries("replay_queue")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a window.

    Args:
        made: a lease for each slip that the rows name and each version they are pinned to.
        rows: how many the filter chose of it.
        one: whether none had to be left to wait, for one source had them all.
    """

    made: tuple[Lease, ...]
    rows: int
    one: bool


def take(conn: Connection, listed: Listed, lo: int, hi: int, rows: int, nbytes: int, owner: int, only: Collection[str]) -> Taken:
    """Choose a replay's rows between two ids, and claim them if one source has them all.

    Args:
        conn: in a transaction that holds the replay.
        listed: what it means.
        lo: the first row id.
        hi: the last.
        rows: at most so many.
        nbytes: rows are taken while those before them are smaller than this; the first is always taken.
        owner: the node that claims.
        only: the sources to be claimed; empty for all.
    """
    given = {
        "replay_id": listed.replay_id,
        "filter": dumps(listed.between(lo, hi)),
        "lo": lo,
        "hi": hi,
        "rows": rows,
        "bytes": nbytes,
    }
    conn.execute(_SQL["by_ranges"])
    found = conn.execute(_SQL["take"], given | {"owner": owner, "only": list(only)}).fetchall()
    return Taken(leases(row[2:] for row in found if row[2] is not None), found[0][0], found[0][1])
