"""The statements that decide, per table, which rows land: built from a table's plan, identifiers quoted."""

from collections.abc import Iterable
from typing import assert_never

from psycopg import sql

from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.tables.quoting import Quoted, listed, names, written_once
from etl_actors.store.tables.temps import temp_of

__all__ = [
    "changed_columns",
    "count_differing",
    "delete_sets",
    "insert_owners",
    "insert_set",
    "landed_columns",
    "ordered",
    "winning_positions",
    "wins",
]


def landed_columns(table: Table) -> list[str]:
    """Return the columns that go from the temp table to the target; positions stay behind."""
    return [name for name, _ in table.copied if name not in {"_pos", "_owner_pos"}]


@written_once
def insert_owners(table: Table, others: tuple[str, ...] = ()) -> sql.Composed:
    """Insert the rows of a table that is no SET which win their `_id` as a whole.

    Args:
        table: as the batch's slip fills it; with any policy but FILL.
        others: columns of it that only other slips fill: a replaced row's are emptied.

    Takes ``batch_id``. Returns ``(_row_id, _id or null, replaced)`` of each winner; the `_id` only where it replaced a row.

    One winner per `_id` within the batch first: ON CONFLICT would meet its own row again (error 21000). In the order of
    `_id`: two batches that insert the same keys in different orders would wait for each other for ever.
    """
    columns = landed_columns(table)
    # A document that comes again under its own row_id changes nothing here; a replay overwrites, by `store/replay/rows.py`.
    return sql.SQL(
        "INSERT INTO {target} AS held ({columns}, _batch_id) "
        "SELECT DISTINCT ON (_id) {columns}, %(batch_id)s::bigint FROM {temp} ORDER BY _id, {order} "
        "ON CONFLICT (_id) DO UPDATE SET {changes}, _batch_id = excluded._batch_id, _loaded_at = excluded._loaded_at "
        "WHERE {wins} "
        # xmax of a row that this statement inserted is 0; of one that ON CONFLICT locked and replaced it is our transaction
        "RETURNING _row_id, CASE WHEN xmax <> 0 THEN _id END, xmax <> 0"
    ).format(
        target=Quoted(table.schema, table.name),
        columns=names(columns),
        temp=_temp(table),
        order=ordered(table),
        changes=changed_columns(columns, others),
        wins=wins(table),
    )


def changed_columns(columns: Iterable[str], others: Iterable[str]) -> sql.Composed:
    """Write what of a row that loses its place is overwritten.

    Args:
        columns: that the batch's slip fills.
        others: that only other slips fill: excluded has null in them, or the column's default.
    """
    return listed(sql.SQL("{0} = excluded.{0}").format(Quoted(c)) for c in [*columns, *others] if c != "_id")


@written_once
def winning_positions(table: Table) -> sql.Composed:
    """Find the positions of this batch's rows that won their `_id`, once `insert_owners` is done.

    Takes ``batch_id``. Returns ``(_pos)`` of each: of several rows that one document has under one `_id`, the winner's.
    """
    return sql.SQL(
        "SELECT DISTINCT ON (mine._id) mine._pos FROM {temp} AS mine JOIN {target} AS held "
        # not "=": there is an index of row ids too, by which the planner would read the whole table
        "ON held._id = mine._id AND held._row_id IS NOT DISTINCT FROM mine._row_id AND held._batch_id = %(batch_id)s ORDER BY mine._id, {order}"
    ).format(temp=_temp(table), target=Quoted(table.schema, table.name), order=ordered(table, "mine"))


@written_once
def count_differing(table: Table) -> sql.Composed:
    """Count the rows of the batch that lost their `_id` to a row with other values.

    Takes ``winners`` (bigint[]: row ids), which are not looked at.
    """
    own = [c.name for c in table.columns]
    sides = (sql.SQL("ROW({})").format(listed(Quoted(side, name) for name in own)) for side in ("lost", "held"))
    return sql.SQL(
        "SELECT count(*) FROM {temp} AS lost JOIN {target} AS held ON held._id = lost._id "
        "WHERE lost._row_id <> ALL (%(winners)s::bigint[]) AND {lost} IS DISTINCT FROM {held}"
    ).format(temp=_temp(table), target=Quoted(table.schema, table.name), lost=next(sides), held=next(sides))


