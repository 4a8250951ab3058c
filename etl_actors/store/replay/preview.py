"""What a replay would change, found by comparison: what the chosen rows would make is laid beside what is there.

Everything that is written is in temp tables of the session, which may be one that could write nothing else. No lock is held
from one statement to the next, so that what lands meanwhile is seen by some and not by others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Any

import psycopg
from psycopg import sql

from etl_actors.errors import EtlError
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.loading.refusals import failure_of
from etl_actors.store.queries import queries
from etl_actors.store.replay.choice import Choice, bounds
from etl_actors.store.replay.differences import Example, Group, TableChange
from etl_actors.store.replay.preview_tables import Compared, compared_columns
from etl_actors.store.tables.temps import make_temp, temp_of

__all__ = ["Preview"]

_SQL = queries("replay_preview")
_TARGETS = queries("targets")
_EXAMPLES = 5


@dataclass(slots=True)
class Preview:
    """One dry run over one connection, which nobody else uses.

    Args:
        conn: in autocommit mode.
        slips: all that may fill a table: those stored and those that are to be in force, by digest.
    """

    conn: Connection
    slips: Mapping[str, Slip]
    _plans: dict[str, dict[str, tuple[Table, str]]] = field(default_factory=dict, init=False)  # table → temp → plan, its owner
    _compared: dict[str, Compared] = field(default_factory=dict, init=False)

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
            plans = self._plans.setdefault(block.table.qualified, {})
            if name not in plans:
                make_temp(self.conn, block.table)
                plans[name] = (block.table, block.table.owner or owner)
        filling: Table | None = None
        try:
            with self.conn.transaction(), self.conn.cursor() as cursor:
                for block in parsed.blocks:
                    filling = block.table
                    if block.data:
                        with cursor.copy(
                            sql.SQL("COPY {} FROM STDIN").format(sql.Identifier("pg_temp", temp_of(block.table)))
                        ) as lines:
                            lines.write(block.data)
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

    def losers(self, most: int) -> tuple[tuple[Group, ...], int]:
        """Lay what the chosen rows would make beside what is there, and find who may win what they would let go.

        Args:
            most: how many documents at most, at random.

        Returns:
            The documents to be parsed and taken, by the version that settled them, and how many there are.
        """
        self._compare_owners()
        vacant = {name for name, one in self._compared.items() if self._is_owner(one) and self._has_vacant(one)}
        self._run(_SQL["make_losers"])
        by_root: dict[str, list[str]] = {}
        digests: list[str] = []
        for digest, slip in self.slips.items():
            fills = {table.qualified for table in slip.targets} & vacant
            if fills:
                digests.append(digest)
                if fills == {slip.root.qualified}:
                    by_root.setdefault(slip.root.qualified, []).append(digest)
        if not digests:
            return (), 0
        self._run(_SQL["find_losers"], {"digests": digests})
        for name, ours in by_root.items():
            self._run(self._compared[name].drop_owners_among_losers(), {"digests": ours})
        count = self.conn.execute(_SQL["count_losers"]).fetchone()
        found = self.conn.execute(_SQL["some_losers"], {"most": most}).fetchall()
        groups = tuple(Group("", None, digest, tuple(row_ids)) for digest, row_ids in found)
        return groups, 0 if count is None else int(count[0])

    def changes(self, hidden: Mapping[str, frozenset[str]]) -> list[TableChange]:
        """Decide who would win, and count how each table would differ.

        Args:
            hidden: per table the columns whose values are not shown.
        """
        owners = [one for one in self._compared.values() if self._is_owner(one)]
        for one in owners:
            for plan, _ in self._plans.get(one.table.qualified, {}).values():
                self._run(one.take_came(plan, ours=False))
            self._run(one.decide())
            self._analyze(one, "after")
            if one.table.kind is Kind.ROOT:
                self._run(one.winners())
        self._compare_sets()
        return [self._change(one, hidden.get(one.table.qualified, frozenset())) for one in self._compared.values()]

    def outcomes(self) -> dict[tuple[str, str], int]:
        """Count the chosen rows by the outcome that they have and the one that they would have."""
        return {(before, after): rows for before, after, rows in self.conn.execute(_SQL["outcomes"])}

    def _compare_owners(self) -> None:
        former = {digest for (digest,) in self.conn.execute(_SQL["former_digests"])}
        wanted = {table.qualified for digest in former if digest in self.slips for table in self.slips[digest].targets}
        for name in sorted(wanted | self._plans.keys()):
            one = self._compared_table(name)
            if not self._is_owner(one):
                continue
            self._compared[name] = one
            for statement in one.make():
                self._run(statement)
            plans = [plan for plan, _ in self._plans.get(name, {}).values()]
            if plans or one.there:
                self._run(one.find_ids(plans))
            self._analyze(one, "ids")
            if one.there:
                self._run(one.take_before())
                self._run(one.take_held())
            for plan in plans:
                self._run(one.take_came(plan, ours=True))
            self._analyze(one, "before")
            self._analyze(one, "came")

    def _compared_table(self, name: str) -> Compared:
        """Put together what all slips know of a table, the latest last; as it is filled now comes first."""
        plans = [plan for plan, _ in self._plans.get(name, {}).values()]
        everybody = [table for slip in self.slips.values() for table in slip.targets if table.qualified == name]
        table = (plans or everybody)[-1]
        found = self.conn.execute(_TARGETS["columns"], {"schema": table.schema, "name": table.name}).fetchall()
        there = frozenset(column for column, _ in found)
        kinds = compared_columns([*everybody, *plans])
        # What a slip once filled may be there no more.
        kept = {column: kind for column, kind in kinds.items() if column in there or any(_fills(plan, column) for plan in plans)}
        return Compared(len(self._compared), table, there, tuple(kept), kinds)

    def _is_owner(self, one: Compared) -> bool:
        return one.table.kind is not Kind.SET

    def _has_vacant(self, one: Compared) -> bool:
        if not one.there:
            return False
        found = sql.SQL("SELECT EXISTS ({})").format(one.find_vacant())
        return self.conn.execute(found, {}).fetchone() == (True,)

    def _compare_sets(self) -> None:
        """Lay keyless children beside those that are there, parents before children."""
        owners = dict(self._compared)
        waiting = self._sets(owners)
        while waiting:
            ready = [name for name, places in waiting.items() if all(parent not in waiting for _, parent in places)]
            for name in ready or list(waiting):
                self._compare_set(name, waiting.pop(name), owners)

    def _sets(self, owners: Mapping[str, Compared]) -> dict[str, set[tuple[str, str]]]:
        """Find the sets that hang on the rows of owners: per table its owners and parents."""
        found: dict[str, set[tuple[str, str]]] = {}
        for slip in self.slips.values():
            for table in slip.targets:
                owner = table.owner or slip.root.qualified
                if table.kind is Kind.SET and table.parent is not None and owner in owners:
                    found.setdefault(table.qualified, set()).add((owner, table.parent))
        return found

    def _compare_set(self, name: str, places: Iterable[tuple[str, str]], owners: Mapping[str, Compared]) -> None:
        one = self._compared_table(name)
        self._compared[name] = one
        for statement in one.make():
            self._run(statement)
        if one.there:
            above: list[sql.Composable] = []
            for owner, parent in sorted(places):
                if parent == owner:
                    above.append(owners[owner].open_ids())
                elif parent in self._compared:
                    above.append(sql.SQL("SELECT _id FROM {}").format(self._compared[parent].own("before")))
            self._run(one.take_set_before(above))
        for plan, owner in self._plans.get(name, {}).values():
            if owner in owners:
                self._run(one.take_set_after(plan, owners[owner]))
        self._analyze(one, "before")
        self._analyze(one, "after")

    def _change(self, one: Compared, hidden: frozenset[str]) -> TableChange:
        added, changed, removed, unchanged, taken_over = self.conn.execute(one.compare(), {}).fetchone() or (0,) * 5
        examples = self.conn.execute(one.examples(_EXAMPLES), {}).fetchall() if changed else []
        return TableChange(
            one.table.qualified,
            bool(one.there),
            tuple(name for name in one.columns if one.there and name not in one.there),
            added,
            changed,
            removed,
            unchanged,
            taken_over,
            tuple(_example(one, row, hidden) for row in examples),
        )

    def _analyze(self, one: Compared, what: str) -> None:
        self._run(sql.SQL("ANALYZE {}").format(one.own(what)))

    def _run(self, statement: bytes | sql.Composed, given: Mapping[str, Any] | None = None) -> None:
        self.conn.execute(statement, given or {})


def _fills(table: Table, name: str) -> bool:
    return any(name == column for column, _ in table.copied)


def _example(one: Compared, row: Sequence[Any], hidden: frozenset[str]) -> Example:
    found, half = row[0], len(one.columns)
    before, after = row[1 : 1 + half], row[1 + half :]
    changes: dict[str, tuple[str | None, str | None]] = {}
    key: dict[str, str | None] = {}
    for name, was, now in zip(one.columns, before, after, strict=True):
        shown = ("…", "…") if name in hidden else (was, now)
        if was != now:
            changes[name] = shown
        if name in one.table.key:
            key[name] = shown[1]
    return Example(str(found), key, changes)
