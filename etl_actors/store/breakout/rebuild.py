"""Documents that were broken out, made again of their rows; and whether they are what was staged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, LiteralString

from psycopg import sql

from etl_actors.relational.breakout.keys import value_of
from etl_actors.relational.breakout.layout import REST
from etl_actors.relational.breakout.rebuilt import rebuilt
from etl_actors.relational.breakout.rows import BrokenRow
from etl_actors.relational.breakout.shape import BrokenEntity, BrokenTable, Cell, CellKind
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.values.document import decode
from etl_actors.slips.values.json_text import json_text
from etl_actors.store.breakout.moment import at_one_moment
from etl_actors.store.database import Connection
from etl_actors.store.pieces import PIECE_ROWS, cut, weighed
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import Quoted, identifier
from etl_actors.store.tables.written import written_text

__all__ = ["differing", "rebuilt_documents", "same_as_staged"]

_SQL = queries("breakouts")
_PIECE = PIECE_ROWS  # documents that are weighed at once; as many of them are made again at once as are light enough

_BY: dict[Kind, tuple[LiteralString, LiteralString]] = {
    Kind.ROOT: ("_row_id", "_id, NULL, _row_id, 0"),
    Kind.SET: ("_parent_id", "_id, _parent_id, _row_id, _index"),
    Kind.ENTITY: ("_id", "_id, NULL, _row_id, 0"),
}
_Rows = dict[int, list[list[BrokenRow]]]  # by staged row: of each table


def rebuilt_documents(conn: Connection, slip: Slip, row_ids: Sequence[int]) -> dict[int, Any]:
    """Make documents again of their rows.

    Args:
        conn: to the database.
        slip: the version by which the tables are laid out.
        row_ids: of the staged rows.

    Returns:
        The documents by staged row; rows whose root did not win have none.
    """
    assert slip.breakout is not None
    layout = slip.breakout.layout
    found: _Rows = {}
    above: list[dict[Any, tuple[int, int]]] = []  # of each table: by _id the staged row and the number of the row
    for number, table in enumerate(layout.tables):
        known: dict[Any, tuple[int, int]] = {}
        wanted = list(row_ids) if table.parent is None else list(above[table.parent])
        for identity, parent, row_id, index, rest, *values in _selected(conn, table, slip.targets[number], wanted):
            # Whose an item is its parent says: one that names another staged row is a finding of its own.
            owner, place = (row_id, -1) if table.parent is None else above[table.parent][parent]
            document = found.setdefault(owner, [[] for _ in layout.tables])
            cells = [_value(cell, value) for cell, value in zip(table.cells, values, strict=True)]
            known[identity] = owner, len(document[number])
            document[number].append(BrokenRow(cells, _rest(rest), place, index))
        above.append(known)
    _join_entities(conn, slip, found)
    return {row_id: rebuilt(layout, rows) for row_id, rows in found.items()}


def _join_entities(conn: Connection, slip: Slip, found: _Rows) -> None:
    """Give each row what the entities have that it refers to."""
    assert slip.breakout is not None
    layout = slip.breakout.layout
    for number, entity in enumerate(layout.entities):
        links = [link for link in layout.links if link.entity == number]
        rows = [(row, link.column) for tables in found.values() for link in links for row in tables[link.table]]
        wanted = {row.cells[column] for row, column in rows if row.cells[column] is not None}
        held = {}
        for identity, _, _, _, rest, *values in _selected(conn, entity, slip.targets[len(layout.tables) + number], list(wanted)):
            cells = [_value(cell, value) for cell, value in zip(entity.cells, values, strict=True)]
            held[str(identity)] = BrokenRow(cells, _rest(rest))
        for row, column in rows:
            if row.cells[column] in held:
                row.entities[column] = held[row.cells[column]]


def differing(conn: Connection, slip: Slip, target_schema: str, most: int | None = None) -> tuple[int, list[int]]:
    """Compare documents with what their rows say, piece by piece: each as of one moment, and daemons load and grow the slip in between.

    Args:
        conn: in autocommit mode.
        slip: any version.
        target_schema: where tables are whose slip names no schema.
        most: how many documents are looked at, taken all over the table; None for all those that are there when it begins.

    Returns:
        How many were looked at, those apart that are no longer staged, and the staged rows of those that are not the same.
    """
    looked, wrong = 0, []
    piece: _Piece | None = _Piece(most, _PIECE)
    while piece is not None:
        found = at_one_moment(conn, slip, target_schema, partial(_compared, conn, piece))
        if found is None:
            break
        same, piece, slip = found
        looked += len(same)
        wrong += [row_id for row_id, alike in same.items() if not alike]
    return looked, sorted(wrong)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What of a root table is looked at next.

    Args:
        left: how many documents, by `_id`; None for all, by `_row_id`.
        rows: how many are weighed; where they are too heavy to be made again at once, those that are left are weighed once more.
        after: the last `_id`, or `_row_id`, that was looked at; None at the beginning.
        until: the last `_row_id` of all; None where it is not known yet.
    """

    left: int | None
    rows: int
    after: Any = None
    until: int | None = None


