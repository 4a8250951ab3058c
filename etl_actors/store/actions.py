"""What operators have done, on record: who and when are the database's to say."""

from collections.abc import Mapping
from json import dumps
from typing import Any

from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["record_action"]

_SQL = queries("actions")


def record_action(conn: Connection, action: str, detail: Mapping[str, Any]) -> None:
    """Keep in etl.action what was done.

    Args:
        conn: in the transaction that does it, so that it is on record if and only if it was done.
        action: the command that did it.
        detail: to what, and with which effect; values that JSON has.
    """
    conn.execute(_SQL["record"], {"action": action, "detail": dumps(detail)})
