"""Slips put in force as somebody wrote them: nothing that was seen is forgotten, and there is the view that they ask for."""

import time
from collections.abc import Iterable

from psycopg import errors as pg

from etl_actors.errors import DatabaseUnsuitable
from etl_actors.relational.breakout.view import View
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown, seen_by, written_alike
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout.column_map import keep_column_map, put_in_force
from etl_actors.store.breakout.permission import settle_plan
from etl_actors.store.breakout.view_facts import fits, name_taken, standing, view_identifier, view_of
from etl_actors.store.breakout.views import moved, put
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["adopt", "hold", "require_view"]

_SQL = queries("breakouts")
_TARGETS = queries("targets")
_VIEWS = queries("views")
_ATTEMPTS = 10
_REST_S = 0.5  # longer than readers wait behind one attempt


def adopt(conn: Connection, slip: Slip) -> None:
    """Put a slip in force as it was written; of one that breaks documents out nothing that was seen is forgotten.

    Args:
        conn: in the transaction of the rollout.
        slip: as it was read, its tables made.
    """
    if slip.breakout is None:
        put_in_force(conn, slip)
        settle_plan(conn, slip.name)
        return
    conn.execute(_SQL["lock"], {"name": slip.name})
    before = _active(conn, slip)
    _require_same_tables(slip, before)
    after = slip if before is None else grown(slip, seen_by(before.files))
    if before is None or not written_alike(before.files, slip.files):
        put_in_force(conn, after)
        settle_plan(conn, slip.name)
    else:  # what it has seen is as the tables are, whatever was seen when it was read
        after = before
        keep_column_map(conn, after)
    patience = conn.execute(_VIEWS["patience"]).fetchone()
    _let_there_be_the_view(conn, before, after)
    conn.execute(_VIEWS["be_patient"], {"limit": patience[0] if patience else "0"})  # what comes may have to wait for loads


def hold(conn: Connection, slips: Iterable[Slip]) -> None:
    """Keep all of some slips from growing until the transaction ends, in one order: none is waited for with the view of another in hand."""
    for name in sorted(slip.name for slip in slips if slip.breakout is not None):
        conn.execute(_SQL["lock"], {"name": name})


def _require_same_tables(slip: Slip, active: Slip | None) -> None:
    """Require that what is in force has the tables that the slip has: somebody may have changed them since it was read.

    Raises:
        DatabaseUnsuitable: it has others.
    """
    if active is None or EVIDENCE not in active.files or slip.breakout is None or active.breakout is None:
        return
    if slip.breakout.fills_as(active.breakout) and not slip.breakout.says_as(active.breakout):
        raise DatabaseUnsuitable(f"Slip {slip.name} was put in force otherwise by somebody else meanwhile: try again.")


def require_view(conn: Connection, slip: Slip) -> None:
    """Require that a slip can have the view that it asks for.

    Raises:
        DatabaseUnsuitable: something else has its name, or others depend on one that would have to be dropped.
    """
    if slip.breakout is None:
        return
    taken = name_taken(conn, slip)
    if taken is not None:
        raise DatabaseUnsuitable(taken)
    dropped = _to_be_dropped(conn, _former(_active(conn, slip), slip), slip)
    if dropped is None:
        return
    tables = {"tables": [view_identifier(dropped).as_string(conn)]}
    others = ", ".join(name for (name,) in conn.execute(_SQL["dependents"], tables))
    if others:
        msg = f"Slip {slip.name} would have view {dropped.qualified} dropped or made anew, but view {others} depends on it."
        raise DatabaseUnsuitable(msg)


def _active(conn: Connection, slip: Slip) -> Slip | None:
    """Give the version that is in force, of a slip that breaks documents out."""
    assert slip.breakout is not None
    stored = conn.execute(_SQL["active"], {"name": slip.name}).fetchone()
    return None if stored is None else read_slip(stored[1], slip.breakout.schema)


def _former(before: Slip | None, after: Slip) -> View | None:
    """Give the view of the version before, if it is of the same tables; that of other tables stays with them."""
    if before is None or before.breakout is None or not before.breakout.fills_as(after.breakout):
        return None
    return before.breakout.view


def _to_be_dropped(conn: Connection, old: View | None, after: Slip) -> View | None:
    view = view_of(after)
    if view is None:
        return old
    there = standing(conn, old or view)
    if there is None:
        return None
    anew = there.materialized and not view.materialized if old is not None else not fits(conn, after)
    return (old or view) if anew else None


def _let_there_be_the_view(conn: Connection, before: Slip | None, after: Slip) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            with conn.transaction():
                _change_view(conn, _former(before, after), after)
        except pg.LockNotAvailable:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_REST_S)
        else:
            return


def _change_view(conn: Connection, old: View | None, after: Slip) -> None:
    view = view_of(after)
    conn.execute(_TARGETS["limit_wait"])
    moved(conn, old, after)
    there = None if view is None else standing(conn, view)
    if there is None or old is None or (there.materialized and view is not None and not view.materialized):
        put(conn, after)
