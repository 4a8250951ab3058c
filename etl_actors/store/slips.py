"""The record of every slip that was ever in force."""

from dataclasses import dataclass
from datetime import datetime
from json import dumps

from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Version", "remember", "versions"]

_SQL = queries("slips")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a slip that was ever in force.

    Args:
        name: of the slip.
        digest: of the version.
        active: whether it was put in force last.
        first_seen: when it was stored.
        loaded: documents that its batches settled as loaded.
        last_loaded: when the last of those batches finished; None where there is none.
    """

    name: str
    digest: str
    active: bool
    first_seen: datetime
    loaded: int
    last_loaded: datetime | None


def versions(conn: Connection) -> list[Version]:
    """Return every version of every slip, by name, the latest first."""
    return [Version(*row) for row in conn.execute(_SQL["versions"])]


def remember(conn: Connection, slip: Slip) -> None:
    """Keep the slip's text under its digest, and mark its other versions as no longer active."""
    with conn.transaction():
        conn.execute(_SQL["remember"], {"digest": slip.digest, "name": slip.name, "files": dumps(dict(slip.files))})
        conn.execute(_SQL["retire"], {"digest": slip.digest, "name": slip.name})
