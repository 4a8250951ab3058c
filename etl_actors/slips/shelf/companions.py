"""Whether a slip fills a table whose name another's table needs for what it is given beside it."""

from collections.abc import Iterator, Sequence

from etl_actors.relational.companions import versions_name
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.shelf.quarrel import Quarrel, Read, told
from etl_actors.slips.source.files import MAIN

__all__ = ["companion_quarrels"]


def companion_quarrels(slips: Sequence[Read]) -> Iterator[Quarrel]:
    """Find the slips that fill a table which has the name of another's view of versions, or of its tombstones.

    Args:
        slips: each with its folder, of names that differ.
    """
    beside = {name: (read, sentence) for read in slips for name, sentence in _companions(read)}
    for read in slips:
        for table in read[1].targets:
            owner, sentence = beside.get(table.qualified, (read, ""))
            if owner is not read and table.kind is not Kind.TOMBSTONE:
                said = f"`{table.qualified}` {sentence} in {owner[0] / MAIN}: name the table otherwise"
                yield Quarrel(owner[1].name, read[1].name, table.qualified, _told(read, table, said))


def _companions(read: Read) -> Iterator[tuple[str, str]]:
    for table in read[1].targets:
        if table.versioned:
            yield f"{table.schema}.{versions_name(table.name)}", f"is the view of the versions of `{table.qualified}`"
        if table.deleted_by:
            yield f"{table.schema}.{table.deleted_by}", f"tells which keys of `{table.qualified}` are deleted"


def _told(read: Read, table: Table, sentence: str) -> str:
    keys = ("breakout",) if read[1].breakout is not None else ("tables", table.name)
    return told(read, lambda problems: problems.at_key(keys, sentence))
