"""Filling the tables of a break-out anew: what cannot be changed in place is made beside it, of the staged rows that won, and swapped.

Readers see the old tables until they see the new ones.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from psycopg import errors as pg
from psycopg import sql

from etl_actors.errors import NoPlace, SlipError
from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.values.document import Staged, decode
from etl_actors.store.actions import record_action
from etl_actors.store.breakout.gathering import Gathering, require_same
from etl_actors.store.breakout.taking import take
from etl_actors.store.breakout.versions import history_of, put_view_away, put_view_back, view_to_take
from etl_actors.store.breakout.view_facts import fits, view_identifier, view_of
from etl_actors.store.breakout.views import make_way
from etl_actors.store.database import Connection
from etl_actors.store.pieces import PIECE_ROWS, WEIGHT, cut
from etl_actors.store.queries import queries
from etl_actors.store.staging import fetch
from etl_actors.store.tables.constraints import index_name
from etl_actors.store.tables.facts import count_rows
from etl_actors.store.tables.plan import Change, created
from etl_actors.store.tables.quoting import identifier, names

__all__ = ["all_staged", "refill"]

_SQL = queries("breakouts")
_SWAPS = 10  # then the source waits, and others have the worker
_REST_S = 0.5  # between two attempts to swap: longer than readers wait behind one


def refill(conn: Connection, before: Slip, after: Slip) -> Iterator[Change]:
    """Put tables of a later layout in the place of those that are there, with what their staged rows give.

    Args:
        conn: in the transaction in which the slip grows.
        before: the version that the tables are of.
        after: the version that they are to be of.

    Yields:
        The changes that were made, for the record.

    Raises:
        SlipError: a row is no longer staged, or readers are in the way all the time.
        NoPlace: a view depends on one of the tables.
        Varies: entities are not the same everywhere in what they are to be by the later version.
    """
    assert after.breakout is not None
    _require_free(conn, before, after)
    former, final = _of_rows(before), _of_rows(after)
    beside = {table.name: replace(table, name=f"etl_refill_{after.digest[:8]}_{number}") for number, table in enumerate(final)}
    for table in beside.values():
        for change in created(table, viewed=False):
            conn.execute(change.statement)
    counts = _filled(conn, before, after, beside)
    old = {table.qualified: count_rows(conn, table) for table in former}
    _swapped(conn, before, after, beside)
    for name in sorted({*old, *counts}):
        surplus = counts.get(name, 0) - old.get(name, 0)
        if surplus:
            record_action(conn, "breakout refill", {"table": name, "rows": surplus})
    for table in former:
        yield Change(table.qualified, sql.SQL("DROP TABLE {}").format(identifier(table)), f"drop table {table.qualified}")
    for table in final:
        yield from created(table)


def _of_rows(slip: Slip) -> tuple[Table, ...]:
    """Leave out what tells of rows that are deleted: of those there is nothing to break out."""
    return tuple(table for table in slip.targets if table.kind is not Kind.TOMBSTONE)


def _require_free(conn: Connection, slip: Slip, after: Slip) -> None:
    """Require that no view of others depends on the tables, nor on our own views where those have to be made anew."""
    tables = [identifier(table).as_string(conn) for table in _of_rows(slip)]
    view, history = view_of(after), history_of(conn, slip)
    if view is not None and not fits(conn, after):
        tables.append(view_identifier(view).as_string(conn))
    if history is not None:
        tables.append(history)
    views = [name for (name,) in conn.execute(_SQL["dependents"], {"tables": tables})]
    if views:
        raise NoPlace(
            f"The tables of slip {slip.name} would have to be filled anew for new documents: view {', '.join(views)} depends on them."
        )


def _filled(conn: Connection, before: Slip, after: Slip, beside: Mapping[str, Table]) -> dict[str, int]:
    """Fill the tables, piece by piece; return their numbers of rows by the names that they will have."""
    assert after.breakout is not None
    # Rows that are there were no markers when they landed, whatever the slip says by now: that is for a replay.
    landed = BreakoutMapper(replace(after, marker=None), after.breakout)
    lost = BreakoutMapper(after, after.breakout)
    final = _of_rows(after)
    owned = [table for table in final if table.kind is not Kind.ENTITY]
    entities = [Gathering(conn, beside[table.name], table) for table in final if table.kind is Kind.ENTITY]
    counts = dict.fromkeys((table.qualified for table in final), 0)
    for won, statement in zip((True, False), _documents(after), strict=False):
        mapper = landed if won else lost
        for piece in _read(conn, before.root, statement):
            texts: list[list[str]] = [[] for _ in final]
            for staged, lineage in piece:
                lines = mapper.begin()
                made = mapper.map(staged, decode(staged.raw), lines)
                if isinstance(made, Reject):
                    raise SlipError(
                        f"The tables of slip {after.name} cannot be filled anew: row {staged.row_id}: {made.message}."
                    )
                for text, found in zip(texts, lines, strict=False):  # tombstones have their lines last, and stay
                    text += [f"{line}\t{lineage}\n" for line in found]
            for table, text in zip(owned, texts, strict=False):
                if won:
                    counts[table.qualified] += len(text)
                    _copy(conn, beside[table.name], text)
            for entity, text in zip(entities, texts[len(owned) :], strict=True):
                entity.take(text)
    require_same(entities)
    return counts | {entity.final.qualified: entity.rows for entity in entities}


def all_staged(conn: Connection, slip: Slip) -> bool:
    """Tell whether all documents are still staged that the tables of a slip would be filled anew of."""
    return not any(
        conn.execute(sql.SQL("SELECT FROM ({}) AS all_of_them WHERE staged IS NULL LIMIT 1").format(statement)).fetchall()
        for statement in _documents(slip, sql.SQL("s.row_id AS staged"))  # no document is read for that
    )


def _documents(slip: Slip, staged: sql.SQL = WEIGHT) -> list[sql.Composed]:
    """List the statements that name documents: the row, what it weighs (null: it is not staged), the batch and time of its loading.

    Those whose rows are in the root table; and where the slip has entities, which all documents have that it has taken, the others.
    """
    assert slip.breakout is not None
    root = identifier(slip.root)
    winners = sql.SQL(
        "SELECT t._row_id, {}, t._batch_id::text, t._loaded_at::text "
        "FROM {} t LEFT JOIN etl.staging s ON s.row_id = t._row_id ORDER BY t._row_id"
    ).format(staged, root)
    losers = sql.SQL(
        "SELECT d.row_id, {staged}, d.batch_id::text, b.finished_at::text "
        "FROM (SELECT min(row_lo) AS lo, max(row_hi) AS hi FROM etl.batch WHERE slip = {slip} AND status = 'done') AS bounds "
        "CROSS JOIN LATERAL etl.settled(bounds.lo, bounds.hi) AS d JOIN etl.batch b ON b.batch_id = d.batch_id "
        "LEFT JOIN etl.staging s ON s.row_id = d.row_id "
        "WHERE d.slip = {slip} AND b.target = {target} AND d.letter IN ('l', 'd') "
        "AND NOT EXISTS (SELECT FROM {root} t WHERE t._row_id = d.row_id) ORDER BY d.row_id"
    ).format(staged=staged, slip=sql.Literal(slip.name), target=sql.Literal(slip.root.qualified), root=root)
    return [winners, losers] if slip.breakout.entities else [winners]


def _read(conn: Connection, root: Table, statement: sql.Composed) -> Iterator[list[tuple[Staged, str]]]:
    """Give documents with their lineage, piece by piece."""
    with conn.cursor("etl_refill") as cursor:
        cursor.itersize = PIECE_ROWS
        cursor.execute(statement)
        for piece in cut(_all_staged(cursor, root)):
            lineage = {row_id: f"{batch_id}\t{loaded_at}" for row_id, _, batch_id, loaded_at in piece}
            documents = fetch(conn, list(lineage))
            if len(documents) < len(piece):  # its partition has been detached since
                raise _unstaged(root, min(lineage.keys() - {staged.row_id for staged in documents}))
            yield [(staged, lineage[staged.row_id]) for staged in documents]


def _all_staged(found: Iterable[tuple[int, int | None, str, str]], root: Table) -> Iterator[tuple[int, int, str, str]]:
    for row_id, weight, batch_id, loaded_at in found:
        if weight is None:
            raise _unstaged(root, row_id)
        yield row_id, weight, batch_id, loaded_at


def _unstaged(root: Table, row_id: int) -> SlipError:
    return SlipError(
        f"{root.qualified} would have to be filled anew, but row {row_id} is no longer staged: name another table for new documents."
    )


def _copy(conn: Connection, table: Table, lines: Sequence[str]) -> None:
    if not lines:
        return
    columns = names([*(name for name, _ in table.copied), "_batch_id", "_loaded_at"])
    with conn.cursor() as cursor, cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(identifier(table), columns)) as copy:
        copy.write("".join(lines))


def _swapped(conn: Connection, before: Slip, after: Slip, beside: Mapping[str, Table]) -> None:
    """Let the new tables take the old ones' place, between readers; the readable view is to be put anew then."""
    old = _of_rows(before)
    for _ in range(_SWAPS):
        try:
            with conn.transaction():
                make_way(conn, after, blocking=True)  # first: readers by a view hold it before the tables
                take(conn, [*view_to_take(conn, before), *old])
                for _ in put_view_away(conn, before):
                    pass
                for table in reversed(old):
                    conn.execute(sql.SQL("DROP TABLE {}").format(identifier(table)))
                for table in _of_rows(after):
                    _renamed(conn, beside[table.name], table)
                for _ in put_view_back(conn, after):
                    pass
        except pg.LockNotAvailable:
            time.sleep(_REST_S)
        else:
            return
    raise SlipError(
        f"{old[0].qualified} would have to be filled anew, but others use it all the time: end the long transactions on it."
    )


def _renamed(conn: Connection, side: Table, final: Table) -> None:
    conn.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(identifier(side), sql.Identifier(final.name)))
    for columns in [*([("_row_id",)] if final.parent is None else []), *final.indexes]:
        there, wanted = sql.Identifier(side.schema, index_name(side, columns)), sql.Identifier(index_name(final, columns))
        conn.execute(sql.SQL("ALTER INDEX {} RENAME TO {}").format(there, wanted))
