"""Which settled rows may have lost what a replay has vacated: they are parsed again, each by the version that settled it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from psycopg import sql

from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.database import Connection
from etl_actors.store.tables.kin import stored_slips
from etl_actors.store.tables.quoting import Quoted

__all__ = ["Seeking"]


_OF_DOCUMENTS = ({Kind.ROOT}, {Kind.TOMBSTONE}, {Kind.ROOT, Kind.TOMBSTONE})
"""Kinds of tables of which a document has one row at most, in all of them together."""


@dataclass(frozen=True, slots=True)
class Seeking:
    """The choice of a replay's second phase.

    Args:
        replay_id: of which replay.
        any_row: digests of versions whose rows are all parsed again: a row holds one of their items and may have lost another.
        rowless: digests by root table, or by that and its tombstones, of versions of which nothing else was vacated: whoever holds a
            row there has lost none.
    """

    replay_id: int
    any_row: tuple[str, ...]
    rowless: Mapping[tuple[Table, ...], tuple[str, ...]]

    @classmethod
    def of(cls, conn: Connection, replay_id: int, targets: Collection[str], target_schema: str) -> Self:
        """Find the versions that fill any of the vacated tables.

        Args:
            conn: in autocommit mode, or in a transaction that only reads.
            replay_id: of which replay.
            targets: qualified names of the tables that have vacated identities.
            target_schema: where tables are whose slip names no schema.

        Raises:
            DatabaseUnsuitable: a stored slip cannot be read by this release.
        """
        any_row: list[str] = []
        rowless: dict[tuple[str, ...], tuple[tuple[Table, ...], list[str]]] = {}
        for slip in stored_slips(conn, target_schema):
            filled = tuple(table for table in slip.targets if table.qualified in targets)
            if {table.kind for table in filled} in _OF_DOCUMENTS and slip.root.policy is not Policy.FILL:
                names = tuple(table.qualified for table in filled)
                rowless.setdefault(names, (filled, []))[1].append(slip.digest)
            elif filled:
                any_row.append(slip.digest)
        return cls(replay_id, tuple(any_row), {tables: tuple(digests) for tables, digests in rowless.values()})

    @property
    def digests(self) -> tuple[str, ...]:
        """All versions in question."""
        return (*self.any_row, *(digest for digests in self.rowless.values() for digest in digests))

    def choose(self, conn: Connection, lo: int, hi: int) -> None:
        """Let the candidates between two row ids, both included, wait for the replay."""
        which, given = self._which()
        conn.execute(_CHOOSE.format(which), {**given, "replay_id": self.replay_id, "lo": lo, "hi": hi})

    def count_others(self, conn: Connection, filtered: str, lo: int, hi: int) -> dict[str, int]:
        """Count the candidates between two row ids that a replay does not choose itself, by the version that settled them.

        Args:
            conn: in autocommit mode, or in a transaction that only reads.
            filtered: the replay's filter, as JSON.
            lo: the first row id.
            hi: the last.
        """
        which, given = self._which()
        return dict(conn.execute(_COUNT.format(which), {**given, "filter": filtered, "lo": lo, "hi": hi}).fetchall())

    def _which(self) -> tuple[sql.Composable, dict[str, Any]]:
        given: dict[str, Any] = {"any_row": list(self.any_row)}
        which: list[sql.Composable] = [sql.SQL("d.slip_digest = ANY (%(any_row)s)")]
        for number, (tables, digests) in enumerate(self.rowless.items()):
            given[f"root_{number}"] = list(digests)
            lost = [
                sql.SQL(" AND NOT EXISTS (SELECT FROM {} AS t WHERE t._row_id = d.row_id)").format(
                    Quoted(table.schema, table.name)
                )
                for table in tables
            ]
            which.append(sql.SQL("d.slip_digest = ANY ({}){}").format(sql.Placeholder(f"root_{number}"), sql.Composed(lost)))
        return sql.SQL(" OR ").join(which), given


# What staging no longer holds cannot be parsed again.
_CHOOSE = sql.SQL(
    """
    INSERT INTO etl.replay_row (replay_id, source, row_id, slip, digest, batch_id)
    SELECT %(replay_id)s, d.source, d.row_id, s.slip, d.slip_digest, d.batch_id
      FROM etl.settled(%(lo)s, %(hi)s) AS d JOIN etl.staging s ON s.row_id = d.row_id AND s.row_id BETWEEN %(lo)s AND %(hi)s
     WHERE d.letter IN ('l', 'd') AND ({})
    ON CONFLICT DO NOTHING
    """
)
_COUNT = sql.SQL(
    """
    SELECT d.slip_digest, count(*)
      FROM etl.settled(%(lo)s, %(hi)s) AS d JOIN etl.staging s ON s.row_id = d.row_id AND s.row_id BETWEEN %(lo)s AND %(hi)s
     WHERE d.letter IN ('l', 'd') AND ({})
       AND d.row_id NOT IN (SELECT c.row_id FROM etl.chosen(%(filter)s::jsonb, %(lo)s, %(hi)s) AS c)
     GROUP BY d.slip_digest
    """
)
