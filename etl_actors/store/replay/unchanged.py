"""Which documents of a replay's batch would change nothing: they are settled without being landed, and only the others are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from psycopg import sql

from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.breakout.varying import entities_of
from etl_actors.store.database import Connection
from etl_actors.store.loading.landing import filled_tables
from etl_actors.store.loading.winners import landed_columns, wins
from etl_actors.store.replay.landing import Former
from etl_actors.store.replay.sets import same_image, with_other_sets
from etl_actors.store.tables.kin import Kin
from etl_actors.store.tables.quoting import Quoted, listed, names
from etl_actors.store.tables.temps import temp_of

__all__ = ["Unchanged", "only", "unchanged"]


@dataclass(slots=True)
class Unchanged:
    """What is as it was, by row ids.

    Args:
        winners: documents whose root row is there, the same, with all that belongs to it.
        differing: documents that lose their root's `_id`, as ever, to a row with other values.
        others: all that may change something.
    """

    winners: set[int] = field(default_factory=set)
    differing: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)


def unchanged(conn: Connection, row_ids: Sequence[int], parsed: Parsed, kin: Kin, former: Former) -> Unchanged | None:
    """Hold a batch against what is there, and find the documents that would change nothing of it, whoever else of the batch does.

    An identity is as it was if the row that is there stays: one of the batch, the very same, or another document's to which all of
    the batch lose that want it. A document is if all its identities are, if it has no other rows, and its sets are the same. So all that
    want an identity that may change are among the others, and by landing these alone the same comes of it.

    Args:
        conn: in the load's transaction, after the copy.
        row_ids: of the batch, ascending.
        parsed: the batch.
        kin: what else belongs to its tables.
        former: where its rows may have put something before.

    Returns:
        None where the tables are such that this is not asked.
    """
    tables = filled_tables(parsed)
    if not _may_be_asked(parsed, kin, former):
        return None
    given = {"rows": list(row_ids), "lo": row_ids[0], "hi": row_ids[-1]}
    run = row_ids[-1] - row_ids[0] + 1 == len(row_ids)
    root = tables[0]
    found = Unchanged()
    for table in (table for table in tables if table.kind is not Kind.SET):
        statement = _compared(table, kin.columns[table.qualified], run=run)
        row = conn.execute(statement, given).fetchone() or (None,) * 3
        same, differing, others = (set(ids or ()) for ids in row)
        found.others |= others
        if table is root:
            found.winners, found.differing = same, differing
    own = {table.qualified for table in tables}
    for table in (table for name, table in former.tables.items() if name not in own):
        found.others |= {row_id for (row_id,) in conn.execute(_holders(table, run=run), given)}
    found.winners -= found.others
    sets = kin.sets.get(root.qualified, ())
    if sets and found.winners:
        found.others |= with_other_sets(conn, parsed, root, sets, sorted(found.winners), same_image)
        found.winners -= found.others
    found.differing -= found.others
    return found


def only(parsed: Parsed, row_ids: Collection[int]) -> Parsed:
    """Leave of a batch's rows those of some documents."""
    return replace(parsed, blocks=tuple(_cut(block, row_ids) for block in parsed.blocks))


def _cut(block: Block, row_ids: Collection[int]) -> Block:
    rows, wanted = block.each(), {block.mark(row_id) for row_id in row_ids}
    return block.having([row for row, mark in zip(rows, block.marks(rows), strict=True) if mark in wanted])


def _may_be_asked(parsed: Parsed, kin: Kin, former: Former) -> bool:
    """Tell whether rows win as a whole, and only among their like; sets hang on roots alone."""
    return (
        bool(parsed.blocks)
        and parsed.blocks[0].table.kind is Kind.ROOT
        and not former.filled
        and not kin.twins
        and not entities_of(parsed)
        and all(_wins_as_a_whole(block.table, kin) for block in parsed.blocks)
    )


