"""Changes of a break-out's tables that are made where they stand, with the views on them."""

from collections.abc import Iterator, Sequence

from etl_actors.relational.breakout.changes import AddColumn, AddTable, MoveColumns, RenameColumn
from etl_actors.relational.breakout.changes import Change as Drift
from etl_actors.slips.model.slip import Slip
from etl_actors.store.breakout.permission import written_anew
from etl_actors.store.breakout.refill import all_staged
from etl_actors.store.breakout.taking import take
from etl_actors.store.breakout.versions import in_the_way, put_view_away, put_view_back, view_to_take
from etl_actors.store.breakout.views import make_way, renamed_column
from etl_actors.store.database import Connection
from etl_actors.store.tables.drift import drifted
from etl_actors.store.tables.plan import Change

__all__ = ["altered_in_place", "filled_beside"]

_IN_PLACE_BYTES = 32 * 2**20  # a million rows hold readers for a second; so much is written anew in a tenth of that
_MOVED_BYTES = 4 * 2**20  # rows that are updated by those of another table take longer: half a second


def altered_in_place(conn: Connection, known: Slip, wanted: Slip, changes: Sequence[Drift]) -> Iterator[Change]:
    """Make changes of tables; the readable view is to be put anew then.

    Args:
        conn: in the transaction in which the slip grows.
        known: the version that the tables are of.
        wanted: the version that they are to be of.
        changes: that lead there.

    Yields:
        What was done, for the record.
    """
    # Views first: whoever reads by one holds it before its tables, and would wait for us while we wait for them.
    blocking = any(not isinstance(change, AddTable | AddColumn | RenameColumn) for change in changes)
    make_way(conn, wanted, blocking=blocking)
    altered = {change.table for change in changes if not isinstance(change, AddTable)}
    history = view_to_take(conn, known) if wanted.root.name in altered else []
    take(conn, [*history, *(table for table in wanted.targets if table.name in altered)])
    yield from put_view_away(conn, known) if history and in_the_way(changes, known) else ()
    for one in drifted(changes, wanted.targets):
        conn.execute(one.statement)
        yield one
    for change in changes:
        if isinstance(change, RenameColumn) and change.table == wanted.root.name:
            renamed_column(conn, wanted, change.name, change.to)
    yield from put_view_back(conn, wanted)


def filled_beside(conn: Connection, known: Slip, changes: Sequence[Drift]) -> bool:
    """Tell whether readers would wait for tables that are written anew in place, and they can be filled beside instead.

    Args:
        conn: to ask for sizes.
        known: the version that the tables are of.
        changes: to be made.
    """
    moves = [change for change in changes if isinstance(change, MoveColumns)]
    large = written_anew(conn, known.targets, changes) > _IN_PLACE_BYTES
    large = large or written_anew(conn, known.targets, moves) > _MOVED_BYTES
    return large and all_staged(conn, known)
