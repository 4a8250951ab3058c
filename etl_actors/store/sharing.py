"""The end of a long row of batches: its last rows are shared out, so that they keep all parsers busy, and the loader waits for none."""

from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["share"]

_SQL = queries("inbox")
_LEAST = 250  # rows; fewer are no share: a batch costs some milliseconds whatever is in it
_RUNS_SEEN = 100  # runs that are looked through for what waits; where there are more, there is enough for everybody


def share(conn: Connection, source: str, floor: int, rows: int, parsers: int) -> int:
    """Return how many rows the next batch of a source may have.

    Args:
        conn: in autocommit mode.
        source: whose rows wait.
        floor: beyond which they do.
        rows: that it may have at most.
        parsers: among whom they are shared out.
    """
    if rows <= _LEAST or parsers <= 1:
        return rows
    known = {"source": source, "floor": floor, "runs": _RUNS_SEEN}
    seen, waiting = conn.execute(_SQL["waiting"], known).fetchone() or (_RUNS_SEEN, 0)
    return rows if seen == _RUNS_SEEN else min(rows, max(_LEAST, -(-waiting // parsers)))