@written_once
def delete_sets(owner: str, sets: tuple[Table, ...]) -> sql.Composed:
    """Delete the sets of keyless descendants of replaced rows, parents before children, in one statement.

    Args:
        owner: the qualified name of the table whose rows were replaced.
        sets: of it, parents before children.

    Takes ``replaced`` (uuid[]). Returns ``(position in sets, rows deleted)``. All parts see the tables as they were before
    it, so that children find their parents although those are being deleted.
    """
    parts, counts = [], []
    for no, table in enumerate(sets):
        if table.parent == owner:
            match: sql.Composable = sql.SQL("= ANY (%(replaced)s::uuid[])")
        else:
            above = [f"gone_{i}" for i, other in enumerate(sets) if other.qualified == table.parent]
            gone = sql.SQL(" UNION ALL ").join(sql.SQL("SELECT _id FROM {}").format(Quoted(name)) for name in above)
            match = sql.SQL("IN ({})").format(gone)
        parts.append(
            sql.SQL("{name} AS (DELETE FROM {table} WHERE _parent_id {match} RETURNING _id)").format(
                name=Quoted(f"gone_{no}"), table=Quoted(table.schema, table.name), match=match
            )
        )
        counts.append(sql.SQL("SELECT {no}, count(*) FROM {name}").format(no=no, name=Quoted(f"gone_{no}")))
    return sql.SQL("WITH {} {}").format(listed(parts), sql.SQL(" UNION ALL ").join(counts))


@written_once
def insert_set(table: Table) -> sql.Composed:
    """Insert the keyless children that land with the winners of their owner.

    Takes ``batch_id`` and ``winners``: of a root the row ids (bigint[]), of another owner the positions. No conflict can
    arise: their `_id`s come from the owner's, whose row this transaction has locked and whose former sets it has deleted.
    """
    won = "_row_id = ANY (%(winners)s::bigint[])" if table.owner is None else "_owner_pos = ANY (%(winners)s::bigint[])"
    return sql.SQL(
        "INSERT INTO {target} ({columns}, _batch_id) SELECT {columns}, %(batch_id)s::bigint FROM {temp} WHERE {won}"
    ).format(target=Quoted(table.schema, table.name), columns=names(landed_columns(table)), temp=_temp(table), won=sql.SQL(won))


def _temp(table: Table) -> Quoted:
    return Quoted("pg_temp", temp_of(table))


def ordered(table: Table, side: str = "", *, newest: str = "", held: str = "") -> sql.Composed:
    """Order the rows of one `_id` so that the winner comes first.

    Args:
        table: as it is filled; with any policy but FILL.
        side: what the rows are called; empty where nothing else has columns.
        newest: the column that decides under NEWEST, where it is not called as in the table.
        held: a boolean column, true of the row that is there: of one document's rows it comes first; empty for none.
    """
    way = sql.SQL("") if table.policy in (Policy.IGNORE, Policy.HISTORY) else sql.SQL(" DESC")
    parts = [_named(side, "_row_id") + way]
    if held:
        parts.append(_named(side, held) + sql.SQL(" DESC"))
    if table.kind in (Kind.OWN, Kind.ENTITY):
        parts.append(_named(side, "_pos") + way)
    if table.policy is Policy.NEWEST:
        parts.insert(0, _newest_value(table, side, newest) + sql.SQL(" DESC NULLS LAST"))
    return listed(parts)


def wins(table: Table, came: str = "excluded", held: str = "held", *, newest: str = "", or_same: bool = False) -> sql.Composable:
    """Say when a row takes the place of the one that is there: by the same order.

    Args:
        table: as the batch's slip fills it; with any policy but FILL.
        came: what the row that comes is called.
        held: what the row that is there is called.
        newest: the column that decides under NEWEST, where it is not called as in the table.
        or_same: whether a row of the very same document counts as winning, too.

    Raises:
        ValueError: the table is filled: no row of it wins as a whole.
    """
    same = sql.SQL("=" if or_same else "")
    mine, theirs = Quoted(came, "_row_id"), Quoted(held, "_row_id")
    later = sql.SQL("{} >{} {}").format(mine, same, theirs)
    match table.policy:
        case Policy.IGNORE | Policy.HISTORY:
            return sql.SQL("{} <{} {}").format(mine, same, theirs)
        case Policy.UPDATE:
            return later
        case Policy.NEWEST:
            return sql.SQL(
                "({came} > {held} OR ({came} IS NOT NULL AND {held} IS NULL) OR ({came} IS NOT DISTINCT FROM {held} AND {later}))"
            ).format(came=_newest_value(table, came, newest), held=_newest_value(table, held, newest), later=later)
        case Policy.FILL:
            msg = f"expected a table whose rows win as a whole, got {table.qualified}, which is filled column by column"
            raise ValueError(msg)
        case _:
            assert_never(table.policy)


def _newest_value(table: Table, side: str, name: str = "") -> sql.Composed:
    """Name the value that decides; of texts by their bytes, or the tables would depend on the database's locale.

    Args:
        table: of policy NEWEST.
        side: what the row is called; empty where nothing else has columns.
        name: of the column, where it is not called as in the table.
    """
    kind = next(column.type for column in table.columns if column.name == table.newest)
    collated = sql.SQL(' COLLATE "C"') if kind.startswith("text") else sql.SQL("")
    return _named(side, name or table.newest) + collated


def _named(side: str, column: str) -> Quoted:
    return Quoted(side, column) if side else Quoted(column)
