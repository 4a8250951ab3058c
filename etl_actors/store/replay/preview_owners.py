"""The statements of a dry run for tables whose rows win by themselves: what is there, what would come, and who would win."""

from collections.abc import Iterable

from psycopg import sql

from etl_actors.relational.tables import FILLED, Table
from etl_actors.store.loading.filling import giver
from etl_actors.store.loading.winners import ordered, wins
from etl_actors.store.replay.preview_table import CHOSEN, Compared
from etl_actors.store.tables.quoting import Quoted, listed
from etl_actors.store.tables.temps import temp_of

__all__ = [
    "clear_after",
    "decide",
    "decide_columns",
    "drop_owners_among_losers",
    "find_ids",
    "find_vacant",
    "mark_winners",
    "open_ids",
    "take_after_apart",
    "take_before",
    "take_came",
    "take_held",
]


def find_ids(one: Compared, plans: Iterable[Table]) -> sql.Composed:
    """Find the identities that the chosen rows have had, or would have."""
    parts = [sql.SQL("SELECT _id FROM {} WHERE _row_id IN {}").format(Quoted("pg_temp", temp_of(plan)), CHOSEN) for plan in plans]
    if one.there:
        parts.append(sql.SQL("SELECT _id FROM {} WHERE _row_id IN {}").format(one.target, CHOSEN))
    if FILLED in one.there:
        parts.append(
            sql.SQL(
                "SELECT _id FROM {} WHERE _filled IS NOT NULL AND EXISTS "
                "(SELECT FROM unnest(etl.givers(_filled)) AS g (row_id) JOIN pg_temp.replay_chosen USING (row_id))"
            ).format(one.target)
        )
    return sql.SQL("INSERT INTO {} {} ON CONFLICT DO NOTHING").format(one.own("ids"), sql.SQL(" UNION ").join(parts))


def take_before(one: Compared) -> sql.Composed:
    """Take the rows that are there."""
    return sql.SQL(
        "INSERT INTO {} SELECT t._id, t._row_id, 0, {newest}, t._row_id IN {chosen}, true, {values} FROM {target} AS t "
        "JOIN {ids} USING (_id)"
    ).format(
        one.own("before"),
        newest=one.newest_of(one.there),
        chosen=CHOSEN,
        values=one.values_of(one.there),
        target=one.target,
        ids=one.own("ids"),
    )


def take_held(one: Compared) -> sql.Composed:
    """Take what others have given to the rows that are there: a row each that gave anything."""
    others = sql.SQL("NOT IN")
    if one.is_filled:
        return sql.SQL("INSERT INTO {} {}").format(one.own("came"), _given(one, others))
    if one.was_filled:
        return sql.SQL("INSERT INTO {} {}").format(one.own("came"), _merged(one, _given(one, others)))
    return sql.SQL("INSERT INTO {} SELECT * FROM {} WHERE _row_id {} {}").format(
        one.own("came"), one.own("before"), others, CHOSEN
    )


def take_came(one: Compared, plan: Table, *, ours: bool, filling: bool = False) -> sql.Composed:
    """Take what documents would give.

    Args:
        one: the table.
        plan: as their slip fills it.
        ours: those of the chosen rows; else those of others.
        filling: of the others, those whose version fills the table column by column; else all the rest.

    Takes ``fillers`` (text[]): digests of the versions that fill it column by column, where a row is to win as a whole now.
    """
    names = frozenset(name for name, _ in plan.copied)
    position = sql.SQL("t._pos") if "_pos" in names else sql.SQL("0")
    return sql.SQL(
        "INSERT INTO {} SELECT t._id, t._row_id, {position}, {newest}, {ours}, false, {values} FROM {temp} AS t "
        "JOIN {ids} USING (_id) WHERE t._row_id {among} {chosen} AND {filling} = EXISTS "
        "(SELECT FROM pg_temp.replay_loser AS l WHERE l.row_id = t._row_id AND l.digest = ANY (%(fillers)s::text[])){vacant}"
    ).format(
        one.own("came"),
        position=position,
        newest=one.newest_of(names),
        ours=sql.Literal(ours),
        values=one.values_of(names),
        temp=Quoted("pg_temp", temp_of(plan)),
        ids=one.own("ids"),
        among=sql.SQL("IN" if ours else "NOT IN"),
        chosen=CHOSEN,
        filling=sql.Literal(filling),
        # Who is found at a replay's end lands only where something was vacated, and would fill other rows, too.
        vacant=sql.SQL(" AND t._id IN ({})").format(find_vacant(one)) if filling else sql.SQL(""),
    )


