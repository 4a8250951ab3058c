"""The statements of a dry run for tables of which one or the other has a row of an identity: roots, and what tells that they are deleted."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import permutations

from psycopg import sql

from etl_actors.relational.tables import Kind
from etl_actors.slips.model.slip import Slip
from etl_actors.store.loading.winners import wins
from etl_actors.store.replay.preview_table import Compared

__all__ = ["remove_beaten", "share_ids", "tombstones_of", "twins"]


def twins(compared: Mapping[str, Compared]) -> list[tuple[Compared, Compared]]:
    """Pair each table of roots with that of its tombstones, and each of the latter with the former.

    Args:
        compared: by qualified name.
    """
    pairs = [
        (compared[f"{one.table.schema}.{one.table.deletes}"], one)
        for one in compared.values()
        if one.table.kind is Kind.TOMBSTONE and f"{one.table.schema}.{one.table.deletes}" in compared
    ]
    return [order for pair in pairs for order in permutations(pair, 2)]


def tombstones_of(roots: Collection[str], slips: Iterable[Slip]) -> Iterator[str]:
    """Name the tables of tombstones that any slip gives to some tables."""
    for table in (table for slip in slips for table in slip.targets):
        if table.kind is Kind.TOMBSTONE and f"{table.schema}.{table.deletes}" in roots:
            yield table.qualified


def share_ids(one: Compared, other: Compared) -> sql.Composed:
    """Look at the identities of one table in another, too."""
    return sql.SQL("INSERT INTO {} SELECT _id FROM {} ON CONFLICT DO NOTHING").format(other.own("ids"), one.own("ids"))


def remove_beaten(one: Compared, other: Compared) -> sql.Composed:
    """Take away what would stand in one table and is weaker than what would stand for the same identity in the other."""
    return sql.SQL("DELETE FROM {} AS a USING {} AS b WHERE a._id = b._id AND {}").format(
        one.own("after"), other.own("after"), wins(one.table, "b", "a", newest="_newest")
    )
