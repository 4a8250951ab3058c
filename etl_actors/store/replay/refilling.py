"""The statements by which a replay corrects rows that many documents fill: what ours gave is given anew, or asked of others."""

from collections.abc import Sequence

from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.store.loading.filling import giver
from etl_actors.store.tables.quoting import Quoted, listed
from etl_actors.store.tables.temps import temp_of

__all__ = ["delete_ungiven", "update_given"]


def delete_ungiven(table: Table, fresh: Table | None, others: Sequence[str]) -> sql.Composed:
    """Delete the rows to which one of our documents has given something that it gives no more: nobody here knows who does.

    Args:
        table: as it was filled before.
        fresh: as the batch's slip fills it; None where it does no more.
        others: columns of it that only other slips fill.

    Takes ``rows`` (bigint[]: row ids). Returns ``(_id)`` of each. Locked in the order of `_id`.
    """
    if fresh is None:
        lacking: sql.Composable = sql.SQL("true")
    else:
        came = sql.SQL("FROM {} AS came WHERE came._id = held._id").format(Quoted("pg_temp", temp_of(fresh)))
        lost = [
            sql.SQL(
                "(held._row_id = ANY (%(rows)s::bigint[]) AND NOT EXISTS (SELECT {} AND came._row_id = held._row_id))"
            ).format(came)
        ]
        lost += [
            sql.SQL(
                "(held.{column} IS NOT NULL AND {giver} = ANY (%(rows)s::bigint[]) "
                "AND NOT EXISTS (SELECT {came} AND came._row_id = {giver} AND came.{column} IS NOT NULL))"
            ).format(column=Quoted(column.name), giver=giver("held", column.name), came=came)
            for column in fresh.columns
        ]
        lost += [
            sql.SQL("(held.{} IS NOT NULL AND {} = ANY (%(rows)s::bigint[]))").format(Quoted(name), giver("held", name))
            for name in others
        ]
        lacking = sql.SQL(" OR ").join(lost)
    return sql.SQL(
        "WITH gone AS MATERIALIZED (SELECT _id FROM {target} AS held WHERE {ours} AND ({lacking}) ORDER BY _id FOR UPDATE) "
        "DELETE FROM {target} WHERE _id = ANY (ARRAY (SELECT _id FROM gone)) RETURNING _id"
    ).format(target=Quoted(table.schema, table.name), ours=_ours(), lacking=lacking)


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
