"""What a replay would change, found by comparison: what the chosen rows would make is laid beside what is there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.slips.model.slip import Slip
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.replay.differences import Group, TableChange
from etl_actors.store.replay.preview import Preview
from etl_actors.store.replay.preview_owners import (
    clear_after,
    decide,
    decide_columns,
    drop_owners_among_losers,
    find_ids,
    find_vacant,
    mark_winners,
    open_ids,
    take_after_apart,
    take_before,
    take_came,
    take_held,
)
from etl_actors.store.replay.preview_sets import take_set_after, take_set_before
from etl_actors.store.replay.preview_table import Compared, compared_columns, example_of
from etl_actors.store.replay.preview_twins import remove_beaten, share_ids, tombstones_of, twins

__all__ = ["Comparison"]

_SQL = queries("replay_preview")
_TARGETS = queries("targets")
_EXAMPLES = 5


@dataclass(slots=True)
class Comparison:
    """The comparing of one dry run, table by table.

    Args:
        conn: of the preview.
        preview: its rows, once the chosen ones are taken.
        slips: all that may fill a table: those stored and those that are to be in force, by digest.
    """

    conn: Connection
    preview: Preview
    slips: Mapping[str, Slip]
    _compared: dict[str, Compared] = field(default_factory=dict, init=False)
    _filled: frozenset[str] = field(default=frozenset(), init=False)  # tables that a former version of theirs filled by columns
    _wanted: frozenset[str] = field(default=frozenset(), init=False)  # tables that the chosen rows fill

    def losers(self, most: int) -> tuple[tuple[Group, ...], int]:
        """Lay what the chosen rows would make beside what is there, and find who may win what they would let go.

        Args:
            most: how many documents at most, at random.

        Returns:
            The documents to be parsed and taken, by the version that settled them, and how many there are.
        """
        self._wanted = frozenset(self.preview.plans)
        self._run(_SQL["make_losers"])
        self._compare_owners()
        vacant = {name for name, one in self._compared.items() if one.is_owner and self._has_vacant(one)}
        vacant |= {other.table.qualified for one, other in twins(self._compared) if one.table.qualified in vacant}
        by_root: dict[tuple[str, ...], list[str]] = {}
        digests: list[str] = []
        for digest, slip in self.slips.items():
            fills = [table for table in slip.targets if table.qualified in vacant]
            if fills:
                digests.append(digest)
                if {table.kind for table in fills} <= {Kind.ROOT, Kind.TOMBSTONE}:
                    by_root.setdefault(tuple(table.qualified for table in fills), []).append(digest)
        if not digests:
            return (), 0
        self._run(_SQL["find_losers"], {"digests": digests})
        for names, ours in by_root.items():
            for name in names:
                self._run(drop_owners_among_losers(self._compared[name]), {"digests": ours})
        count = self.conn.execute(_SQL["count_losers"]).fetchone()
        found = self.conn.execute(_SQL["some_losers"], {"most": most}).fetchall()
        groups = tuple(Group("", None, digest, tuple(row_ids)) for digest, row_ids in found)
        return groups, 0 if count is None else int(count[0])

    def changes(self, hidden: Mapping[str, frozenset[str]]) -> list[TableChange]:
        """Decide who would win, and count how each table would differ.

        Args:
            hidden: per table the columns whose values are not shown.
        """
        owners = [one for one in self._compared.values() if one.is_owner]
        for one in owners:
            plans = self._plans(one)
            fillers = self._fillers(one)
            for plan in plans:
                self._run(take_came(one, plan, ours=False), {"fillers": fillers})
            self._run(decide(one))
            if fillers:
                self._refill(one, plans, fillers)
            self._analyze(one, "after")
        for one, other in twins(self._compared):
            self._run(remove_beaten(one, other))
        for one in owners:
            if one.table.kind in (Kind.ROOT, Kind.TOMBSTONE):
                self._run(mark_winners(one))
        self._compare_sets()
        return [self._change(one, hidden.get(one.table.qualified, frozenset())) for one in self._compared.values()]

    def _refill(self, one: Compared, plans: Iterable[Table], fillers: list[str]) -> None:
        """Let others fill, by their older versions, rows that are to win as a whole from now on: so the replay does, at its end."""
        self._run(take_after_apart(one))
        for plan in plans:
            self._run(take_came(one, plan, ours=False, filling=True), {"fillers": fillers})
        self._run(clear_after(one))
        self._run(decide_columns(one))

    def _fillers(self, one: Compared) -> list[str]:
        """Find the versions that fill a table column by column, where a row is to win as a whole from now on."""
        if not one.was_filled:
            return []
        fills = (one.table.qualified, Policy.FILL)
        return [digest for digest, slip in self.slips.items() if fills in {(t.qualified, t.policy) for t in slip.targets}]

    def _compare_owners(self) -> None:
        former = {digest for (digest,) in self.conn.execute(_SQL["former_digests"])}
        made = [table for digest in former if digest in self.slips for table in self.slips[digest].targets]
        wanted = {table.qualified for table in made} | self.preview.plans.keys()
        wanted |= set(tombstones_of(wanted, self.slips.values()))
        self._filled = frozenset(table.qualified for table in made if table.policy is Policy.FILL and table.kind is not Kind.SET)
        for name in sorted(wanted):
            one = self._compared_table(name)
            if not one.is_owner or not (one.there or name in self.preview.plans):
                continue  # of an old version, and gone: to find winners it is not made anew
            self._compared[name] = one
            for statement in one.make():
                self._run(statement)
            plans = self._plans(one)
            if plans or one.there:
                self._run(find_ids(one, plans))
        for one, other in twins(self._compared):
            self._run(share_ids(one, other))
        for one in self._compared.values():
            plans = self._plans(one)
            self._analyze(one, "ids")
            if one.there:
                self._run(take_before(one))
                self._run(take_held(one))
            for plan in plans:
                self._run(take_came(one, plan, ours=True), {"fillers": []})
            self._analyze(one, "before")
            self._analyze(one, "came")

    def _plans(self, one: Compared) -> list[Table]:
        return [plan for plan, _ in self.preview.plans.get(one.table.qualified, {}).values()]

    def _compared_table(self, name: str) -> Compared:
        """Put together what all slips know of a table, the latest last; as it is filled now comes first."""
        plans = [plan for plan, _ in self.preview.plans.get(name, {}).values()]
        everybody = [table for slip in self.slips.values() for table in slip.targets if table.qualified == name]
        table = (plans or everybody)[-1]
        found = self.conn.execute(_TARGETS["columns"], {"schema": table.schema, "name": table.name}).fetchall()
        there = frozenset(column for column, _ in found)
        kinds = compared_columns([*everybody, *plans])
        # What a slip once filled may be there no more.
        kept = {column: kind for column, kind in kinds.items() if column in there or any(_fills(plan, column) for plan in plans)}
        always = {*table.identity, *(column.name for each in (*everybody, *plans) for column in each.columns if not column.null)}
        return Compared(len(self._compared), table, there, tuple(kept), kinds, frozenset(always), filled=name in self._filled)

    def _has_vacant(self, one: Compared) -> bool:
        if not one.there:
            return False
        found = sql.SQL("SELECT EXISTS ({})").format(find_vacant(one))
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
        if not one.there and name not in self._wanted:
            return
        self._compared[name] = one
        for statement in one.make():
            self._run(statement)
        if one.there:
            above: list[sql.Composable] = []
            for owner, parent in sorted(places):
                if parent == owner:
                    above.append(open_ids(owners[owner]))
                elif parent in self._compared:
                    above.append(sql.SQL("SELECT _id FROM {}").format(self._compared[parent].own("before")))
            self._run(take_set_before(one, above))
        for plan, owner in self.preview.plans.get(name, {}).values():
            if owner in owners:
                self._run(take_set_after(one, plan, owners[owner]))
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
            tuple(example_of(one, row, hidden) for row in examples),
        )

    def _analyze(self, one: Compared, what: str) -> None:
        self._run(sql.SQL("ANALYZE {}").format(one.own(what)))

    def _run(self, statement: bytes | sql.Composed, given: Mapping[str, Any] | None = None) -> None:
        self.conn.execute(statement, given or {})


def _fills(table: Table, name: str) -> bool:
    return any(name == column for column, _ in table.copied)
