"""Where the items of a mapper's loops stand in the document, from its variables at the time of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etl_actors.slips.blaming.spots import Blame, Part
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.beginnings import UP, first_paths, let_of, segment_text
from etl_actors.slips.expressions.paths import located, location_text
from etl_actors.slips.model.names import parts
from etl_actors.slips.model.slip import SlipTable

__all__ = ["Items", "Where"]

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the document.

    Args:
        place: member names and indexes, from the document on.
        text: the same as a path, private names left out.
        exact: whether the value in question stands there; else it is made of what stands there.
        value: what stands there.
    """

    place: Place
    text: str
    exact: bool
    value: Any


class Items:
    """The items of the moment.

    Args:
        blame: of the code.
        variables: of the mapper, at the time of the refusal.
        document: that it was at.
        known: what was found out of the same document before; it is added to.
    """

    def __init__(self, blame: Blame, variables: Mapping[str, Any], document: Any, known: dict[Any, Any]) -> None:
        self.blame = blame
        self.variables = variables
        self.document = document
        self.known = known
        self.top = Where((), "$", exact=True, value=document)

    def above(self, table: int) -> Where:
        """Find the item that the `each` of a table sees."""
        parent = self.blame.parent_of(table)
        return self.top if parent is None else self.of(parent)

    def of(self, table: int | None) -> Where:
        """Find the item of a table; of no table, the document."""
        return self.top if table is None else self._item(table)[0]

    def up(self, table: int | None) -> Where | None:
        """Find what `@up` is to the expressions of a table; None where nothing is above."""
        return None if table is None else self._item(table)[1]

    def _item(self, table: int) -> tuple[Where, Where | None]:
        """Find the item of a table, and what is above it."""
        parent, made = self.blame.parent_of(table), self.blame.tables[table]
        if made.each is None:
            return (self.top, None) if parent is None else self._item(parent)
        outer = self.above(table)
        first, *rest = self._ordinals(table)
        hidden = _key_is_private(self.blame, table)
        where = self._picked(made.each, outer, self.up(parent), first, self.blame.sight_of(table, Part.EACH), hidden=hidden)
        if made.recurse is None:
            return where, None if parent is None else outer
        up = None
        for ordinal in rest:
            where, up = self._picked(made.recurse, where, up, ordinal, self.blame.sights[table], hidden=hidden), where
        return where, up

    def _ordinals(self, table: int) -> list[int]:
        """List the how-manieth the item is, and under `recurse` each of those above it, from the top."""
        if self.blame.tables[table].recurse is None:
            return [self.variables[f"index{table}"]]
        found = []
        trail = self.variables[f"trail{table}"]
        while trail is not None:
            trail, ordinal = trail
            found.append(ordinal)
        return found[::-1]

    def _picked(
        self, node: Any, above: Where, up: Where | None, ordinal: int, sight: Mapping[str, int], *, hidden: bool
    ) -> Where:
        if not above.exact:
            return above
        paths = list(first_paths(node))
        for path in paths:
            let = let_of(path, sight)
            if let is not None:
                known = self.blame.lets[let]
                return self.begins(known.let.node, known.table, None, exact=False)
            base = self.top if path.root == "$" else up if path.root == UP else above
            if base is None or not base.exact:
                continue
            found = self._located(path, base)
            exact = path.plural and (node is path or (path.root == UP and len(path.segments) == len(node.steps)))
            if exact and ordinal < len(found):
                return _at(base, *found[ordinal], written=path.segments if hidden else None)
            if exact or not found:
                continue
            inner = _at(base, *found[0])
            if type(inner.value) is not list:
                return inner
            if ordinal < len(inner.value):
                return _at(inner, (ordinal,), inner.value[ordinal])
        return Where((*above.place, ordinal), f"{above.text}[{ordinal}]", exact=False, value=None)

    def _located(self, path: n.Path, base: Where) -> list[tuple[Place, Any]]:
        key = (path, base.place)
        if key not in self.known:
            self.known[key] = located(base.value, path.segments)
        found: list[tuple[Place, Any]] = self.known[key]
        return found

    def begins(self, node: Any, table: int | None, got: Any, *, part: Part = Part.COLUMN, exact: bool = True) -> Where:
        """Find what an expression begins with.

        Args:
            node: the expression or predicate.
            table: number of the table whose it is; None of the whole document's.
            got: the value that was refused: of several options, that which begins with it is meant, or else the last;
                of a predicate the first.
            part: of the table.
            exact: whether the expression's value is wanted, and not what it is made of.
        """
        several = self.beginnings(node, table, got, part=part)
        if not several:
            return self._outer(table, part)
        meant = next(
            (one for one in reversed(several) if one.value is got and got is not None),
            several[0 if isinstance(node, n.Predicate) else -1],
        )
        return meant if exact else Where(meant.place, meant.text, exact=False, value=meant.value)

    def beginnings(self, node: Any, table: int | None, got: Any = None, *, part: Part = Part.COLUMN) -> list[Where]:
        """Find what an expression begins with, of a choice that of every option."""
        item = self._outer(table, part)
        return [self._begins(path, item, table, part, got) for path in first_paths(node)]

    def _outer(self, table: int | None, part: Part) -> Where:
        return self.above(table) if table is not None and part is Part.EACH else self.of(table)

    def _begins(self, path: n.Path, item: Where, table: int | None, part: Part, got: Any) -> Where:
        let = let_of(path, self.blame.sight_of(table, part))
        if let is not None:
            known = self.blame.lets[let]
            inner = self.begins(known.let.node, known.table, got)
            if not inner.exact or not isinstance(known.let.node, n.Path) or known.let.node.plural:
                return Where(inner.place, inner.text, exact=False, value=inner.value)
            base, segments = inner, path.segments[1:]
        else:
            outer = self.blame.parent_of(table) if part is Part.EACH and table is not None else table
            base = self.top if path.root == "$" else (self.up(outer) or item) if path.root == UP else item
            segments = path.segments
        if not base.exact:
            return base
        text = "".join([base.text, *map(segment_text, segments)])
        found = located(base.value, segments) if not any(isinstance(one, n.Descendants) for one in segments) else []
        place, value = found[0] if len(found) == 1 else ((), None)
        return Where((*base.place, *place), text, exact=True, value=value)


def _at(base: Where, place: Place, value: Any, *, written: tuple[n.Segment, ...] | None = None) -> Where:
    """Go on to a place; where names in it are private, it is shown as it is written in the slip."""
    shown = location_text(place, base.text) if written is None else "".join([base.text, *map(segment_text, written)])
    return Where((*base.place, *place), shown, exact=True, value=value)


def _key_is_private(blame: Blame, table: int) -> bool:
    """Tell whether a private column shows `@key` of a table's items, or holds it."""
    if "key" in blame.tables[table].hidden:
        return True
    below = [table]
    for number in range(table + 1, len(blame.tables)):
        if blame.parent_of(number) in below and blame.tables[number].each is None:
            below.append(number)
    return any(_shows_key(blame.tables[number]) for number in below)


def _shows_key(made: SlipTable) -> bool:
    private: list[Any] = [column.node for column in made.columns if column.private]
    private += [let.node for let in made.lets if let.private]
    return any(isinstance(one, n.Special) and one.name == "key" for node in private for one in parts(node))
