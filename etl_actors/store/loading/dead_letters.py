"""Dead letters: rejects as rows of etl.reject, in the load's transaction."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from json import dumps
from typing import Any

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["insert_rejects"]

_SQL = queries("batches")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # neither text nor jsonb takes them


def insert_rejects(conn: Connection, batch_id: int, parsed: Parsed) -> None:
    """Insert a batch's rejects.

    Args:
        conn: in the load's transaction.
        batch_id: of the batch.
        parsed: it.
    """
    rejects = _kept(parsed.rejects)
    if rejects:
        given = {
            "batch_id": batch_id,
            "slip": parsed.slip,
            "digest": parsed.digest,
            "rejects": dumps([_storable(asdict(reject)) for reject in rejects]),
        }
        conn.execute(_SQL["reject"], given)


def _kept(rejects: Iterable[Reject]) -> list[Reject]:
    """Leave out items of a row that was rejected as a whole: its own reject speaks for it."""
    given = list(rejects)
    whole = {reject.row_id for reject in given if not reject.item}
    return [reject for reject in given if not reject.item or reject.row_id not in whole]


def _storable(value: Any) -> Any:
    """Write what no text can hold as the replacement character: an excerpt may have it, and must not cost the row."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(held) for held in value]
    return value