def _compared(conn: Connection, piece: _Piece, slip: Slip) -> tuple[dict[int, bool], _Piece | None, Slip]:
    """Compare one piece; give what is the same by staged row, the next piece, and the version by which it was looked at."""
    if piece.left is None and piece.until is None:
        (last,) = conn.execute(sql.SQL("SELECT max(_row_id) FROM {}").format(identifier(slip.root))).fetchone() or (None,)
        piece = replace(piece, until=0 if last is None else last)
    found = conn.execute(*_next(slip.root, piece)).fetchall()
    weights = dict(weighed(conn, [row_id for row_id, _ in found]))
    made = next(cut([(row_id, weights.get(row_id, 0)) for row_id, _ in found]), [])
    same = same_as_staged(conn, rebuilt_documents(conn, slip, [row_id for row_id, _ in made if row_id in weights]))
    if len(made) == len(found) < piece.rows:
        return same, None, slip
    left = None if piece.left is None else piece.left - len(made)
    return same, replace(piece, left=left, after=found[len(made) - 1][1], rows=min(2 * len(made), _PIECE)), slip


def _next(root: Table, piece: _Piece) -> tuple[sql.Composed, list[Any]]:
    column = sql.SQL("_row_id" if piece.left is None else "_id")
    rows = piece.rows if piece.left is None else min(piece.rows, piece.left)
    wanted = [(sql.SQL("{} > %s").format(column), piece.after), (sql.SQL("_row_id <= %s"), piece.until)]
    asked = [(condition, value) for condition, value in wanted if value is not None]
    where = sql.SQL("WHERE {}").format(sql.SQL(" AND ").join([condition for condition, _ in asked])) if asked else sql.SQL("")
    statement = sql.SQL("SELECT _row_id, {} FROM {} {} ORDER BY {} LIMIT {}").format(
        column, identifier(root), where, column, sql.Literal(rows)
    )
    return statement, [value for _, value in asked]


def same_as_staged(conn: Connection, documents: Mapping[int, Any], *, whole: bool = False) -> dict[int, bool]:
    """Compare documents with what was staged: member by member, digit by digit.

    Args:
        conn: to the database.
        documents: by staged row.
        whole: whether those of which values were discarded, as a contract asks, are compared too: they are not the same.

    Returns:
        Whether they are the same, by staged row; those that are no longer staged are missing.
    """
    if not documents:
        return {}
    row_ids = list(documents)
    made = [json_text(document) for document in documents.values()]
    given = {"row_ids": row_ids, "made": made, "lo": min(row_ids), "hi": max(row_ids), "whole": whole}
    return dict(conn.execute(_SQL["same"], given).fetchall())


def _selected(conn: Connection, table: BrokenTable | BrokenEntity, target: Table, wanted: Sequence[Any]) -> Iterator[Any]:
    cells = [_written(cell) for cell in table.cells]
    by, head = _BY[target.kind]
    columns = sql.SQL(", ").join([sql.SQL(head), sql.SQL("{}::text").format(Quoted(REST)), *cells])
    where = Quoted(target.schema, target.name)
    statement = sql.SQL("SELECT {} FROM {} WHERE {} = ANY (%s) ORDER BY _row_id").format(columns, where, sql.SQL(by))
    yield from conn.execute(statement, [wanted]) if wanted else ()


def _rest(text: str | None) -> dict[str, Any]:
    return {} if text is None else decode(text.encode())


def _written(cell: Cell) -> sql.Composable:
    """Write a column so that its value is read as it came."""
    column = Quoted(cell.name)
    if cell.kind is CellKind.TEXT:
        return written_text(column, cell.type)
    return column if cell.kind is CellKind.BOOLEAN else sql.SQL("{}::text").format(column)


def _value(cell: Cell, value: Any) -> Any:
    if value is None:
        return None
    if cell.kind is CellKind.NUMBER:
        return Decimal(value)
    if cell.mixed:
        return value_of(value)
    return decode(value.encode()) if cell.kind is CellKind.JSON else value
