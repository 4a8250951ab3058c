"""The record of every slip that was ever in force."""

from json import dumps

from etl_actors.slips.model import Slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["remember"]

_SQL = queries("slips")


def remember(conn: Connection, slip: Slip) -> None:
    """Keep the slip's text under its digest, and mark its other versions as no longer active."""
    with conn.transaction():
        conn.execute(_SQL["remember"], {"digest": slip.digest, "name": slip.name, "files": dumps(dict(slip.files))})
        conn.execute(_SQL["retire"], {"digest": slip.digest, "name": slip.name})
