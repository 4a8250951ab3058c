"""The statements of a dry run, per table: what is there, what would come, who would win, and how the two differ.

Columns are compared as texts, and stand as ``c0, c1 …`` in the dry run's own tables, so that no name of theirs is in its way.
Every statement is run with parameters, if only with none: names are quoted so that a percent sign in them is no parameter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from psycopg import sql

from etl_actors.relational.tables import FILLED, PARENTAGE, Kind, Policy, Table
from etl_actors.store.loading.filling import giver
from etl_actors.store.tables.quoting import Quoted, listed
from etl_actors.store.tables.temps import temp_of

__all__ = ["Compared", "compared_columns"]

_TARGET, _CHOSEN = "t", sql.SQL("(SELECT row_id FROM pg_temp.replay_chosen)")


@dataclass(frozen=True, slots=True)
class Compared:
    """One target table, as everybody fills it.

    Args:
        number: names its tables in pg_temp.
        table: as a slip fills it that is asked now.
        there: the columns that it has in the database; none where it is not there.
        columns: that are compared, in order: those of all slips that ever filled it, and of children their place.
        kinds: the type of each column, by name.
    """

    number: int
    table: Table
    there: frozenset[str]
    columns: tuple[str, ...]
    kinds: dict[str, str] = field(default_factory=dict)

    def own(self, what: str) -> sql.Composable:
        """Name one of its tables in pg_temp: ids, before, came, after."""
        return Quoted("pg_temp", f"replay_{what}_{self.number}")

    def make(self) -> list[sql.Composed]:
        """Make its tables, a statement each."""
        values = [sql.SQL("{} text").format(value) for value in self._values()]
        newest = sql.SQL(self.kinds[self.table.newest] if self._by_newest else "text")
        head = [sql.SQL("_id uuid, _row_id bigint, _pos int, _newest {}, ours boolean, held boolean").format(newest)]
        made = [
            sql.SQL("CREATE TEMP TABLE {} ({})").format(Quoted(f"replay_{what}_{self.number}"), listed([*head, *values]))
            for what in ("before", "came", "after")
        ]
        ids = sql.SQL("CREATE TEMP TABLE {} (_id uuid PRIMARY KEY)").format(Quoted(f"replay_ids_{self.number}"))
        return [ids, *made]

    def find_ids(self, plans: Iterable[Table]) -> sql.Composed:
        """Find the identities that the chosen rows have had, or would have."""
        parts = [
            sql.SQL("SELECT _id FROM {} WHERE _row_id IN {}").format(Quoted("pg_temp", temp_of(plan)), _CHOSEN) for plan in plans
        ]
        if self.there:
            parts.append(sql.SQL("SELECT _id FROM {} WHERE _row_id IN {}").format(self._target, _CHOSEN))
        if self._is_filled:
            parts.append(
                sql.SQL(
                    "SELECT _id FROM {} WHERE _filled IS NOT NULL AND EXISTS "
                    "(SELECT FROM unnest(etl.givers(_filled)) AS g (row_id) JOIN pg_temp.replay_chosen USING (row_id))"
                ).format(self._target)
            )
        return sql.SQL("INSERT INTO {} {} ON CONFLICT DO NOTHING").format(self.own("ids"), sql.SQL(" UNION ").join(parts))

    def take_before(self) -> sql.Composed:
        """Take the rows that are there."""
        return sql.SQL(
            "INSERT INTO {} SELECT t._id, t._row_id, 0, {newest}, t._row_id IN {chosen}, true, {values} FROM {target} AS t "
            "JOIN {ids} USING (_id)"
        ).format(
            self.own("before"),
            newest=self._newest_of(_TARGET, self.there),
            chosen=_CHOSEN,
            values=self._values_of(_TARGET, self.there),
            target=self._target,
            ids=self.own("ids"),
        )

    def take_held(self, *, ours: bool = False) -> sql.Composed:
        """Take what others have given to the rows that are there, or what the chosen rows have: a row each that gave anything."""
        among = sql.SQL("IN" if ours else "NOT IN")
        if not self._is_filled:
            return sql.SQL("INSERT INTO {} SELECT * FROM {} WHERE _row_id {} {}").format(
                self.own("came"), self.own("before"), among, _CHOSEN
            )
        return sql.SQL("INSERT INTO {} {}").format(self.own("came"), self._given(among))

    def take_came(self, plan: Table, *, ours: bool) -> sql.Composed:
        """Take what documents would give.

        Args:
            plan: as their slip fills the table.
            ours: those of the chosen rows; else those of all others.
        """
        names = frozenset(name for name, _ in plan.copied)
        position = sql.SQL("t._pos") if "_pos" in names else sql.SQL("0")
        return sql.SQL(
            "INSERT INTO {} SELECT t._id, t._row_id, {position}, {newest}, {ours}, false, {values} FROM {temp} AS t "
            "JOIN {ids} USING (_id) WHERE t._row_id {among} {chosen}"
        ).format(
            self.own("came"),
            position=position,
            newest=self._newest_of(_TARGET, names),
            ours=sql.Literal(ours),
            values=self._values_of(_TARGET, names),
            temp=Quoted("pg_temp", temp_of(plan)),
            ids=self.own("ids"),
            among=sql.SQL("IN" if ours else "NOT IN"),
            chosen=_CHOSEN,
        )

    def find_vacant(self) -> sql.Composed:
        """Find identities that the chosen rows had and would let go, or have by a weaker row: others may win them."""
        if self._is_filled:
            again = [sql.SQL("AND (w.{0} IS NULL OR c.{0} IS NOT NULL)").format(value) for value in self._values()]
            return sql.SQL(
                "SELECT DISTINCT w._id FROM ({was}) AS w WHERE NOT EXISTS "
                "(SELECT FROM {came} AS c WHERE c._id = w._id AND c._row_id = w._row_id AND c.ours {again})"
            ).format(was=self._given(sql.SQL("IN")), came=self.own("came"), again=sql.SQL(" ").join(again))
        return sql.SQL(
            "SELECT b._id FROM {before} AS b WHERE b.ours AND NOT EXISTS "
            "(SELECT FROM {came} AS c WHERE c._id = b._id AND c.ours AND {strong})"
        ).format(before=self.own("before"), came=self.own("came"), strong=self._strong())

    def decide(self) -> sql.Composed:
        """Decide who would win each identity, or under FILL each of its columns."""
        if self.table.policy is Policy.FILL:
            first = [
                sql.SQL("(array_agg({0} ORDER BY _row_id, held DESC, _pos) FILTER (WHERE {0} IS NOT NULL))[1]").format(value)
                for value in self._values()
            ]
            return sql.SQL(
                "INSERT INTO {} SELECT _id, min(_row_id), 0, NULL, bool_or(ours), bool_and(held), {} FROM {} GROUP BY _id"
            ).format(self.own("after"), listed(first), self.own("came"))
        way = "" if self.table.policy is Policy.IGNORE else " DESC"
        newest = sql.SQL("_newest{} DESC NULLS LAST, ").format(self._collated) if self._by_newest else sql.SQL("")
        order = sql.SQL("_id, {0}_row_id{1}, held DESC, _pos{1}").format(newest, sql.SQL(way))
        return sql.SQL("INSERT INTO {} SELECT DISTINCT ON (_id) * FROM {} ORDER BY {}").format(
            self.own("after"), self.own("came"), order
        )

    def compare(self) -> sql.Composed:
        """Count rows that are added, changed, removed, the same, and those that another document takes over."""
        return sql.SQL(
            "SELECT count(*) FILTER (WHERE b._id IS NULL), count(*) FILTER (WHERE {differs}), count(*) FILTER (WHERE a._id IS NULL), "
            "count(*) FILTER (WHERE a._id IS NOT NULL AND b._id IS NOT NULL AND NOT {differs}), "
            "count(*) FILTER (WHERE b.ours AND NOT a.ours AND NOT a.held) {from_}"
        ).format(differs=self._differs(), from_=self._joined())

    def examples(self, most: int) -> sql.Composed:
        """Show rows that change: identity, then the columns before, then after."""
        sides = [sql.SQL("{}.{}").format(Quoted(side), value) for side in "ba" for value in self._values()]
        return sql.SQL("SELECT b._id, {} {} WHERE {} ORDER BY b._row_id, b._id LIMIT {}").format(
            listed(sides), self._joined(), self._differs(), sql.Literal(most)
        )

    def take_set_before(self, parents: Iterable[sql.Composable]) -> sql.Composed:
        """Take the keyless children that lie below some rows: each a statement of their identities."""
        above = sql.SQL(" UNION ").join(parents)
        return sql.SQL(
            "INSERT INTO {} SELECT t._id, t._row_id, 0, NULL, t._row_id IN {}, true, {} FROM {} AS t WHERE t._parent_id IN ({})"
        ).format(self.own("before"), _CHOSEN, self._values_of(_TARGET, self.there), self._target, above)

    def take_set_after(self, plan: Table, owner: "Compared") -> sql.Composed:
        """Take the keyless children that would land with rows that would win."""
        names = frozenset(name for name, _ in plan.copied)
        place = "t._root_id = w._id" if plan.owner is None else "t._owner_pos = w._pos"
        return sql.SQL(
            "INSERT INTO {} SELECT t._id, t._row_id, 0, NULL, w.ours, false, {} FROM {} AS t JOIN {} AS w "
            "ON w._row_id = t._row_id AND NOT w.held AND {}"
        ).format(
            self.own("after"),
            self._values_of(_TARGET, names),
            Quoted("pg_temp", temp_of(plan)),
            owner.own("after"),
            sql.SQL(place),
        )

    def open_ids(self) -> sql.Composed:
        """Write the identities whose row is replaced or goes, so that what lies below it goes too."""
        return sql.SQL("SELECT b._id {} WHERE b._id IS NOT NULL AND (a._id IS NULL OR NOT a.held)").format(self._joined())

    def winners(self) -> sql.Composed:
        """Mark the chosen rows whose row wins as loaded."""
        return sql.SQL(
            "UPDATE pg_temp.replay_chosen AS c SET after = 'l' FROM {} AS a WHERE a._row_id = c.row_id AND a.ours"
        ).format(self.own("after"))

    def drop_owners_among_losers(self) -> sql.Composed:
        """Leave out those who hold a row of it already: a document has one root row."""
        return sql.SQL(
            "DELETE FROM pg_temp.replay_loser AS l WHERE l.digest = ANY (%(digests)s) "
            "AND EXISTS (SELECT FROM {} AS t WHERE t._row_id = l.row_id)"
        ).format(self._target)

    @property
    def _is_filled(self) -> bool:
        return self.table.policy is Policy.FILL and self.table.kind is not Kind.SET and FILLED in self.there

    @property
    def _target(self) -> sql.Composable:
        return Quoted(self.table.schema, self.table.name)

    @property
    def _by_newest(self) -> bool:
        return self.table.policy is Policy.NEWEST and self.table.kind is not Kind.SET

    @property
    def _collated(self) -> sql.SQL:
        """Texts are told apart by their bytes, whatever the database's locale."""
        return sql.SQL(' COLLATE "C"' if self.kinds[self.table.newest].startswith("text") else "")

    def _values(self) -> list[Quoted]:
        return [Quoted(f"c{no}") for no in range(len(self.columns))]

    def _values_of(self, side: str, names: frozenset[str]) -> sql.Composed:
        return listed(
            sql.SQL("{}::text").format(Quoted(side, name)) if name in names else sql.SQL("NULL::text") for name in self.columns
        )

    def _newest_of(self, side: str, names: frozenset[str]) -> sql.Composable:
        has = self._by_newest and self.table.newest in names
        return Quoted(side, self.table.newest) if has else sql.SQL("NULL")

    def _given(self, among: sql.Composable) -> sql.Composed:
        """Write what each giver of a filled row has given it."""
        values = [
            sql.SQL("CASE WHEN {} = g.row_id THEN {}::text END AS {}").format(giver(_TARGET, name), Quoted(_TARGET, name), value)
            if name in self.there
            else sql.SQL("NULL::text AS {}").format(value)
            for name, value in zip(self.columns, self._values(), strict=True)
        ]
        return sql.SQL(
            "SELECT t._id, g.row_id AS _row_id, 0, NULL, false, true, {values} FROM {target} AS t JOIN {ids} USING (_id), LATERAL "
            "(SELECT t._row_id AS row_id UNION SELECT unnest(etl.givers(t._filled))) AS g WHERE g.row_id {among} {chosen}"
        ).format(values=listed(values), target=self._target, ids=self.own("ids"), among=among, chosen=_CHOSEN)

    def _strong(self) -> sql.Composable:
        match self.table.policy:
            case Policy.IGNORE:
                return sql.SQL("c._row_id <= b._row_id")
            case Policy.NEWEST:
                return sql.SQL(
                    "(c._newest{0} > b._newest OR (c._newest IS NOT NULL AND b._newest IS NULL) "
                    "OR (c._newest IS NOT DISTINCT FROM b._newest AND c._row_id >= b._row_id))"
                ).format(self._collated)
            case _:
                return sql.SQL("c._row_id >= b._row_id")

    def _differs(self) -> sql.Composed:
        sides = [
            sql.SQL("ROW({})").format(listed(sql.SQL("{}.{}").format(Quoted(side), value) for value in self._values()))
            for side in "ab"
        ]
        return sql.SQL("(a._id IS NOT NULL AND b._id IS NOT NULL AND {} IS DISTINCT FROM {})").format(*sides)

    def _joined(self) -> sql.Composed:
        return sql.SQL("FROM {} AS b FULL JOIN {} AS a ON a._id = b._id").format(self.own("before"), self.own("after"))


def compared_columns(tables: Iterable[Table]) -> dict[str, str]:
    """Return name and type of the columns of a table that are compared."""
    found: dict[str, str] = {}
    for table in tables:
        if table.kind in (Kind.OWN, Kind.SET):
            found |= dict(PARENTAGE)
        found |= {column.name: column.type for column in table.columns}
    return found
