"""Whether a slip fills a table whose name another's table needs for what it is given beside it."""

from collections.abc import Iterator, Sequence

from etl_actors.relational.companions import versions_name
from etl_actors.relational.tables import Table
from etl_actors.slips.shelf.quarrel import Quarrel, Read, told
from etl_actors.slips.source.files import MAIN

__all__ = ["companion_quarrels"]


def companion_quarrels(slips: Sequence[Read]) -> Iterator[Quarrel]:
    """Find the slips that fill a table which is to be the view of another's versions.

    Args:
        slips: each with its folder, of names that differ.
    """
    views = {
        f"{table.schema}.{versions_name(table.name)}": (read, table)
        for read in slips
        for table in read[1].targets
        if table.versioned
    }
    for read in slips:
        for table in read[1].targets:
            owner, shown = views.get(table.qualified, (read, table))
            if owner is read:
                continue
            sentence = f"`{table.qualified}` is the view of the versions of `{shown.qualified}` in {owner[0] / MAIN}: name the table otherwise"
            yield Quarrel(owner[1].name, read[1].name, table.qualified, _told(read, table, sentence))


def _told(read: Read, table: Table, sentence: str) -> str:
    keys = ("breakout",) if read[1].breakout is not None else ("tables", table.name)
    return told(read, lambda problems: problems.at_key(keys, sentence))
