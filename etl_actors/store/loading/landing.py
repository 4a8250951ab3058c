"""What happens inside a load's transaction: rows are copied, winners land, and the sets that belong to them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.breakout.varying import entities_of, require_alike
from etl_actors.store.database import Connection
from etl_actors.store.loading.deleting import Beaten, hold_deletes, remove_beaten, share_deletes
from etl_actors.store.loading.filling import insert_filled
from etl_actors.store.loading.suspects import Suspects
from etl_actors.store.loading.winners import count_differing, delete_sets, insert_owners, insert_set, winning_positions
from etl_actors.store.tables.kin import Kin
from etl_actors.store.tables.quoting import listed, written_once
from etl_actors.store.tables.temps import DELETED_ROWS, copied_from, copied_to, temp_of

__all__ = [
    "Landing",
    "copy",
    "delete_former_sets",
    "filled_tables",
    "insert_sets",
    "keep_apart",
    "land",
]


@dataclass(slots=True)
class Landing:
    """What one load has done.

    Args:
        winners: row ids of the documents whose root row won, or whose tombstone.
        replaced: how many of them took the place of an earlier one.
        differing: how many of the others had other values than the winner.
        gained: per qualified table, rows inserted less rows deleted.
        straight: how many rows have gone straight, which are not among the winners: none, or all but those of `left`.
        left: row ids of documents whose rows have not gone straight.
    """

    winners: list[int] = field(default_factory=list)
    replaced: int = 0
    differing: int = 0
    gained: Counter[str] = field(default_factory=Counter)
    straight: int = 0
    left: Sequence[int] = ()

    def lose(self, beaten: Beaten) -> None:
        """Take off what has landed, or had landed before, and is gone again."""
        self.winners = [row_id for row_id in self.winners if row_id not in beaten.row_ids]
        self.gained[beaten.table] -= len(beaten.ids)


@dataclass(frozen=True, slots=True)
class _Won:
    """Of one owner table: which sets of this batch are to land, and of which rows the former sets must go."""

    winners: list[int]  # of a root, row ids; else positions
    replaced: list[Any]

    def lose(self, beaten: Beaten) -> None:
        """Take rows off that were stronger than others of their table, and weaker than what deletes them."""
        self.winners[:] = [row_id for row_id in self.winners if row_id not in beaten.row_ids]
        self.replaced.extend(beaten.ids)


def filled_tables(parsed: Parsed) -> tuple[Table, ...]:
    """Return the tables that a batch has rows for, the root first."""
    return tuple(block.table for block in parsed.blocks)


def copy(conn: Connection, parsed: Parsed, since: Counter[str] | None = None, suspects: Suspects | None = None) -> None:
    """Copy a batch's rows into their temp tables, which are emptied first.

    TRUNCATE writes three rows of pg_class anew for each, and what they were stays there while a long transaction runs. So where few
    rows come, those of the batch before are deleted, until there were many.

    Args:
        conn: in the load's transaction.
        parsed: the batch.
        since: by temp table, how many rows it has had since it was truncated last; None to truncate it now.
        suspects: told at which row a COPY stops.
    """
    if not parsed.blocks:
        return
    suspects = suspects or Suspects()
    temps = tuple(temp_of(block.table) for block in parsed.blocks)
    many = since is None
    if since is not None:
        since.update({name: block.rows for name, block in zip(temps, parsed.blocks, strict=True)})
        many = max(since[name] for name in temps) > DELETED_ROWS
        for name in temps if many else ():
            del since[name]
    conn.execute(_truncated(temps) if many else _emptied(temps))
    with conn.cursor() as cursor:
        for block, temp in zip(parsed.blocks, temps, strict=True):
            if not block.rows:
                continue
            with suspects.copying(block), cursor.copy(copied_to(temp, binary=block.packed)) as rows:
                for piece in copied_from(block):
                    rows.write(piece)


@written_once
def _truncated(temps: tuple[str, ...]) -> sql.Composed:
    return sql.SQL("TRUNCATE {}").format(listed(sql.Identifier("pg_temp", temp) for temp in temps))


@written_once
def _emptied(temps: tuple[str, ...]) -> sql.Composed:
    parts = (
        sql.SQL("{} AS (DELETE FROM {})").format(sql.Identifier(f"gone_{no}"), sql.Identifier("pg_temp", temp))
        for no, temp in enumerate(temps)
    )
    return sql.SQL("WITH {} SELECT").format(listed(parts))


def land(
    conn: Connection, batch_id: int, parsed: Parsed, kin: Kin, turn: Callable[[Table], None], *, lost: bool = False
) -> Landing:
    """Land what was copied to temp tables.

    Args:
        conn: in the load's transaction, whose rows are kept apart from others'.
        batch_id: of the batch.
        parsed: it.
        kin: what else belongs to its tables.
        turn: called with each table before its rows are inserted.
        lost: whether its root rows are known to lose, all of them: only whether they differ from who has won is looked at.

    Raises:
        Varies: entities of a break-out are not the same everywhere.
    """
    tables = filled_tables(parsed)
    landing = Landing(gained=Counter(dict.fromkeys((table.qualified for table in tables), 0)))
    rows = {block.table.qualified: block.rows for block in parsed.blocks}
    owning = {table.owner for table in tables if table.kind is Kind.SET}
    entities = entities_of(parsed)
    won: dict[str, _Won] = {}
    # Owners in one global order, whatever the slip: batches of different slips that fill the same tables cannot deadlock.
    for table in sorted((t for t in tables if t.kind is not Kind.SET), key=lambda t: t.qualified):
        turn(table)
        if not rows[table.qualified]:
            won[table.qualified] = _Won([], [])  # tombstones may beat rows of a table that has none in the batch
            continue
        if table in entities:
            landing.gained[table.qualified] += require_alike(conn, table, batch_id)
        found = [] if lost and table.kind is Kind.ROOT else _inserted(conn, table, kin, batch_id)
        landing.gained[table.qualified] += sum(not replaced for *_, replaced in found)
        ours = _Won([row_id for row_id, *_ in found], [old for _, old, _ in found if old is not None])
        if table.kind in (Kind.ROOT, Kind.TOMBSTONE):
            landing.winners += ours.winners
            landing.differing += _differing(conn, table, ours.winners) if len(found) < rows[table.qualified] else 0
        elif table.qualified in owning:
            found = conn.execute(winning_positions(table), {"batch_id": batch_id}).fetchall()
            ours = _Won([position for (position,) in found], ours.replaced)
        won[table.qualified] = ours
    # Without any rows, the temp tables are not of this batch.
    for beaten in remove_beaten(conn, tables, kin) if any(rows.values()) else ():
        landing.lose(beaten)
        if beaten.table in won:
            won[beaten.table].lose(beaten)
    # A winner that has made no identity has taken the place of what stood for it: a row, or what had deleted one.
    roots = {table.qualified for table in tables if table.kind is Kind.ROOT}
    landing.replaced = len(landing.winners) - sum(
        landing.gained[name] for name in roots | {kin.twins.get(one, one) for one in roots}
    )
    for owner, ours in won.items():
        delete_former_sets(conn, kin, owner, ours.replaced, landing)
    insert_sets(conn, batch_id, parsed, {owner: ours.winners for owner, ours in won.items()}, landing, turn)
    return landing


def _inserted(conn: Connection, table: Table, kin: Kin, batch_id: int) -> list[Any]:
    insert = insert_filled if table.policy is Policy.FILL else insert_owners
    return conn.execute(insert(table, kin.columns[table.qualified]), {"batch_id": batch_id}).fetchall()


def keep_apart(conn: Connection, parsed: Parsed) -> None:
    """Let no row and no tombstone of one key land side by side, each unseen by the other: also where slips with tombstones come meanwhile.

    Args:
        conn: in the load's transaction, which has locked no row of a target yet.
        parsed: the batch that is to land.
    """
    deletes = any(block.rows for block in parsed.blocks if block.table.kind is Kind.TOMBSTONE)
    for block in parsed.blocks:
        if block.table.kind is Kind.ROOT:
            (hold_deletes if deletes else share_deletes)(conn, block.table.qualified)


def insert_sets(
    conn: Connection,
    batch_id: int,
    parsed: Parsed,
    winners: Mapping[str, list[int]],
    landing: Landing,
    turn: Callable[[Table], None],
) -> None:
    """Insert the sets that land with their owners' rows.

    Args:
        conn: in the load's transaction.
        batch_id: of the batch.
        parsed: it.
        winners: per owner: of a root the row ids whose sets land, of another the positions.
        landing: what is gained is added to it.
        turn: called with each table before its rows are inserted.
    """
    root = next((block.table.qualified for block in parsed.blocks if block.table.kind is Kind.ROOT), "")
    for block in parsed.blocks:
        table = block.table
        if table.kind is not Kind.SET:
            continue
        turn(table)
        if not block.rows:
            continue
        won = winners.get(table.owner or root, [])
        landing.gained[table.qualified] += conn.execute(insert_set(table), {"batch_id": batch_id, "winners": won}).rowcount


def delete_former_sets(conn: Connection, kin: Kin, owner: str, replaced: Sequence[Any], landing: Landing) -> None:
    """Delete the sets of replaced rows: those are locked by now, so that nobody else does the same meanwhile.

    Args:
        conn: in the load's transaction.
        kin: what else belongs to the owner's table.
        owner: its qualified name.
        replaced: `_id`s of its rows.
        landing: what is lost is taken off it.
    """
    sets = kin.sets.get(owner, ())
    if sets and replaced:
        for no, deleted in conn.execute(delete_sets(owner, sets), {"replaced": list(replaced)}).fetchall():
            landing.gained[sets[no].qualified] -= deleted


def _differing(conn: Connection, root: Table, winners: list[int]) -> int:
    row = conn.execute(count_differing(root), {"winners": winners}).fetchone() if root.columns else None
    return 0 if row is None else int(row[0])
