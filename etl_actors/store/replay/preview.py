"""The rows that a dry run is about, and what they would put into their tables.

Everything that is written is in temp tables of the session, which may be one that could write nothing else. No lock is held
from one statement to the next, so that what lands meanwhile is seen by some and not by others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from etl_actors.errors import EtlError
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Table
from etl_actors.store.database import Connection
from etl_actors.store.loading.refusals import failure_of
from etl_actors.store.queries import queries
from etl_actors.store.replay.choice import Choice, bounds
from etl_actors.store.replay.differences import Group
from etl_actors.store.tables.temps import copied_from, copied_to, make_temp, temp_of

__all__ = ["Plan", "Preview"]

_SQL = queries("replay_preview")


class Plan(NamedTuple):
    """A target table as one slip fills it.

    Args:
        table: its plan.
        owner: qualified name of the table on whose rows its rows hang, or of the root.
    """

    table: Table
    owner: str


@dataclass(slots=True)
class Preview:
    """One dry run's rows over one connection, which nobody else uses.

    Args:
        conn: in autocommit mode.
    """

    conn: Connection
    plans: dict[str, dict[str, Plan]] = field(default_factory=dict, init=False)  # by qualified name, then by temp table

    def choose(self, choice: Choice, most: int) -> tuple[Group, ...]:
        """Choose rows, of too many a random share.

        Args:
            choice: of the rows.
            most: how many at most.

        Returns:
            The rows, in groups that can be parsed.
        """
        lo, hi = bounds(self.conn, choice)
        self._run(_SQL["make_chosen"])
        self._run(_SQL["choose"], {"filter": dumps(choice.filter), "lo": lo, "hi": hi, "most": most})
        self._run(_SQL["analyze_chosen"])
        found = self.conn.execute(_SQL["chosen_groups"]).fetchall()
        return tuple(Group(source, slip, digest, tuple(row_ids)) for source, slip, digest, row_ids in found)

    def take(self, parsed: Parsed) -> EtlError | None:
        """Keep what a batch would put into its tables; all of it, or nothing where the database refuses a value: then say why."""
        owner = parsed.blocks[0].table.qualified if parsed.blocks else ""
        for block in parsed.blocks:
            name = temp_of(block.table)
            plans = self.plans.setdefault(block.table.qualified, {})
            if name not in plans:
                make_temp(self.conn, block.table)
                plans[name] = Plan(block.table, block.table.owner or owner)
        filling: Table | None = None
        try:
            with self.conn.transaction(), self.conn.cursor() as cursor:
                for block in parsed.blocks:
                    filling = block.table
                    if block.rows:
                        with cursor.copy(copied_to(temp_of(block.table), binary=block.packed)) as rows:
                            for piece in copied_from(block):
                                rows.write(piece)
        except psycopg.Error as exc:
            blamed = failure_of(exc, tuple(block.table for block in parsed.blocks), filling)
            if blamed is None:
                raise
            return blamed
        return None

    def settle(self, row_ids: Sequence[int], letter: str) -> None:
        """Note what would become of chosen rows that are rejected (r) or skipped (s)."""
        if row_ids:
            self._run(_SQL["settle"], {"row_ids": list(row_ids), "letter": letter})

    def outcomes(self) -> dict[tuple[str, str], int]:
        """Count the chosen rows by the outcome that they have and the one that they would have."""
        return {(before, after): rows for before, after, rows in self.conn.execute(_SQL["outcomes"])}

    def _run(self, statement: bytes | sql.Composed, given: Mapping[str, Any] | None = None) -> None:
        self.conn.execute(statement, given or {})
