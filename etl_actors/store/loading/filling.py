"""The statement that lands rows of a FILL table: every column has its first value, whoever brings it and whenever it comes.

`_row_id` is the lowest row id that named the entity. A column whose value another document gave says so in `_filled`, a
JSON object of row ids by column, which is null where all are of `_row_id`: without it, a document that comes late could
not tell whether its value is older than the one that is there.
"""

from collections.abc import Sequence

from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.store.tables.quoting import Quoted, QuotedText, listed, names, written_once
from etl_actors.store.tables.temps import temp_of

__all__ = ["giver", "insert_filled", "record"]


@written_once
def insert_filled(table: Table, others: tuple[str, ...] = ()) -> sql.Composed:
    """Merge the rows of each `_id` among themselves, then with the row that is there.

    Args:
        table: as the batch's slip fills it.
        others: columns of it that only other slips fill: they stay, and so does the record of who gave them.

    Takes ``batch_id``. Returns ``(_row_id, null, replaced)`` of each row that was made or changed.
    """
    own = [column.name for column in table.columns]
    wins = {name: _wins(name) for name in own}
    given = [_given_own(name, wins[name]) for name in own] + [_given_held(name) for name in others]
    return sql.SQL(
        "INSERT INTO {target} AS held (_id, _row_id, {columns}, _filled, _batch_id) "
        "SELECT _id, _row_id, {columns}, {filled}, %(batch_id)s::bigint FROM ({merged}) AS merged ORDER BY _id "
        "ON CONFLICT (_id) DO UPDATE SET {changes}, _filled = {refilled}, _row_id = least(held._row_id, excluded._row_id), "
        "_batch_id = CASE WHEN excluded._row_id < held._row_id THEN excluded._batch_id ELSE held._batch_id END, "
        "_loaded_at = excluded._loaded_at "
        "WHERE excluded._row_id < held._row_id OR {some} "
        "RETURNING _row_id, NULL::uuid, xmax <> 0"
    ).format(
        target=Quoted(table.schema, table.name),
        columns=names(own),
        filled=record(own, sql.SQL("_givers"), sql.SQL("_row_id")),
        merged=_merged(table, own),
        changes=listed(
            sql.SQL("{0} = CASE WHEN {1} THEN excluded.{0} ELSE held.{0} END").format(Quoted(name), wins[name]) for name in own
        ),
        refilled=record(
            [*own, *others], sql.SQL("ARRAY[{}]").format(listed(given)), sql.SQL("least(held._row_id, excluded._row_id)")
        ),
        some=sql.SQL(" OR ").join(wins.values()),
    )


def _merged(table: Table, own: Sequence[str]) -> sql.Composed:
    """Make one row of each `_id` of the batch, `_givers` being the row ids that its columns come from."""
    values, givers, windows = [], [], []
    for no, name in enumerate(own):
        column, window = Quoted(name), sql.SQL("OVER {}").format(Quoted(f"by_{no}"))
        values.append(sql.SQL("first_value({0}) {1} AS {0}").format(column, window))
        givers.append(sql.SQL("first_value(CASE WHEN {} IS NOT NULL THEN _row_id END) {}").format(column, window))
        # first_value and not min or array_agg: it takes every type, arrays of any length too
        windows.append(sql.SQL("{} AS (PARTITION BY _id ORDER BY {} IS NULL, _row_id, _pos)").format(Quoted(f"by_{no}"), column))
    return sql.SQL(
        "SELECT DISTINCT ON (_id) _id, min(_row_id) OVER (PARTITION BY _id) AS _row_id, {values}, ARRAY[{givers}] AS _givers "
        "FROM {temp} WINDOW {windows}"
    ).format(values=listed(values), givers=listed(givers), temp=Quoted("pg_temp", temp_of(table)), windows=listed(windows))


def record(columns: Sequence[str], givers: sql.Composable, lowest: sql.Composable) -> sql.Composed:
    """Write what `_filled` holds.

    Args:
        columns: names.
        givers: an array of row ids, in their order; null where nobody gave one.
        lowest: the row id whose columns need not be told.
    """
    # an aggregate and no jsonb_build_object: a function takes a hundred arguments at most
    return sql.SQL(
        "(SELECT jsonb_object_agg(c, g) FROM unnest(ARRAY[{columns}]::text[], {givers}) AS f (c, g) WHERE g <> {lowest})"
    ).format(columns=listed(QuotedText(name) for name in columns), givers=givers, lowest=lowest)


def giver(side: str, name: str) -> sql.Composed:
    """Write the row id of whoever gave a column, where it is not null."""
    return sql.SQL("coalesce(({side}._filled -> {name})::bigint, {side}._row_id)").format(
        side=Quoted(side), name=QuotedText(name)
    )


def _wins(name: str) -> sql.Composed:
    return sql.SQL("(excluded.{name} IS NOT NULL AND (held.{name} IS NULL OR {came} < {there}))").format(
        name=Quoted(name), came=giver("excluded", name), there=giver("held", name)
    )


def _given_own(name: str, wins: sql.Composed) -> sql.Composed:
    return sql.SQL("CASE WHEN {wins} THEN {came} WHEN held.{name} IS NOT NULL THEN {there} END").format(
        wins=wins, came=giver("excluded", name), name=Quoted(name), there=giver("held", name)
    )


def _given_held(name: str) -> sql.Composed:
    return sql.SQL("CASE WHEN held.{} IS NOT NULL THEN {} END").format(Quoted(name), giver("held", name))
