"""The statements by which a replay puts rows of a table in the place of those that the same documents had there."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease
from etl_actors.store.loading.winners import changed_columns, landed_columns, ordered, wins
from etl_actors.store.tables.quoting import Quoted, listed, names
from etl_actors.store.tables.temps import temp_of

__all__ = ["Fresh", "compare_fresh", "held_rows", "lock_rows", "overwrite", "remove_rows"]


class Fresh(NamedTuple):
    """A batch's winner of an identity, beside the row that has it now.

    Args:
        id: the identity.
        row_id: of the document.
        held_by: row id of the document whose row is there; None where none is.
        as_strong: whether it would win over every row that the one there has won over.
        same: whether the very same row of the same document is there.
    """

    id: UUID
    row_id: int
    held_by: int | None
    as_strong: bool
    same: bool


def held_rows(conn: Connection, table: Table, row_ids: Sequence[int]) -> list[tuple[UUID, int]]:
    """Return identity and row id of the rows that documents have in a table."""
    statement = sql.SQL("SELECT _id, _row_id FROM {} WHERE _row_id = ANY (%(rows)s)").format(Quoted(table.schema, table.name))
    return [(found, row_id) for found, row_id in conn.execute(statement, {"rows": list(row_ids)})]


def compare_fresh(conn: Connection, table: Table, others: Iterable[str]) -> list[Fresh]:
    """Hold the batch's winners of their identities against what is there.

    Args:
        conn: in the load's transaction, after the copy.
        table: as the batch's slip fills it; with any policy but FILL.
        others: columns of it that only other slips fill.
    """
    columns = landed_columns(table)
    sides = [
        sql.SQL("ROW({})::text").format(listed([*(Quoted(side, c) for c in columns), *extra]))
        for side, extra in (("came", [sql.SQL("NULL")] * len(list(others))), ("held", [Quoted("held", c) for c in others]))
    ]
    statement = sql.SQL(
        "SELECT came._id, came._row_id, held._row_id, coalesce({strong}, false), held._row_id IS NOT NULL AND {came} = {held} "
        "FROM (SELECT DISTINCT ON (_id) {columns} FROM {temp} ORDER BY _id, {order}) AS came "
        "LEFT JOIN {target} AS held ON held._id = came._id"
    ).format(
        strong=wins(table, "came", or_same=True),
        came=sides[0],
        held=sides[1],
        columns=names(columns),
        temp=Quoted("pg_temp", temp_of(table)),
        order=ordered(table),
        target=Quoted(table.schema, table.name),
    )
    return [Fresh(*row) for row in conn.execute(statement)]


def lock_rows(conn: Connection, table: Table, ids: Sequence[UUID]) -> None:
    """Lock rows in the order of their identities."""
    statement = sql.SQL("SELECT FROM {} WHERE _id = ANY (%(ids)s) ORDER BY _id FOR UPDATE").format(
        Quoted(table.schema, table.name)
    )
    conn.execute(statement, {"ids": list(ids)})


def overwrite(
    conn: Connection, lease: Lease, table: Table, others: Iterable[str], same: Sequence[UUID], vanished: Sequence[UUID]
) -> list[tuple[int, UUID, bool]]:
    """Insert the batch's winners over the rows that its documents had, and over others' rows that they beat.

    Args:
        conn: in the load's transaction, after the copy.
        lease: of the batch.
        table: as the batch's slip fills it; with any policy but FILL.
        others: columns of it that only other slips fill: a replaced row's are emptied.
        same: identities whose rows stay as they are.
        vanished: identities of rows that are to be removed next: they are locked.

    Returns:
        ``(_row_id, _id, replaced)`` of each row that landed.
    """
    columns = landed_columns(table)
    # The vanished rows are locked in their place in the order of `_id`, between those that are inserted: locked before them,
    # this batch and a live one with the same keys could wait for each other. What comes back as it stands changes nothing.
    statement = sql.SQL(
        "INSERT INTO {target} AS held ({columns}, _batch_id) SELECT {columns}, _batch_id FROM ("
        "SELECT * FROM (SELECT DISTINCT ON (_id) {columns}, %(batch_id)s::bigint AS _batch_id FROM {temp} ORDER BY _id, {order}) "
        "AS came WHERE _id <> ALL (%(same)s::uuid[]) "
        "UNION ALL SELECT {columns}, _batch_id FROM {target} WHERE _id = ANY (%(vanished)s::uuid[])) AS both_kinds ORDER BY _id "
        "ON CONFLICT (_id) DO UPDATE SET {changes}, _batch_id = excluded._batch_id, _loaded_at = excluded._loaded_at "
        "WHERE excluded._batch_id = %(batch_id)s AND (held._row_id = ANY (%(rows)s::bigint[]) OR {wins}) "
        "RETURNING _row_id, _id, xmax <> 0"
    ).format(
        target=Quoted(table.schema, table.name),
        columns=names(columns),
        temp=Quoted("pg_temp", temp_of(table)),
        order=ordered(table),
        changes=changed_columns(columns, others),
        wins=wins(table),
    )
    given = {"batch_id": lease.batch_id, "same": list(same), "vanished": list(vanished), "rows": list(lease.row_ids)}
    return [(row_id, found, replaced) for row_id, found, replaced in conn.execute(statement, given)]


def remove_rows(conn: Connection, table: Table, ids: Sequence[UUID], row_ids: Sequence[int]) -> list[UUID]:
    """Delete rows that are still of these documents; return their identities."""
    if not ids:
        return []
    statement = sql.SQL("DELETE FROM {} WHERE _id = ANY (%(ids)s) AND _row_id = ANY (%(rows)s) RETURNING _id").format(
        Quoted(table.schema, table.name)
    )
    return [found for (found,) in conn.execute(statement, {"ids": list(ids), "rows": list(row_ids)})]
