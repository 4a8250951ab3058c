"""What happens inside a replay's load: the rows' former effect goes, and what one load would have made is there instead.

What is the same stays as it is. An identity that loses its row, or whose new row is weaker than the one it had, is vacated:
another document may win it, which is found by parsing those that had lost, once the replay has repeated all its rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg import sql

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import FILLED, Kind, Policy, Table
from etl_actors.store.breakout.varying import entities_of, require_alike
from etl_actors.store.database import Connection
from etl_actors.store.leases import Lease, Repeat
from etl_actors.store.loading.deleting import hold_deletes, remove_beaten, share_deletes
from etl_actors.store.loading.filling import insert_filled
from etl_actors.store.loading.landing import Landing, delete_former_sets, filled_tables, insert_sets
from etl_actors.store.loading.winners import count_differing, winning_positions
from etl_actors.store.queries import queries
from etl_actors.store.replay.refilling import lock_filled, take_back, update_given
from etl_actors.store.replay.rows import Fresh, compare_fresh, held_rows, lock_rows, overwrite, remove_rows
from etl_actors.store.replay.sets import same_text, with_other_sets
from etl_actors.store.tables.kin import Kin
from etl_actors.store.tables.quoting import Quoted
from etl_actors.store.tables.temps import temp_of

__all__ = ["Former", "cut_to_vacant", "reland"]

_SQL = queries("replay_landing")


@dataclass(frozen=True, slots=True)
class Former:
    """Where the rows of a batch may have put something before.

    Args:
        tables: no sets: those hang on others; by qualified name.
        filled: those of them that some version filled column by column.
        kin: what else belongs to them; by qualified name too.
    """

    tables: Mapping[str, Table]
    filled: Mapping[str, Table]
    kin: Mapping[str, Kin]

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the columns of a table that any slip fills."""
        own = [column.name for table in (self.tables[name], self.filled.get(name)) if table for column in table.columns]
        return tuple(column for column in dict.fromkeys((*own, *self.kin[name].columns[name])) if column != FILLED)


@dataclass(slots=True)
class _Relanding:
    """One batch's landing under way."""

    conn: Connection
    lease: Lease
    repeat: Repeat
    parsed: Parsed
    landing: Landing = field(default_factory=Landing)
    vacated: int = 0
    replaced: dict[str, list[UUID]] = field(default_factory=dict)  # per owner: rows whose sets must go
    twins: dict[str, str] = field(default_factory=dict)  # as `Kin.twins`, of all kin
    winners: dict[str, list[int]] = field(default_factory=dict)  # per owner: whose sets land; of a root row ids, else positions

    @property
    def rows(self) -> list[int]:
        return list(self.lease.row_ids)


def reland(
    conn: Connection, lease: Lease, repeat: Repeat, parsed: Parsed, kin: Kin, former: Former, tell: Callable[[Table], None]
) -> tuple[Landing, int]:
    """Land what was copied in the place of what the rows have made before.

    Args:
        conn: in the load's transaction; only one replay lands at a time.
        lease: of the batch.
        repeat: of the lease.
        parsed: the batch.
        kin: what else belongs to its tables.
        former: where its rows may have put something before.
        tell: told of each table before its rows are inserted.

    Returns:
        What was done, rows that stayed as they were counted among the winners; and how many identities were vacated.

    Raises:
        Varies: entities of a break-out are not the same everywhere.
    """
    fills = {table.qualified: table for table in filled_tables(parsed) if table.kind is not Kind.SET}
    entities = entities_of(parsed)
    allkin = {**former.kin, **dict.fromkeys(fills, kin)}
    twins = {name: other for each in allkin.values() for name, other in each.twins.items()}
    made = _Relanding(conn, lease, repeat, parsed, twins=twins)
    # Of all: what is here no root may be one of another slip, whose load has read what is there.
    for name in sorted({*former.tables, *fills}):
        (hold_deletes if name in twins else share_deletes)(conn, name)
    # In the one global order of owners, as every load: batches that fill the same tables cannot deadlock over them.
    for name in sorted({*fills, *former.tables}):
        table, was = fills.get(name), former.filled.get(name)
        if was is not None and (table is None or table.policy is not Policy.FILL):
            _take_back(made, was, former.columns(name), None)
        if table is None:
            _clear(made, former.tables[name])
        else:
            tell(table)
            if table in entities:
                made.landing.gained[name] += require_alike(conn, table, lease.batch_id)
            (_refill if table.policy is Policy.FILL else _overwrite)(made, table, kin)
    for beaten in remove_beaten(conn, fills.values(), kin):
        made.landing.lose(beaten)
        made.replaced.setdefault(beaten.table, []).extend(beaten.ids)
        made.winners[beaten.table] = [row_id for row_id in made.winners.get(beaten.table, ()) if row_id not in beaten.row_ids]
    for owner, ids in made.replaced.items():
        delete_former_sets(conn, allkin.get(owner, kin), owner, ids, made.landing)
    insert_sets(conn, lease.batch_id, parsed, made.winners, made.landing, tell)
    return made.landing, made.vacated


def _clear(made: _Relanding, table: Table) -> None:
    """Take away what the rows have put into a table that they fill no more."""
    ids = [found for found, _ in held_rows(made.conn, table, made.rows)]
    lock_rows(made.conn, table, ids)
    _remove(made, table, ids)


