"""What of a slip is told as private: what its private columns are made of, and whatever looks at where their values come from."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from etl_actors.slips.checking.whereabouts import Places, Seen, items_of, meet, mentioned, values_of
from etl_actors.slips.model.names import lets_behind
from etl_actors.slips.model.slip import KEY, Let, SlipTable

__all__ = ["with_private"]


def with_private(lets: tuple[Let, ...], tables: tuple[SlipTable, ...]) -> tuple[tuple[Let, ...], tuple[SlipTable, ...]]:
    """Mark what is told as private: lets, and of tables the columns, `each`, `when` and `recurse`.

    Those are the lets that private columns are made of, through whatever other lets, and all that looks at a place in
    documents where a private value is, or at what holds it.

    The items of a table are what its columns are made of too: so the lets behind its `each` are private with them, and
    those behind the `each` of the tables above.

    Args:
        lets: of the whole slip.
        tables: of the slip.

    Returns:
        Both, marked.
    """
    if not any(made.has_private for made in tables):
        return lets, tables
    top: set[str] = set()
    own: dict[str, set[str]] = {made.table.name: set() for made in tables}
    named = {made.table.name: made for made in tables}
    for made in tables:
        columns = [column.node for column in made.columns if column.private]
        if columns:
            _mark(made, columns, lets, named, top, own)
    marked = tuple(replace(made, lets=_marked(made.lets, own[made.table.name])) for made in tables)
    return _Looks(_marked(lets, top), marked).marked()


class _Looks:
    """What each expression of a slip looks at.

    Args:
        lets: of the whole slip.
        tables: of the slip.
    """

    def __init__(self, lets: tuple[Let, ...], tables: tuple[SlipTable, ...]) -> None:
        self.lets = lets
        self.tables = tables
        self.top = _with_lets(Seen(), lets)
        self.outer: dict[str, Seen] = {}  # what the `each` of a table sees
        self.seen: dict[str, Seen] = {}
        for made in tables:
            self._look(made)

    def _look(self, made: SlipTable) -> None:
        outer = self.seen[made.parent] if made.parent is not None else self.top
        seen = outer
        if made.each is not None:
            items = items_of(made.each, outer)
            seen = Seen(items, outer.item, self.top.lets)
            if made.recurse is not None:
                for _ in range(2):  # items, and those below them
                    items |= items_of(made.recurse, _with_lets(seen, made.lets))
                    seen = Seen(items, items, self.top.lets)
        self.outer[made.table.name] = outer
        self.seen[made.table.name] = _with_lets(seen, made.lets)

    def marked(self) -> tuple[tuple[Let, ...], tuple[SlipTable, ...]]:
        """Give the lets and tables with what looks at private values marked."""
        own = {
            made.table.name: frozenset[Any]().union(
                *(values_of(column.node, self.seen[made.table.name]) for column in made.columns if column.private)
            )
            for made in self.tables
        }
        secrets = frozenset[Any]().union(*own.values())
        tables = tuple(self._table(made, own[made.table.name], secrets) for made in self.tables)
        return self._of_lets(self.lets, self.top, secrets), tables

    def _table(self, made: SlipTable, own: Places, secrets: Places) -> SlipTable:
        outer, seen = self.outer[made.table.name], self.seen[made.table.name]
        several = (("each", made.each, outer), ("recurse", made.recurse, seen), ("when", made.when, seen))
        hidden = {part for part, node, sees in several if node is not None and _look_at(mentioned(node, sees), secrets)}
        if made.each is not None and _look_at(frozenset((*place, KEY) for place in seen.item), secrets):
            hidden.add("key")
        columns = tuple(
            replace(column, hidden=column.private or _look_at(mentioned(column.node, seen), secrets)) for column in made.columns
        )
        lets = self._of_lets(made.lets, seen, secrets)
        return replace(made, columns=columns, lets=lets, hidden=frozenset(hidden), secrets=own)

    @staticmethod
    def _of_lets(lets: tuple[Let, ...], seen: Seen, secrets: Places) -> tuple[Let, ...]:
        return tuple(replace(let, private=let.private or _look_at(seen.lets[let.name][1], secrets)) for let in lets)


def _with_lets(seen: Seen, lets: tuple[Let, ...]) -> Seen:
    for let in lets:
        found = (values_of(let.node, seen), mentioned(let.node, seen))
        seen = replace(seen, lets={**seen.lets, let.name: found})
    return seen


def _look_at(places: Places, secrets: Places) -> bool:
    return any(meet(place, secret) for place in places for secret in secrets)


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