def _wins_as_a_whole(table: Table, kin: Kin) -> bool:
    if table.kind is Kind.SET:
        return table.owner is None
    own_sets = table.kind is not Kind.ROOT and kin.sets.get(table.qualified)
    return table.kind is not Kind.TOMBSTONE and table.policy is not Policy.FILL and not own_sets


def _compared(table: Table, others: Sequence[str], *, run: bool) -> sql.Composed:
    """Hold the rows of a table that came against those that are there.

    Args:
        table: as the batch's slip fills it.
        others: columns of it that only other slips fill.
        run: whether the batch's row ids have no gap.

    Takes ``rows`` (bigint[]: row ids), ``lo`` and ``hi``. Returns row ids: of documents whose row is there, the same; of those that
    lose to a row with other values; of those that may change something, or have rows there that did not come.
    """
    columns = landed_columns(table)
    own = [column.name for column in table.columns]
    differs = [sql.SQL("ROW({})").format(listed(Quoted(side, name) for name in own)) for side in ("lone", "there")]
    return sql.SQL(
        # What has the same identity and document on both sides, and what has none on the other. came.*: a column may be called came.
        "WITH met AS MATERIALIZED (SELECT came._row_id AS came, held._row_id AS held, came._id AS id, {same} AS same, "
        "CASE WHEN held._id IS NULL THEN came.* END AS lone FROM {temp} AS came "
        "FULL JOIN (SELECT {kept} FROM {target} AS t WHERE {ours_t}) AS held ON held._id = came._id AND held._row_id = came._row_id), "
        # Of a row that came alone, whether it loses to one that stays. OFFSET: else the planner may read the whole table.
        "met_there AS MATERIALIZED (SELECT met.came, met.id, "
        "coalesce(there._id IS NOT NULL AND NOT ({wins}) AND (NOT {ours_there} OR there._id IN (SELECT id FROM met WHERE same)), false) AS loses, "
        "{differs} AS differs FROM met CROSS JOIN LATERAL (SELECT (met.lone).*) AS lone "
        "LEFT JOIN LATERAL (SELECT * FROM {target} AS t WHERE t._id = met.id OFFSET 0) AS there ON true WHERE met.held IS NULL), "
        "open AS (SELECT id FROM met WHERE NOT same UNION SELECT id FROM met_there WHERE NOT loses) "
        "SELECT (SELECT array_agg(came) FROM met WHERE same), "
        "(SELECT array_agg(came) FROM met_there WHERE differs), "
        "ARRAY (SELECT came FROM met WHERE id IN (SELECT id FROM open) UNION ALL SELECT held FROM met WHERE came IS NULL)"
    ).format(
        same=_same(columns, others),
        temp=Quoted("pg_temp", temp_of(table)),
        kept=names([*columns, *others]),
        target=Quoted(table.schema, table.name),
        ours_t=_ours("t", run=run),
        wins=wins(table, "lone", "there"),
        ours_there=_ours("there", run=run),
        differs=sql.SQL("{} IS DISTINCT FROM {}").format(*differs) if own else sql.SQL("false"),
    )


def _same(columns: Sequence[str], others: Sequence[str]) -> sql.Composed:
    """Write that both sides are there and alike; what only other slips fill must be empty. Null where one side is missing."""
    empty = [sql.SQL("held.{} IS NULL").format(Quoted(name)) for name in others]
    alike = sql.SQL(" AND ").join([same_image(columns, "came", "held"), *empty])
    return sql.SQL("CASE WHEN came._id = held._id THEN {} END").format(alike)


def _holders(table: Table, *, run: bool) -> sql.Composed:
    return sql.SQL("SELECT DISTINCT t._row_id FROM {} AS t WHERE {}").format(
        Quoted(table.schema, table.name), _ours("t", run=run)
    )


def _ours(side: str, *, run: bool) -> sql.Composed:
    """Write that a row is of a document of the batch: by its place between two ids, or by a list of them."""
    how = "{} BETWEEN %(lo)s AND %(hi)s" if run else "{} = ANY (%(rows)s::bigint[])"
    return sql.SQL(how).format(Quoted(side, "_row_id"))
