"""Materialized views of break-outs: filled after loads, concurrently; and made anew beside the old one where their tables have changed.

Nobody waits for it: readers see what was there until the new rows are there, and whoever has to change the slip's tables has it end at once.
"""

import time
from dataclasses import dataclass

from psycopg import errors as pg
from psycopg import sql

from etl_actors.errors import SlipError
from etl_actors.relational.breakout.view import View
from etl_actors.slips.model.slip import Slip
from etl_actors.store.breakout.giving_way import GivingWay
from etl_actors.store.breakout.granted import kept, restored
from etl_actors.store.breakout.view_facts import Standing, columns_of, name_taken, query_of, standing, view_identifier, view_of
from etl_actors.store.breakout.views import put, recorded
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import read_stored

__all__ = ["Refreshed", "refresh"]

_SQL = queries("refreshing")
_BREAKOUTS = queries("breakouts")
_TARGETS = queries("targets")
_SWAPS = 10
_REST_S = 0.5  # between two attempts to swap: longer than readers wait behind one
_WANTED = "etl_wanted_view"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of a view.

    Args:
        view: its qualified name; None where the slip has no materialized view, or is not in force.
        anew: whether it was made anew rather than filled.
        done: whether it shows what had landed when it began; False: somebody else is at it, or wanted to change the tables.
        hindrance: why it is of former tables still; empty where it is not.
    """

    view: str | None
    anew: bool = False
    done: bool = True
    hindrance: str = ""


def refresh(conn: Connection, name: str, target_schema: str, way: GivingWay, *, wait: bool) -> Refreshed:
    """Let the materialized view of a slip show what has landed.

    Args:
        conn: in autocommit mode, as the service role.
        name: of the slip.
        target_schema: for tables of slips that name no schema.
        way: ends it where somebody waits for the slip's tables.
        wait: where another daemon is at it, until that is done.

    Raises:
        SlipError: something else has its name.
    """
    given = {"name": name}
    if wait:
        conn.execute(_SQL["await_refreshing"], given)
    elif conn.execute(_SQL["try_refreshing"], given).fetchone() != (True,):
        return Refreshed(None, done=False)
    try:
        with way.to_whoever_changes(conn, name), conn.transaction():
            conn.execute(_BREAKOUTS["hold"], given)  # as a load does: its tables stay as they are until it is done
            return _refreshed(conn, name, target_schema)
    except pg.QueryCanceled:
        return Refreshed(None, done=False)
    finally:
        if not conn.closed:
            conn.execute(_SQL["stop_refreshing"], given)


def _refreshed(conn: Connection, name: str, target_schema: str) -> Refreshed:
    stored = conn.execute(_BREAKOUTS["active"], {"name": name}).fetchone()
    slip = None if stored is None else read_stored(stored[0], name, stored[1], target_schema)
    view = None if slip is None else view_of(slip)
    if slip is None or view is None or not view.materialized:
        return Refreshed(None)
    taken = name_taken(conn, slip)
    if taken is not None:
        raise SlipError(taken)
    there = standing(conn, view)
    if there is not None and there.materialized and _says(conn, view, slip):
        conn.execute(sql.SQL("REFRESH MATERIALIZED VIEW CONCURRENTLY {}").format(view_identifier(view)))
        return Refreshed(view.qualified)
    hindrance = _hindrance(conn, view)
    if hindrance:
        if there is not None and there.materialized:
            conn.execute(sql.SQL("REFRESH MATERIALIZED VIEW CONCURRENTLY {}").format(view_identifier(view)))
        return Refreshed(view.qualified, hindrance=hindrance)
    _make_anew(conn, view, slip, there)
    return Refreshed(view.qualified, anew=True)


def _says(conn: Connection, view: View, slip: Slip) -> bool:
    """Tell whether a view is what the slip's tables ask for, as PostgreSQL reads both."""
    conn.execute(sql.SQL("CREATE TEMP VIEW {} AS {}").format(sql.Identifier(_WANTED), _query(slip)))
    names = {"one": f"pg_temp.{_WANTED}", "other": view_identifier(view).as_string(conn)}
    same = conn.execute(_SQL["same_view"], names).fetchone()
    conn.execute(sql.SQL("DROP VIEW {}").format(sql.Identifier("pg_temp", _WANTED)))
    return same == (True,)


def _query(slip: Slip) -> sql.Composed:
    return query_of(slip, columns_of(slip))


def _make_anew(conn: Connection, view: View, slip: Slip, there: Standing | None) -> None:
    """Fill a view beside the one that is there, and let it take the place between readers."""
    if there is None:
        put(conn, slip)
        there = Standing(materialized=False, ours=True)
    beside = View(view.schema, f"etl_anew_{slip.digest[:8]}")
    made = sql.SQL("CREATE MATERIALIZED VIEW {} AS {}").format(view_identifier(beside), _query(slip))
    indexed = sql.SQL("CREATE UNIQUE INDEX ON {} (_id)").format(view_identifier(beside))
    for statement in (made, indexed):
        recorded(conn, slip, view, statement)
    for attempt in range(_SWAPS):
        try:
            with conn.transaction():
                conn.execute(_TARGETS["limit_wait"])
                _swap(conn, slip, view, beside, there)
        except pg.LockNotAvailable:
            if attempt == _SWAPS - 1:
                raise
            time.sleep(_REST_S)
        else:
            return


def _hindrance(conn: Connection, view: View) -> str:
    """Say which views of others depend on it, so that it can't be made anew; empty where none does."""
    tables = {"tables": [view_identifier(view).as_string(conn)]}
    others = ", ".join(name for (name,) in conn.execute(_BREAKOUTS["dependents"], tables))
    return f"it would have to be made anew for its tables as they are, but view {others} depends on it" if others else ""


def _swap(conn: Connection, slip: Slip, view: View, beside: View, there: Standing) -> None:
    others = kept(conn, view)
    recorded(conn, slip, view, sql.SQL("DROP {} {}").format(there.kind, view_identifier(view)))
    renamed = sql.SQL("ALTER MATERIALIZED VIEW {} RENAME TO {}").format(view_identifier(beside), sql.Identifier(view.name))
    recorded(conn, slip, view, renamed)
    for statement in restored(conn, view, others, sql.SQL("MATERIALIZED VIEW")):
        recorded(conn, slip, view, statement)
