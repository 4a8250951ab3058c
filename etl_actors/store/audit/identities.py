"""The audit of identifiers: every `_id` made again from what is stored, one table after the other, streaming."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, LiteralString

from psycopg import sql

from etl_actors.relational.canonical import canonical_document, without_origin
from etl_actors.relational.identity import child_identity, document_identity, row_identity, stored_identity
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.pieces import in_pieces
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


def wrong_identities(conn: Connection, slip: Slip, table: Table, start: int = 0) -> tuple[int, list[str]]:
    """Return how many rows of `table`, made by this version of the slip, have an `_id` that is not theirs, and examples.

    Args:
        conn: in a transaction; rows are streamed through a server-side cursor.
        slip: whose digest the rows' batches carry.
        table: one of its targets.
        start: rows of earlier staged rows are left out.
    """
    given = {"digest": slip.digest, "from_row": start}
    wrong, examples = 0, list[str]()
    for identity, remade in (
        _of_documents(conn, slip, table, given) if _by_document(slip, table) else _of_rows(conn, table, given)
    ):
        if identity.replace("-", "") != remade:
            wrong += 1
            if len(examples) < _EXAMPLES:
                examples.append(identity)
    return wrong, examples


def _by_document(slip: Slip, table: Table) -> bool:
    """Tell whether rows have their identity from the whole document."""
    return not (table.kind is Kind.SET or table.key or slip.tables[0].own_rows)


def _of_rows(conn: Connection, table: Table, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give each `_id` and what it is by the row itself."""
    statement, remade = _way(table)
    for found in _stream(conn, statement, given):
        for identity, *made_of in found:
            yield identity, remade(made_of)


def _of_documents(conn: Connection, slip: Slip, table: Table, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give each `_id` and what it is by the document; where that is no longer staged, nothing."""
    whole = without_origin if slip.has_origin else bytes
    for found in _stream(conn, sql.SQL(_BY_ROW).format(table=Quoted(table.schema, table.name)), given):
        identities: dict[int, list[str]] = {}
        for identity, row_id in found:
            identities.setdefault(row_id, []).append(identity)
        for piece in in_pieces(conn, sorted(identities)):
            for staged in piece:
                remade = document_identity(table.name, canonical_document(whole(staged.raw)))
                yield from ((identity, remade) for identity in identities[staged.row_id])


def _way(table: Table) -> tuple[sql.Composed, Callable[[Sequence[Any]], str]]:
    """Say what of a row makes its identity, and how."""
    name = Quoted(table.schema, table.name)
    if table.kind is Kind.SET:
        return sql.SQL(_BY_PLACE).format(table=name), lambda found: child_identity(table.name, found[0], found[1])
    if table.key:
        keys = sql.SQL(", ").join(sql.SQL("t.{}::text").format(Quoted(column)) for column in table.identity)
        return sql.SQL(_BY_KEY).format(table=name, keys=keys), lambda found: stored_identity(table, found)
    return sql.SQL(_BY_ROW).format(table=name), lambda found: row_identity(table.name, found[0])


def _stream(conn: Connection, statement: sql.Composed, given: dict[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
    with conn.cursor(name="audit_identities") as cursor:
        cursor.execute(statement, given)
        while chunk := cursor.fetchmany(_CHUNK):
            yield chunk
