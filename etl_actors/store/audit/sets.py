"""The audit of what hangs together: sets lie under the row that they landed with, filled columns name who gave them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import LiteralString

from psycopg import sql

from etl_actors.relational.tables import Table
from etl_actors.store.audit.findings import Check, Made, finding
from etl_actors.store.audit.targets import Target, Version
from etl_actors.store.database import Connection
from etl_actors.store.tables.quoting import Quoted, QuotedText, listed

__all__ = ["sets_checked"]

# A batch has one slip, and that has one root: where slips share the table, the row above of the child's own row and batch will do.
_UNDER: LiteralString = (
    "SELECT count(*), (array_agg(c._id))[1:5]::text[] FROM {table} c{only} LEFT JOIN ({above}) a "
    "ON a._id = c.{link} AND a._row_id = c._row_id WHERE c._row_id >= %(start)s AND (a._id IS NULL OR a._batch_id <> c._batch_id "
    # What a replay left as it was keeps the batch that had made it.
    "AND NOT EXISTS (SELECT FROM etl.batch r WHERE r.batch_id IN (a._batch_id, c._batch_id) AND r.status = 'done' "
    "AND r.replay_id IS NOT NULL AND c._row_id = ANY (r.row_ids)))"
)
_OF_VERSIONS = sql.SQL(" JOIN etl.batch b ON b.batch_id = c._batch_id AND b.slip_digest = ANY (%(digests)s::text[])")
_ABOVE: LiteralString = "SELECT _id, _row_id, _batch_id FROM {table} WHERE _row_id >= %(start)s"
_FILLED: LiteralString = (
    "SELECT count(DISTINCT t._id), (array_agg(DISTINCT t._id))[1:5]::text[] FROM {table} t "
    "CROSS JOIN LATERAL jsonb_each_text(t._filled) AS f (name, giver) "
    "LEFT JOIN LATERAL (VALUES {columns}) AS v (name, missing) ON v.name = f.name "
    "LEFT JOIN (SELECT DISTINCT u.row_id FROM etl.batch b, "
    "unnest(b.row_ids, string_to_array(b.outcomes, NULL)) AS u (row_id, letter) "
    "WHERE b.status = 'done' AND b.slip_digest = ANY (%(digests)s::text[]) AND b.row_hi >= %(start)s "
    "AND u.letter IN ('l', 'd')) s ON s.row_id::text = f.giver "
    "WHERE t._row_id >= %(start)s AND (v.missing IS DISTINCT FROM false OR s.row_id IS NULL OR s.row_id <= t._row_id)"
)


def sets_checked(conn: Connection, name: str, there: Mapping[str, Target], start: int) -> Iterator[Made]:
    """Check one table, where it is a set or is filled.

    Args:
        conn: in the audit's transaction.
        name: of the table.
        there: the tables that can be checked, by name.
        start: rows of earlier staged rows are left out.
    """
    target = there[name]
    roots = {slip.root.qualified: slip.root for slip, _ in target.of_roots()}
    if roots and roots.keys() <= there.keys():
        check = Check(
            f"mixed {name}",
            3,
            f"every row of {name} lies under the root row of its own document",
            f"Rows of {name} (_id) that do not lie under the root row of their own document",
        )
        yield _under(conn, check, target, target.of_roots(), roots.values(), "_root_id", start)
    parents = {t.qualified: t for slip, table in target.of_owners() for t in slip.targets if t.qualified == table.parent}
    if parents and parents.keys() <= there.keys():
        check = Check(
            f"owned {name}",
            3,
            f"every row of {name} lies under the very row that it landed with",
            f"Rows of {name} (_id) that do not lie under the row that they landed with",
        )
        yield _under(conn, check, target, target.of_owners(), parents.values(), "_parent_id", start)
    if target.filled():
        yield _filled(conn, name, target, start)


def _under(
    conn: Connection, check: Check, target: Target, versions: Iterable[Version], above: Iterable[Table], link: str, start: int
) -> Made:
    digests = [slip.digest for slip, _ in versions]
    # Rows that another version gave a policy of their own follow nobody; `lineage` has them.
    statement = sql.SQL(_UNDER).format(
        table=Quoted(target.table.schema, target.table.name),
        only=_OF_VERSIONS if len(digests) < len(target.versions) else sql.SQL(""),
        above=sql.SQL(" UNION ALL ").join(sql.SQL(_ABOVE).format(table=Quoted(table.schema, table.name)) for table in above),
        link=sql.Identifier(link),
    )
    return check, finding(check.name, conn.execute(statement, {"start": start, "digests": digests}).fetchone())


def _filled(conn: Connection, name: str, target: Target, start: int) -> Made:
    check = Check(
        f"filled {name}",
        3,
        f"every column of {name} that another document gave has its value, and that was settled later",
        f"Rows of {name} (_id) with a column that is empty, or that no later document gave",
    )
    columns = dict.fromkeys(column.name for _, table in target.filled() for column in table.columns)
    missing = (sql.SQL("({}, t.{} IS NULL)").format(QuotedText(column), Quoted(column)) for column in columns)
    statement = sql.SQL(_FILLED).format(table=Quoted(target.table.schema, target.table.name), columns=listed(missing))
    digests = [slip.digest for slip, _ in target.filled()]
    return check, finding(check.name, conn.execute(statement, {"start": start, "digests": digests}).fetchone())
