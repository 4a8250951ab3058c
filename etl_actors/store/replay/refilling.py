"""The statements by which a replay corrects rows that many documents fill: what ours gave is given anew, or asked of others."""

from collections.abc import Sequence

from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.store.loading.filling import giver, record
from etl_actors.store.tables.quoting import Quoted, listed
from etl_actors.store.tables.temps import temp_of

__all__ = ["lock_filled", "take_back", "update_given"]


def lock_filled(table: Table, fresh: Table | None) -> sql.Composed:
    """Lock the rows to which our documents have given something, or give now, in the order of `_id`: as live loads lock them.

    Args:
        table: as it was filled before.
        fresh: as the batch's slip fills it; None where it does no more.

    Takes ``rows`` (bigint[]: row ids).
    """
    target = Quoted(table.schema, table.name)
    came = sql.SQL("") if fresh is None else sql.SQL(" UNION SELECT _id FROM {}").format(Quoted("pg_temp", temp_of(fresh)))
    return sql.SQL(
        "SELECT FROM {target} WHERE _id = ANY (ARRAY (SELECT _id FROM {target} AS held WHERE {ours}{came})) ORDER BY _id FOR UPDATE"
    ).format(target=target, ours=_ours(), came=came)


def take_back(table: Table, columns: Sequence[str], fresh: Table | None) -> sql.Composed:
    """Take back what our documents have given, of every row to which one of them gives less now: other givers are asked anew.

    What others gave stays: they need not be there any more to be asked. A row that has no other giver goes.

    Args:
        table: as it was filled before.
        columns: of it that any slip fills.
        fresh: as the batch's slip fills it; None where it does no more.

    Takes ``rows`` (bigint[]: row ids). Returns ``(_id, gone)`` of each row.
    """
    ours = sql.SQL("%(rows)s::bigint[]")
    # The key came with every giver, and a column that may not be null too: they pass to the lowest of those that are left.
    kept = {*table.key, *(column.name for column in (*table.columns, *(fresh.columns if fresh else ())) if not column.null)}
    givers = {name: giver("held", name) for name in columns}
    left = [sql.SQL("CASE WHEN held.{} IS NOT NULL THEN {} END").format(Quoted(name), who) for name, who in givers.items()]
    new_givers = [
        sql.SQL("CASE WHEN held.{column} IS NULL THEN NULL WHEN {who} = ANY ({ours}) THEN {heir} ELSE {who} END").format(
            column=Quoted(name), who=who, ours=ours, heir=sql.SQL("ours.heir" if name in kept else "NULL")
        )
        for name, who in givers.items()
    ]
    emptied = [
        sql.SQL("{column} = CASE WHEN {who} = ANY ({ours}) THEN NULL ELSE held.{column} END").format(
            column=Quoted(name), who=who, ours=ours
        )
        for name, who in givers.items()
        if name not in kept
    ]
    return sql.SQL(
        "WITH ours AS MATERIALIZED (SELECT held._id, (SELECT min(g) FROM unnest(ARRAY[held._row_id, {left}]) AS u (g) "
        "WHERE g <> ALL ({rows})) AS heir FROM {target} AS held WHERE {whose} AND ({lacking})), "
        "gone AS (DELETE FROM {target} WHERE _id IN (SELECT _id FROM ours WHERE heir IS NULL) RETURNING _id), "
        "less AS (UPDATE {target} AS held SET {emptied}_row_id = ours.heir, _filled = {filled}, _loaded_at = clock_timestamp(), "
        "_batch_id = CASE WHEN ours.heir = held._row_id THEN held._batch_id "
        "ELSE coalesce((SELECT d.batch_id FROM etl.settled(ours.heir, ours.heir) d), held._batch_id) END "
        "FROM ours WHERE held._id = ours._id AND ours.heir IS NOT NULL RETURNING held._id) "
        "SELECT _id, true FROM gone UNION ALL SELECT _id, false FROM less"
    ).format(
        left=listed(left),
        rows=ours,
        target=Quoted(table.schema, table.name),
        whose=_ours(),
        lacking=_lacking(columns, fresh),
        emptied=listed([*emptied, sql.SQL("")]) if emptied else sql.SQL(""),
        filled=record(columns, sql.SQL("ARRAY[{}]::bigint[]").format(listed(new_givers)), sql.SQL("ours.heir")),
    )


def _lacking(columns: Sequence[str], fresh: Table | None) -> sql.Composable:
    """Write that one of our documents gives less than it has given."""
    if fresh is None:
        return sql.SQL("true")
    came = sql.SQL("FROM {} AS came WHERE came._id = held._id").format(Quoted("pg_temp", temp_of(fresh)))
    own = {column.name for column in fresh.columns}
    lost = [
        sql.SQL("(held._row_id = ANY (%(rows)s::bigint[]) AND NOT EXISTS (SELECT {} AND came._row_id = held._row_id))").format(
            came
        )
    ]
    for name in columns:
        given = sql.SQL("held.{} IS NOT NULL AND {} = ANY (%(rows)s::bigint[])").format(Quoted(name), giver("held", name))
        again = (
            sql.SQL(" AND NOT EXISTS (SELECT {} AND came._row_id = {} AND came.{} IS NOT NULL)").format(
                came, giver("held", name), Quoted(name)
            )
            if name in own
            else sql.SQL("")
        )
        lost.append(sql.SQL("({}{})").format(given, again))
    return sql.SQL(" OR ").join(lost)


def update_given(table: Table) -> sql.Composed:
    """Put new values in the place of those that our documents gave, where they still give one.

    Args:
        table: as the batch's slip fills it.

    Takes ``rows`` (bigint[]: row ids) and ``batch_id``.
    """
    changes, differs = [], []
    for column in table.columns:
        given = sql.SQL("held.{column} IS NOT NULL AND {giver} = ANY (%(rows)s::bigint[])").format(
            column=Quoted(column.name), giver=giver("held", column.name)
        )
        came = sql.SQL(
            "(SELECT came.{column} FROM {temp} AS came WHERE came._id = held._id AND came._row_id = {giver} "
            "AND came.{column} IS NOT NULL ORDER BY came._pos LIMIT 1)"
        ).format(column=Quoted(column.name), temp=Quoted("pg_temp", temp_of(table)), giver=giver("held", column.name))
        changes.append(
            sql.SQL("{column} = CASE WHEN {given} THEN {came} ELSE held.{column} END").format(
                column=Quoted(column.name), given=given, came=came
            )
        )
        differs.append(
            sql.SQL("({given} AND {came}::text IS DISTINCT FROM held.{column}::text)").format(
                given=given, came=came, column=Quoted(column.name)
            )
        )
    return sql.SQL(
        "UPDATE {target} AS held SET {changes}, _loaded_at = clock_timestamp(), "
        "_batch_id = CASE WHEN held._row_id = ANY (%(rows)s::bigint[]) THEN %(batch_id)s::bigint ELSE held._batch_id END "
        "WHERE {ours} AND ({differs})"
    ).format(
        target=Quoted(table.schema, table.name), changes=listed(changes), ours=_ours(), differs=sql.SQL(" OR ").join(differs)
    )


def _ours() -> sql.SQL:
    return sql.SQL("(held._row_id = ANY (%(rows)s::bigint[]) OR etl.givers(held._filled) && %(rows)s::bigint[])")
