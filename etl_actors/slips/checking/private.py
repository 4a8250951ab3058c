"""Which lets a slip's private columns are made of: what these refuse is as private as the columns."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from etl_actors.slips.model.names import lets_behind
from etl_actors.slips.model.slip import Let, SlipTable

__all__ = ["with_private"]


def with_private(lets: tuple[Let, ...], tables: tuple[SlipTable, ...]) -> tuple[tuple[Let, ...], tuple[SlipTable, ...]]:
    """Mark the lets that private columns are made of, through whatever other lets.

    The items of a table are what its columns are made of too: so the lets behind its `each` are private with them, and
    those behind the `each` of the tables above.

    Args:
        lets: of the whole slip.
        tables: of the slip.

    Returns:
        Both, with `Let.private` set.
    """
    top: set[str] = set()
    own: dict[str, set[str]] = {made.table.name: set() for made in tables}
    named = {made.table.name: made for made in tables}
    for made in tables:
        columns = [column.node for column in made.columns if column.private]
        if columns:
            _mark(made, columns, lets, named, top, own)
    marked = tuple(replace(made, lets=_marked(made.lets, own[made.table.name])) for made in tables)
    return _marked(lets, top), marked


def _mark(
    table: SlipTable,
    nodes: Iterable[Any],
    lets: tuple[Let, ...],
    named: Mapping[str, SlipTable],
    top: set[str],
    own: dict[str, set[str]],
) -> None:
    made: SlipTable | None = table
    while made is not None:
        seen = [*nodes, made.recurse]
        behind = lets_behind(seen, (*lets, *made.lets))
        top |= behind
        own[made.table.name] |= behind
        # a table without items of its own sees the lets of the one above
        inherited = [*seen, *(let.node for let in made.lets if let.name in behind)]
        nodes = inherited if made.each is None else [made.each]
        made = named.get(made.parent or "")
    top |= lets_behind(nodes, lets)


def _marked(lets: tuple[Let, ...], private: set[str]) -> tuple[Let, ...]:
    return tuple(replace(let, private=let.name in private) for let in lets)