def _remove(made: _Relanding, table: Table, ids: Sequence[UUID]) -> None:
    gone = remove_rows(made.conn, table, ids, made.rows)
    made.landing.gained[table.qualified] -= len(gone)
    made.replaced.setdefault(table.qualified, []).extend(gone)
    _vacate(made, table, gone)


def _vacate(made: _Relanding, table: Table, ids: Iterable[UUID]) -> None:
    vacant = list(ids)
    twin = made.twins.get(table.qualified)
    for target in [table.qualified, *([twin] if twin else [])] if vacant else ():
        given = {"replay_id": made.repeat.replay_id, "target": target, "ids": vacant}
        made.vacated += made.conn.execute(_SQL["vacate"], given).rowcount


def _overwrite(made: _Relanding, table: Table, kin: Kin) -> None:
    others = kin.columns[table.qualified]
    held = dict(held_rows(made.conn, table, made.rows))
    fresh = compare_fresh(made.conn, table, others)
    came = {row.id for row in fresh}
    vanished = [found for found in held if found not in came]
    same = _unchanged(made, table, kin, fresh)
    changed = len(same) < len(fresh) or vanished
    landed = overwrite(made.conn, made.lease, table, others, [row.id for row in same], vanished) if changed else []
    made.landing.gained[table.qualified] += sum(not replaced for *_, replaced in landed)
    # Of a row that was deleted by hand, its sets may still be there: they go before they come again.
    made.replaced.setdefault(table.qualified, []).extend(found for _, found, _ in landed)
    if table.kind in (Kind.ROOT, Kind.TOMBSTONE):
        winners = [row_id for row_id, *_ in landed]
        made.winners[table.qualified] = winners
        all_winners = [*winners, *(row.row_id for row in same)]
        made.landing.winners += all_winners
        made.landing.replaced += sum(replaced for *_, replaced in landed)
        row = made.conn.execute(count_differing(table), {"winners": all_winners}).fetchone() if table.columns else None
        made.landing.differing += 0 if row is None else int(row[0])
    elif kin.sets.get(table.qualified):
        positions = made.conn.execute(winning_positions(table), {"batch_id": made.lease.batch_id}).fetchall()
        made.winners[table.qualified] = [position for (position,) in positions]
    _remove(made, table, vanished)
    ours = frozenset(made.lease.row_ids)
    _vacate(made, table, [row.id for row in fresh if row.held_by in ours and not row.as_strong])


def _unchanged(made: _Relanding, table: Table, kin: Kin, fresh: Iterable[Fresh]) -> list[Fresh]:
    """Keep the rows that are there already, with everything that hangs on them."""
    same = [row for row in fresh if row.same]
    sets = kin.sets.get(table.qualified, ())
    if not same or not sets:
        return same
    if table.kind is not Kind.ROOT:
        return []  # by which of a document's rows its sets land is told by positions: they are rather written again
    differing = with_other_sets(made.conn, made.parsed, table, sets, [row.row_id for row in same], same_text)
    return [row for row in same if row.row_id not in differing]


def _refill(made: _Relanding, table: Table, kin: Kin) -> None:
    others = kin.columns[table.qualified]
    _take_back(made, table, [*(column.name for column in table.columns), *others], table)
    made.conn.execute(update_given(table), {"batch_id": made.lease.batch_id, "rows": made.rows})
    found = made.conn.execute(insert_filled(table, others), {"batch_id": made.lease.batch_id}).fetchall()
    made.landing.gained[table.qualified] += sum(not replaced for *_, replaced in found)


def _take_back(made: _Relanding, table: Table, columns: Sequence[str], fresh: Table | None) -> None:
    made.conn.execute(lock_filled(table, fresh), {"rows": made.rows})
    changed = made.conn.execute(take_back(table, columns, fresh), {"rows": made.rows}).fetchall()
    made.landing.gained[table.qualified] -= sum(gone for _, gone in changed)
    _vacate(made, table, [found for found, _ in changed])


def cut_to_vacant(conn: Connection, replay_id: int, parsed: Parsed) -> set[int]:
    """Of the rows that were copied keep those of documents that have an identity which the replay has vacated.

    Args:
        conn: in the load's transaction, after the copy.
        replay_id: of which replay.
        parsed: what was copied.

    Returns:
        The row ids of those documents.
    """
    wanted: set[int] = set()
    tables = filled_tables(parsed)
    for table in (t for t in tables if t.kind is not Kind.SET):
        found = conn.execute(
            sql.SQL(
                "SELECT DISTINCT came._row_id FROM {} AS came "
                "JOIN etl.vacancy v ON v.replay_id = %(replay_id)s AND v.target = %(target)s AND v.id = came._id"
            ).format(Quoted("pg_temp", temp_of(table))),
            {"replay_id": replay_id, "target": table.qualified},
        )
        wanted |= {row_id for (row_id,) in found}
    for table in tables:
        others = sql.SQL("DELETE FROM {} WHERE _row_id <> ALL (%(wanted)s::bigint[])").format(Quoted("pg_temp", temp_of(table)))
        conn.execute(others, {"wanted": list(wanted)})
    return wanted
