"""Which lets a slip's private columns are made of: what these refuse is as private as the columns."""

from dataclasses import replace

from etl_actors.slips.model import Let, SlipTable
from etl_actors.slips.names import lets_behind

__all__ = ["with_private"]


def with_private(lets: tuple[Let, ...], tables: tuple[SlipTable, ...]) -> tuple[tuple[Let, ...], tuple[SlipTable, ...]]:
    """Mark the lets that private columns are made of, through whatever other lets.

    Args:
        lets: of the whole slip.
        tables: of the slip.

    Returns:
        Both, with `Let.private` set.
    """
    found: set[str] = set()
    marked = []
    for table in tables:
        columns = [column.node for column in table.columns if column.private]
        behind = lets_behind(columns, (*lets, *table.lets))
        found |= behind
        marked.append(replace(table, lets=_marked(table.lets, behind)))
    return _marked(lets, found), tuple(marked)


def _marked(lets: tuple[Let, ...], private: set[str]) -> tuple[Let, ...]:
    return tuple(replace(let, private=let.name in private) for let in lets)
