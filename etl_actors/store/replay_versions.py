"""The stored versions of slips that settled rows, where their code comes into question."""

from collections.abc import Sequence

from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["stored_code"]

_SQL = queries("replays")


def stored_code(conn: Connection, digests: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return name, digest and the text of `steps.py` of each of some versions that has one."""
    return conn.execute(_SQL["stored_code"], {"digests": list(digests)}).fetchall()