def find_vacant(one: Compared) -> sql.Composed:
    """Find identities that the chosen rows had and would let go, or have by a weaker row: others may win them."""
    if one.was_filled:
        return sql.SQL("SELECT DISTINCT w._id FROM ({}) AS w").format(_given(one, sql.SQL("IN")))
    if one.is_filled:
        again = [sql.SQL("AND (w.{0} IS NULL OR c.{0} IS NOT NULL)").format(value) for value in one.values()]
        return sql.SQL(
            "SELECT DISTINCT w._id FROM ({was}) AS w WHERE NOT EXISTS "
            "(SELECT FROM {came} AS c WHERE c._id = w._id AND c._row_id = w._row_id AND c.ours {again})"
        ).format(was=_given(one, sql.SQL("IN")), came=one.own("came"), again=sql.SQL(" ").join(again))
    return sql.SQL(
        "SELECT b._id FROM {before} AS b WHERE b.ours AND NOT EXISTS "
        "(SELECT FROM {came} AS c WHERE c._id = b._id AND c.ours AND {strong})"
    ).format(before=one.own("before"), came=one.own("came"), strong=wins(one.table, "c", "b", newest="_newest", or_same=True))


def decide(one: Compared) -> sql.Composed:
    """Decide who would win each identity, or under FILL each of its columns."""
    if one.is_filled:
        return decide_columns(one)
    order = ordered(one.table, newest="_newest", held="held")
    return sql.SQL("INSERT INTO {} SELECT DISTINCT ON (_id) * FROM {} ORDER BY _id, {}").format(
        one.own("after"), one.own("came"), order
    )


def decide_columns(one: Compared) -> sql.Composed:
    """Give each column its first value, by row id."""
    return sql.SQL("INSERT INTO {} {}").format(
        one.own("after"), _merged(one, sql.SQL("SELECT * FROM {}").format(one.own("came")))
    )


def take_after_apart(one: Compared) -> sql.Composed:
    """Put what would win as a whole in the place of what came, and of rows that stay what each of their givers gave."""
    return sql.SQL(
        "WITH gone AS (DELETE FROM {came}) INSERT INTO {came} SELECT * FROM {after} WHERE NOT held "
        "UNION ALL SELECT g.* FROM ({given}) AS g WHERE EXISTS (SELECT FROM {after} AS a WHERE a._id = g._id AND a.held)"
    ).format(came=one.own("came"), after=one.own("after"), given=_given(one, sql.SQL("NOT IN")))


def clear_after(one: Compared) -> sql.Composed:
    """Decide anew."""
    return sql.SQL("DELETE FROM {}").format(one.own("after"))


def open_ids(one: Compared) -> sql.Composed:
    """Write the identities whose row is replaced or goes, so that what lies below it goes too."""
    return sql.SQL("SELECT b._id {} WHERE b._id IS NOT NULL AND (a._id IS NULL OR NOT a.held)").format(one.joined())


def mark_winners(one: Compared) -> sql.Composed:
    """Mark the chosen rows whose row wins as loaded."""
    return sql.SQL("UPDATE pg_temp.replay_chosen AS c SET after = 'l' FROM {} AS a WHERE a._row_id = c.row_id AND a.ours").format(
        one.own("after")
    )


def drop_owners_among_losers(one: Compared) -> sql.Composed:
    """Leave out those who hold a row of it already: a document has one root row."""
    return sql.SQL(
        "DELETE FROM pg_temp.replay_loser AS l WHERE l.digest = ANY (%(digests)s) "
        "AND EXISTS (SELECT FROM {} AS t WHERE t._row_id = l.row_id)"
    ).format(one.target)


def _merged(one: Compared, rows: sql.Composable) -> sql.Composed:
    first = [
        sql.SQL("(array_agg({0} ORDER BY _row_id, held DESC, _pos) FILTER (WHERE {0} IS NOT NULL))[1]").format(value)
        for value in one.values()
    ]
    return sql.SQL("SELECT _id, min(_row_id), 0, {}, bool_or(ours), bool_and(held), {} FROM ({}) AS r GROUP BY _id").format(
        sql.SQL("(array_agg(_newest))[1]"), listed(first), rows
    )


def _given(one: Compared, among: sql.Composable) -> sql.Composed:
    """Write what each giver of a filled row has given it."""
    recorded = FILLED in one.there  # not in a table that is filled column by column from now on only
    values: list[sql.Composable] = []
    for name, value in zip(one.columns, one.values(), strict=True):
        if name not in one.there:
            values.append(sql.SQL("NULL::text AS {}").format(value))
        elif name in one.always:
            values.append(sql.SQL("{}::text AS {}").format(Quoted("t", name), value))
        else:
            who = giver("t", name) if recorded else Quoted("t", "_row_id")
            values.append(sql.SQL("CASE WHEN {} = g.row_id THEN {}::text END AS {}").format(who, Quoted("t", name), value))
    return sql.SQL(
        "SELECT t._id, g.row_id AS _row_id, 0 AS _pos, {newest} AS _newest, false AS ours, true AS held, {values} FROM {target} AS t JOIN {ids} USING (_id), LATERAL "
        "(SELECT t._row_id AS row_id{more}) AS g WHERE g.row_id {among} {chosen}"
    ).format(
        newest=one.newest_of(one.there),
        values=listed(values),
        target=one.target,
        ids=one.own("ids"),
        more=sql.SQL(" UNION SELECT unnest(etl.givers(t._filled))" if recorded else ""),
        among=among,
        chosen=CHOSEN,
    )
