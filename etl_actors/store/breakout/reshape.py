"""Tables of a break-out after its slip says otherwise of places in the documents: all of these are looked at again."""

from collections.abc import Iterator, Sequence

import psycopg
from psycopg import errors as pg
from psycopg import sql

from etl_actors.errors import DatabaseUnsuitable, NoPlace
from etl_actors.relational.breakout.keys import without_key
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.reading.growing import grown, with_evidence
from etl_actors.slips.values.document import Staged, decode
from etl_actors.store.breakout.column_map import breakout_in_force
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import Connection
from etl_actors.store.pieces import in_pieces
from etl_actors.store.queries import queries
from etl_actors.store.tables.quoting import identifier

__all__ = ["looked_at_again", "reshape"]

_SQL = queries("breakouts")
_CHUNK = 5_000  # row ids that are read at once


def reshape(conn: Connection, slip: Slip, target_schema: str) -> list[str]:
    """Put a slip in force that says otherwise of its documents, and let its tables be as if it had always said so.

    Args:
        conn: in autocommit mode, as the service role.
        slip: as it was read, whatever evidence it has.
        target_schema: for tables of slips that name no schema.

    Returns:
        Qualified names of the tables that were made or changed.

    Raises:
        DatabaseUnsuitable: documents are no longer staged, or the tables cannot be changed; nothing was changed.
    """
    assert slip.breakout is not None
    growth = Breakouts(conn, target_schema)
    try:
        with conn.transaction():
            conn.execute(_SQL["lock"], {"name": slip.name})
            growth.follow(growth.current(slip), grown(with_evidence(slip, None), _seen(conn, slip)))
    except NoPlace as exc:
        raise DatabaseUnsuitable(str(exc)) from exc
    except pg.LockNotAvailable as exc:
        msg = (
            f"The tables of slip {slip.name} cannot be changed: others use them. End the long transactions on them, or try again."
        )
        raise DatabaseUnsuitable(msg) from exc
    except psycopg.OperationalError:
        raise
    except psycopg.DatabaseError as exc:
        raise DatabaseUnsuitable(f"The tables of slip {slip.name} cannot be changed: {exc.diag.message_primary}.") from exc
    return growth.changed


def looked_at_again(conn: Connection, slip: Slip, target_schema: str) -> Slip | None:
    """Give the version of a slip that would be in force if it says otherwise of its documents than the one that is; else None.

    Args:
        conn: in autocommit mode.
        slip: as it was read.
        target_schema: for tables of slips that name no schema.

    Raises:
        DatabaseUnsuitable: documents are no longer staged.
    """
    before = None if slip.breakout is None else breakout_in_force(conn, slip.name, target_schema)
    if before is None or slip.breakout is None or before.breakout is None:
        return None
    if slip.breakout.says_as(before.breakout) or not slip.breakout.fills_as(before.breakout):
        return None
    with conn.transaction():
        return grown(with_evidence(slip, None), _seen(conn, slip))


def _seen(conn: Connection, slip: Slip) -> Seen:
    """Look at all documents that the slip has taken."""
    assert slip.breakout is not None
    seen = Seen(asked=slip.breakout.asked)
    mapper, markers = BreakoutMapper(slip, slip.breakout), list[int]()
    for staged in _taken(conn, slip):
        document = decode(staged.raw)
        if mapper.deletes(staged, document):
            markers.append(staged.row_id)
        else:
            seen.add(without_key(document, slip.breakout.key))
    for staged in _standing(conn, slip, markers):
        seen.add(without_key(decode(staged.raw), slip.breakout.key))
    return seen


def _taken(conn: Connection, slip: Slip) -> Iterator[Staged]:
    """Give all documents that the slip has taken."""
    with conn.cursor("etl_reshape") as cursor:
        cursor.execute(_SQL["taken"], {"name": slip.name})
        while chunk := cursor.fetchmany(_CHUNK):
            gone = {row_id for row_id, staged in chunk if not staged}
            if not gone:
                gone = {row_id for row_id, _ in chunk}
                for piece in in_pieces(conn, sorted(gone)):
                    gone -= {staged.row_id for staged in piece}
                    yield from piece
            if gone:  # also where a partition was detached meanwhile
                msg = (
                    f"Slip {slip.name} says otherwise of its documents now, but row {min(gone)} is no longer staged: name another table "
                    "for new documents."
                )
                raise DatabaseUnsuitable(msg)


def _standing(conn: Connection, slip: Slip, markers: Sequence[int]) -> Iterator[Staged]:
    """Give the documents that have rows from before they were markers, and have them until they are replayed."""
    there = sql.SQL("SELECT _row_id FROM {} WHERE _row_id = ANY (%s) ORDER BY 1").format(identifier(slip.root))
    row_ids = [row_id for (row_id,) in conn.execute(there, [list(markers)])] if markers else []
    for piece in in_pieces(conn, row_ids):
        yield from piece
