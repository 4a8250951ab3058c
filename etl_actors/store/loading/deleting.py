"""Rows and tombstones of one key: of both one stands, and by the same order as among rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.winners import wins
from etl_actors.store.queries import queries
from etl_actors.store.tables.kin import Kin
from etl_actors.store.tables.quoting import Quoted
from etl_actors.store.tables.temps import temp_of

__all__ = ["Beaten", "Held", "hold_alone", "hold_deletes", "removal", "remove_beaten", "share_deletes"]

_SQL = queries("targets")


@dataclass(frozen=True, slots=True)
class Beaten:
    """Rows of one table that are gone, since what stands for the same keys in the other is stronger."""

    table: str
    ids: Sequence[UUID]
    row_ids: frozenset[int]


def share_deletes(conn: Connection, root: str) -> None:
    """Let nobody delete rows of a table until the transaction ends; whoever does now is waited for.

    Args:
        conn: in the load's transaction, which has locked no row of a target yet.
        root: the table's qualified name.
    """
    conn.execute(_SQL["share_deletes"], {"target": root})


def hold_deletes(conn: Connection, root: str) -> None:
    """Let nobody else put anything into a table, or delete its rows, until the transaction ends."""
    conn.execute(_SQL["hold_deletes"], {"target": root})


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that was asked for; in a pipeline, it is held when that ends."""

    cursor: psycopg.Cursor[Any]

    @property
    def waited_s(self) -> float:
        """Seconds until others had let go of it."""
        row = self.cursor.fetchone()
        return 0.0 if row is None else float((row[4] - row[2]).total_seconds())


def hold_alone(conn: Connection, root: str) -> Held:
    """Let nobody else put anything into a table until the transaction ends; who has to wait for long for that is refused.

    The `lock_timeout` that was in force is kept in `etl.lock_timeout`, for whoever sets it back.

    Raises:
        LockNotAvailable: others are at it; in a pipeline, when that ends.
    """
    return Held(conn.execute(_SQL["hold_alone"], {"target": root}))


def remove_beaten(conn: Connection, tables: Iterable[Table], kin: Kin) -> list[Beaten]:
    """Once a batch's rows and tombstones have landed, each among their like, take away the weaker of both.

    Args:
        conn: in the load's transaction, under `hold_deletes` where the batch has tombstones.
        tables: that the batch fills.
        kin: what else belongs to them.
    """
    filled = tuple(tables)
    beaten: list[Beaten] = []
    for root in (table for table in filled if table.kind is Kind.ROOT and table.qualified in kin.tombstones):
        tombstones = kin.tombstones[root.qualified]
        temps = [temp_of(table) for table in filled if table.qualified in {root.qualified, tombstones.qualified}]
        for loser, winner in ((root, tombstones), (tombstones, root)):
            found = conn.execute(removal(root, loser, winner, temps)).fetchall()
            beaten.append(Beaten(loser.qualified, [gone for gone, _ in found], frozenset(row_id for _, row_id in found)))
    return beaten


def removal(root: Table, loser: Table, winner: Table, temps: Iterable[str]) -> sql.Composed:
    """Delete from one table what is weaker than what stands for the same identity in the other.

    Args:
        root: as the batch's slip fills it.
        loser: it, or the table of its tombstones.
        winner: the other of both.
        temps: names of the temp tables that have the identities.

    Returns ``(_id, _row_id)`` of each row that is gone.
    """
    # Tombstones of a version with another policy have not what decides now: then the later one of both is the stronger.
    alike = (loser.policy, loser.newest) == (winner.policy, winner.newest)
    judged = root if alike else replace(root, policy=Policy.UPDATE, newest="")
    # IS TRUE is looked up in no index: else PostgreSQL 15 might go by that of _row_id, of which half the table is less than another.
    ids = sql.SQL(" UNION ").join(sql.SQL("SELECT _id FROM {}").format(Quoted("pg_temp", temp)) for temp in temps)
    return sql.SQL(
        "DELETE FROM {loser} AS held USING {winner} AS came WHERE held._id = ANY (ARRAY ({ids})) AND came._id = held._id AND ({wins}) IS TRUE "
        "RETURNING held._id, held._row_id"
    ).format(
        loser=Quoted(loser.schema, loser.name),
        winner=Quoted(winner.schema, winner.name),
        ids=ids,
        wins=wins(judged, "came", "held"),
    )
