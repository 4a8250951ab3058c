"""The audit of identifiers: every `_id` made again from what is stored, one table after the other, streaming."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, LiteralString

from psycopg import sql

from etl_actors.relational.canonical import canonical_document, without_origin
from etl_actors.relational.identity import child_identity, document_identity, row_identity, stored_identity
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.tables.quoting import Quoted

__all__ = ["wrong_identities"]

_CHUNK = 5_000
_EXAMPLES = 5

# Only rows that this very version of the slip made: another version may have had another key.
_OF_SLIP: LiteralString = (
    " FROM {table} t JOIN etl.batch b ON b.batch_id = t._batch_id AND b.slip_digest = %(digest)s AND t._row_id >= %(from_row)s"
)
_BY_KEY: LiteralString = "SELECT t._id::text, {keys}" + _OF_SLIP
_BY_PLACE: LiteralString = "SELECT t._id::text, t._parent_id::text, t._index" + _OF_SLIP
_BY_ROW: LiteralString = "SELECT t._id::text, t._row_id" + _OF_SLIP
_BY_DOCUMENT: LiteralString = "SELECT t._id::text, s.payload::text" + _OF_SLIP + " JOIN etl.staging s ON s.row_id = t._row_id"


def wrong_identities(conn: Connection, slip: Slip, table: Table, start: int = 0) -> tuple[int, list[str]]:
    """Return how many rows of `table`, made by this version of the slip, have an `_id` that is not theirs, and examples.

    Args:
        conn: in a transaction; rows are streamed through a server-side cursor.
        slip: whose digest the rows' batches carry.
        table: one of its targets.
        start: rows of earlier staged rows are left out.
    """
    statement, remade = _way(slip, table)
    wrong, examples = 0, list[str]()
    for row_id, *made_of in _stream(conn, statement, {"digest": slip.digest, "from_row": start}):
        if row_id.replace("-", "") != remade(made_of):
            wrong += 1
            if len(examples) < _EXAMPLES:
                examples.append(row_id)
    return wrong, examples


def _way(slip: Slip, table: Table) -> tuple[sql.Composed, Callable[[Sequence[Any]], str]]:
    name = Quoted(table.schema, table.name)
    if table.kind is Kind.SET:
        return sql.SQL(_BY_PLACE).format(table=name), lambda found: child_identity(table.name, found[0], found[1])
    if table.key:
        keys = sql.SQL(", ").join(sql.SQL("t.{}::text").format(Quoted(column)) for column in table.identity)
        return sql.SQL(_BY_KEY).format(table=name, keys=keys), lambda found: stored_identity(table, found)
    if slip.tables[0].own_rows:
        return sql.SQL(_BY_ROW).format(table=name), lambda found: row_identity(table.name, found[0])
    whole = without_origin if slip.has_origin else bytes
    document = sql.SQL(_BY_DOCUMENT).format(table=name)
    return document, lambda found: document_identity(table.name, canonical_document(whole(found[0].encode())))


def _stream(conn: Connection, statement: sql.Composed, given: dict[str, Any]) -> Iterator[Sequence[Any]]:
    with conn.cursor(name="audit_identities") as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(statement, given)
        yield from cursor
