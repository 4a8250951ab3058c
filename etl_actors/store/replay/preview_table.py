"""A target table in a dry run: its own temp tables, and how what is there differs from what would be.

Columns are compared as texts, and stand as ``c0, c1 …`` in the dry run's own tables, so that no name of theirs is in its way.
Every statement is run with parameters, if only with none: names are quoted so that a percent sign in them is no parameter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from etl_actors.relational.tables import FILLED, PARENTAGE, Kind, Policy, Table
from etl_actors.store.replay.differences import Example
from etl_actors.store.tables.quoting import Quoted, listed

__all__ = ["CHOSEN", "Compared", "compared_columns", "example_of"]

CHOSEN = sql.SQL("(SELECT row_id FROM pg_temp.replay_chosen)")
"""The row ids of the rows that would be replayed."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One target table, as everybody fills it.

    Args:
        number: names its tables in pg_temp.
        table: as a slip fills it that is asked now.
        there: the columns that it has in the database; none where it is not there.
        columns: that are compared, in order: those of all slips that ever filled it, and of children their place.
        kinds: the type of each column, by name.
        always: columns that are never null: they stay as long as any giver of a filled row is left.
        filled: whether a version that settled a chosen row filled it column by column.
    """

    number: int
    table: Table
    there: frozenset[str]
    columns: tuple[str, ...]
    kinds: dict[str, str] = field(default_factory=dict)
    always: frozenset[str] = frozenset()
    filled: bool = False

    def own(self, what: str) -> sql.Composable:
        """Name one of its tables in pg_temp: ids, before, came, after."""
        return Quoted("pg_temp", f"replay_{what}_{self.number}")

    def make(self) -> list[sql.Composed]:
        """Make its tables, a statement each."""
        values = [sql.SQL("{} text").format(value) for value in self.values()]
        newest = sql.SQL(self.kinds[self.table.newest] if self.by_newest else "text")
        head = [sql.SQL("_id uuid, _row_id bigint, _pos int, _newest {}, ours boolean, held boolean").format(newest)]
        made = [
            sql.SQL("CREATE TEMP TABLE {} ({})").format(Quoted(f"replay_{what}_{self.number}"), listed([*head, *values]))
            for what in ("before", "came", "after")
        ]
        ids = sql.SQL("CREATE TEMP TABLE {} (_id uuid PRIMARY KEY)").format(Quoted(f"replay_ids_{self.number}"))
        return [ids, *made]

    def compare(self) -> sql.Composed:
        """Count rows that are added, changed, removed, the same, and those that another document takes over."""
        return sql.SQL(
            "SELECT count(*) FILTER (WHERE b._id IS NULL), count(*) FILTER (WHERE {differs}), count(*) FILTER (WHERE a._id IS NULL), "
            "count(*) FILTER (WHERE a._id IS NOT NULL AND b._id IS NOT NULL AND NOT {differs}), "
            "count(*) FILTER (WHERE b.ours AND NOT a.ours AND NOT a.held) {from_}"
        ).format(differs=self._differs(), from_=self.joined())

    def examples(self, most: int) -> sql.Composed:
        """Show rows that change: identity, then the columns before, then after."""
        sides = [sql.SQL("{}.{}").format(Quoted(side), value) for side in "ba" for value in self.values()]
        return sql.SQL("SELECT b._id, {} {} WHERE {} ORDER BY b._row_id, b._id LIMIT {}").format(
            listed(sides), self.joined(), self._differs(), sql.Literal(most)
        )

    @property
    def is_filled(self) -> bool:
        """Whether no row wins as a whole, but each column has its own giver."""
        return self.table.policy is Policy.FILL and self.is_owner

    @property
    def was_filled(self) -> bool:
        """Whether what documents gave to its rows is taken back column by column, but a row is to win as a whole now."""
        return self.filled and not self.is_filled and FILLED in self.there

    @property
    def target(self) -> sql.Composable:
        """The table itself."""
        return Quoted(self.table.schema, self.table.name)

    @property
    def is_owner(self) -> bool:
        """Whether its rows win by themselves, and do not hang on others."""
        return self.table.kind is not Kind.SET

    @property
    def by_newest(self) -> bool:
        """Whether the greatest value of a column decides."""
        return self.table.policy is Policy.NEWEST and self.is_owner

    def values(self) -> list[Quoted]:
        """Name the compared columns as they stand in its own tables."""
        return [Quoted(f"c{no}") for no in range(len(self.columns))]

    def values_of(self, names: frozenset[str]) -> sql.Composed:
        """Write the compared columns of a row ``t`` as texts, null for those that it lacks."""
        return listed(
            sql.SQL("{}::text").format(Quoted("t", name)) if name in names else sql.SQL("NULL::text") for name in self.columns
        )

    def newest_of(self, names: frozenset[str]) -> sql.Composable:
        """Write the value of a row ``t`` that decides, null where none does."""
        has = self.by_newest and self.table.newest in names
        return Quoted("t", self.table.newest) if has else sql.SQL("NULL")

    def _differs(self) -> sql.Composed:
        sides = [
            sql.SQL("ROW({})").format(listed(sql.SQL("{}.{}").format(Quoted(side), value) for value in self.values()))
            for side in "ab"
        ]
        return sql.SQL("(a._id IS NOT NULL AND b._id IS NOT NULL AND {} IS DISTINCT FROM {})").format(*sides)

    def joined(self) -> sql.Composed:
        """Lay what is there, ``b``, beside what would be, ``a``."""
        return sql.SQL("FROM {} AS b FULL JOIN {} AS a ON a._id = b._id").format(self.own("before"), self.own("after"))


def compared_columns(tables: Iterable[Table]) -> dict[str, str]:
    """Return name and type of the columns of a table that are compared."""
    found: dict[str, str] = {}
    for table in tables:
        if table.kind in (Kind.OWN, Kind.SET):
            found |= dict(PARENTAGE)
        found |= {column.name: column.type for column in table.columns}
    return found


def example_of(one: Compared, row: Sequence[Any], hidden: frozenset[str]) -> Example:
    """Tell of a row that changes.

    Args:
        one: the table.
        row: as `Compared.examples` gives it.
        hidden: columns whose values are not shown.
    """
    found, half = row[0], len(one.columns)
    before, after = row[1 : 1 + half], row[1 + half :]
    changes: dict[str, tuple[str | None, str | None]] = {}
    key: dict[str, str | None] = {}
    for name, was, now in zip(one.columns, before, after, strict=True):
        shown = ("…", "…") if name in hidden else (was, now)
        if was != now:
            changes[name] = shown
        if name in one.table.identity:
            key[name] = shown[1]
    return Example(str(found), key, changes)
