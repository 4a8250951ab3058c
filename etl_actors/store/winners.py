"""The statements that decide, per table, which rows land: built from a table's plan, identifiers quoted."""

from collections.abc import Iterable, Sequence

from psycopg import sql

from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.targets import Quoted, names, temp_of

__all__ = ["count_differing", "delete_sets", "insert_owners", "insert_set"]


def insert_owners(table: Table, others: Iterable[str] = ()) -> sql.Composed:
    """Insert the rows of a ROOT or OWN table that win their `_id`.

    Args:
        table: as the batch's slip fills it.
        others: columns of it that only other slips fill: a replaced row's are emptied.

    Takes ``batch_id``. Returns ``(_row_id, _id or null, replaced)`` of each winner; the `_id` only where it replaced a row.

    One winner per `_id` within the batch first: ON CONFLICT would meet its own row again (error 21000). In the order of
    `_id`: two batches that insert the same keys in different orders would wait for each other for ever.
    """
    target, temp = Quoted(table.schema, table.name), Quoted("pg_temp", temp_of(table))
    columns = [name for name, _ in table.copied if name != "_pos"]
    ties = ["_row_id"] if table.kind is Kind.ROOT else ["_row_id", "_pos"]
    wins, order = (sql.SQL("<"), sql.SQL("")) if table.policy is Policy.IGNORE else (sql.SQL(">"), sql.SQL(" DESC"))
    # A document that comes again under its own row_id (a replay) changes nothing here; a replay deletes first.
    return sql.SQL(
        "INSERT INTO {target} AS held ({columns}, _batch_id) "
        "SELECT DISTINCT ON (_id) {columns}, %(batch_id)s::bigint FROM {temp} ORDER BY _id, {order} "
        "ON CONFLICT (_id) DO UPDATE SET {changes}, _batch_id = excluded._batch_id, _loaded_at = excluded._loaded_at "
        "WHERE excluded._row_id {wins} held._row_id "
        # xmax of a row that this statement inserted is 0; of one that ON CONFLICT locked and replaced it is our transaction
        "RETURNING _row_id, CASE WHEN xmax <> 0 THEN _id END, xmax <> 0"
    ).format(
        target=target,
        columns=names(columns),
        temp=temp,
        order=sql.SQL(", ").join(Quoted(tie) + order for tie in ties),
        # excluded has null, or the column's default, where the slip fills nothing
        changes=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(Quoted(c)) for c in [*columns, *others] if c != "_id"),
        wins=wins,
    )


def count_differing(table: Table) -> sql.Composed:
    """Count the rows of the batch that lost their `_id` to a row with other values.

    Takes ``winners`` (bigint[]: row ids), which are not looked at.
    """
    own = [c.name for c in table.columns]
    sides = (sql.SQL("ROW({})").format(sql.SQL(", ").join(Quoted(side, name) for name in own)) for side in ("lost", "held"))
    return sql.SQL(
        "SELECT count(*) FROM {temp} AS lost JOIN {target} AS held ON held._id = lost._id "
        "WHERE lost._row_id <> ALL (%(winners)s::bigint[]) AND {lost} IS DISTINCT FROM {held}"
    ).format(
        temp=Quoted("pg_temp", temp_of(table)),
        target=Quoted(table.schema, table.name),
        lost=next(sides),
        held=next(sides),
    )


def delete_sets(owner: Table, sets: Sequence[Table]) -> sql.Composed:
    """Delete the keyless descendants of replaced rows, parents before children, in one statement.

    Takes ``replaced`` (uuid[]). Returns ``(position in sets, rows deleted)``. All parts see the tables as they were before
    it, so that children find their parents although those are being deleted.
    """
    parts, counts = [], []
    for no, table in enumerate(sets):
        if table.parent == owner.qualified:
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
    return sql.SQL("WITH {} {}").format(sql.SQL(", ").join(parts), sql.SQL(" UNION ALL ").join(counts))


def insert_set(table: Table) -> sql.Composed:
    """Insert the keyless children of the documents whose root won.

    Takes ``batch_id`` and ``winners`` (bigint[]: row ids). No conflict can arise: their `_id`s come from the root's, whose
    row this transaction has locked and whose former children it has deleted.
    """
    return sql.SQL(
        "INSERT INTO {target} ({columns}, _batch_id) SELECT {columns}, %(batch_id)s::bigint FROM {temp} "
        "WHERE _row_id = ANY (%(winners)s::bigint[])"
    ).format(
        target=Quoted(table.schema, table.name),
        columns=names(name for name, _ in table.copied),
        temp=Quoted("pg_temp", temp_of(table)),
    )
