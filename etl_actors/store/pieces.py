"""Staged rows in pieces: of so many rows, and of so many bytes, or of one document that has more."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from psycopg import sql

from etl_actors.errors import TextTooLarge
from etl_actors.slips.values.document import Staged
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.staging import fetch

__all__ = ["PIECE_BYTES", "PIECE_ROWS", "WEIGHT", "cut", "fetched_apart", "in_pieces", "payloads_of", "portions", "weighed"]

_SQL = queries("staging")

PIECE_ROWS = 500
PIECE_BYTES = 8 * 2**20

WEIGHT = sql.SQL(
    "CASE WHEN pg_column_compression(s.payload) IS NULL THEN pg_column_size(s.payload) ELSE pg_column_size(s.payload #> '{}') END"
)
"""What the payload of `s` weighs, in bytes, as the inbox counts it; null where there is none. What is compressed has to be read for it."""

_Piece = TypeVar("_Piece", bound=Sequence[object])


def cut(weighed_first: Iterable[_Piece], rows: int = PIECE_ROWS, nbytes: int = PIECE_BYTES) -> Iterator[list[_Piece]]:
    """Cut into pieces what tells its weight, in order.

    Args:
        weighed_first: tuples whose second item is the weight, in bytes.
        rows: of a piece, at most.
        nbytes: of a piece, at most, but for one of a single row.
    """
    piece: list[_Piece] = []
    weight = 0
    for item in weighed_first:
        its = item[1]
        assert isinstance(its, int)
        if piece and (len(piece) == rows or weight + its > nbytes):
            yield piece
            piece, weight = [], 0
        piece.append(item)
        weight += its
    if piece:
        yield piece


def weighed(conn: Connection, row_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Weigh staged rows: their ids, ascending, each with the bytes of its payload; those that retention has removed are missing."""
    if not row_ids:
        return []
    return conn.execute(_SQL["weights"], {"row_ids": list(row_ids), "lo": min(row_ids), "hi": max(row_ids)}).fetchall()


def in_pieces(conn: Connection, row_ids: Sequence[int]) -> Iterator[list[Staged]]:
    """Give staged rows piece by piece, as `etl_actors.store.staging.fetch` gives them.

    Args:
        conn: to the database.
        row_ids: ascending.
    """
    for piece in portions(conn, row_ids, PIECE_ROWS, PIECE_BYTES):
        yield fetch(conn, piece)


def portions(conn: Connection, row_ids: Sequence[int], rows: int, nbytes: int) -> Iterator[tuple[int, ...]]:
    """Cut ids of staged rows to pieces that may be fetched at once; those that retention has removed weigh nothing.

    Args:
        conn: to the database.
        row_ids: ascending.
        rows: of a piece, at most.
        nbytes: of a piece, at most, but for one of a single row.
    """

    def each() -> Iterator[tuple[int, int]]:
        for first in range(0, len(row_ids), PIECE_ROWS):
            some = row_ids[first : first + PIECE_ROWS]
            weights = dict(weighed(conn, some))
            yield from ((row_id, weights.get(row_id, 0)) for row_id in some)

    for piece in cut(each(), rows, nbytes):
        yield tuple(row_id for row_id, _ in piece)


def fetched_apart(conn: Connection, row_ids: Sequence[int]) -> tuple[list[Staged], set[int]]:
    """Fetch staged rows, and those of which the text is too large not.

    Args:
        conn: to the database.
        row_ids: ascending.

    Returns:
        The others, and the ids of those.
    """
    try:
        return fetch(conn, row_ids), set()
    except TextTooLarge:
        if len(row_ids) == 1:
            return [], set(row_ids)
    half = len(row_ids) // 2
    (left, no_left), (right, no_right) = fetched_apart(conn, row_ids[:half]), fetched_apart(conn, row_ids[half:])
    return left + right, no_left | no_right


def payloads_of(conn: Connection, source: str, most: int) -> Iterator[bytes]:
    """Yield the payloads of a source's first rows, read piece by piece.

    Args:
        conn: to the database.
        source: of the rows.
        most: how many at most.
    """
    row_ids = [row_id for (row_id,) in conn.execute(_SQL["of_source"], {"source": source, "most": most})]
    for piece in in_pieces(conn, row_ids):
        yield from (staged.raw for staged in piece)
