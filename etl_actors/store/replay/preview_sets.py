"""The statements of a dry run for keyless children, which lie below rows of others and go with them."""

from collections.abc import Iterable

from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.store.replay.preview_table import CHOSEN, Compared
from etl_actors.store.tables.quoting import Quoted
from etl_actors.store.tables.temps import temp_of

__all__ = ["take_set_after", "take_set_before"]


def take_set_before(one: Compared, parents: Iterable[sql.Composable]) -> sql.Composed:
    """Take the keyless children that lie below some rows: each a statement of their identities."""
    above = sql.SQL(" UNION ").join(parents)
    return sql.SQL(
        "INSERT INTO {} SELECT t._id, t._row_id, 0, NULL, t._row_id IN {}, true, {} FROM {} AS t WHERE t._parent_id IN ({})"
    ).format(one.own("before"), CHOSEN, one.values_of(one.there), one.target, above)


def take_set_after(one: Compared, plan: Table, owner: Compared) -> sql.Composed:
    """Take the keyless children that would land with rows that would win."""
    names = frozenset(name for name, _ in plan.copied)
    place = "t._root_id = w._id" if plan.owner is None else "t._owner_pos = w._pos"
    return sql.SQL(
        "INSERT INTO {} SELECT t._id, t._row_id, 0, NULL, w.ours, false, {} FROM {} AS t JOIN {} AS w "
        "ON w._row_id = t._row_id AND NOT w.held AND {}"
    ).format(
        one.own("after"),
        one.values_of(names),
        Quoted("pg_temp", temp_of(plan)),
        owner.own("after"),
        sql.SQL(place),
    )
