"""Where a piece of a text stands in the document's own text, although grammars have cut it out, maybe several times over."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.slips.blaming.item_places import Items
from etl_actors.slips.blaming.spots import Blame, Part
from etl_actors.slips.expressions import nodes as n
from etl_actors.slips.expressions.beginnings import first_paths, let_of

__all__ = ["Origin", "Origins"]


@dataclass(frozen=True, slots=True)
class Origin:
    """A value and the text of the document that it is made of.

    Args:
        text: of the document.
        value: the text itself, a piece of it, or what a grammar made of it.
        start: where the value begins in the text; None where that is not known.
        shift: what is to be added to the offsets that a grammar's values know, to get those in the text.
        cut: whether a grammar has cut it out.
        private: whether a private let is on the way.
    """

    text: str
    value: Any
    start: int | None = 0
    shift: int = 0
    cut: bool = False
    private: bool = False

    def find(self, piece: str, *, exactly: bool) -> int | None:
        """Find where a piece of the value begins in the text.

        Args:
            piece: of the value.
            exactly: whether it must be the value itself, rather than stand in it, or else in the text, exactly once.
        """
        if exactly:
            return self.start if self.value == piece else None
        if type(self.value) is str and self.start is not None:
            inside = _once(self.value, piece)
            if inside is not None:
                return self.start + inside
        return _once(self.text, piece)


class Origins:
    """The values of the moment, traced back to the document.

    Args:
        blame: of the code.
        items: of the moment.
    """

    def __init__(self, blame: Blame, items: Items) -> None:
        self.blame = blame
        self.items = items

    def of(self, node: Any, table: int | None, part: Part = Part.COLUMN) -> Iterator[Origin]:
        """List the origins of the values that an expression begins with.

        Args:
            node: the expression.
            table: number of the table whose it is; None of the whole document's.
            part: of the table.
        """
        sight = self.blame.sight_of(table, part)
        for path in first_paths(node):
            let = let_of(path, sight)
            if let is not None:
                yield from _walked(self.of_let(let), path.segments[1:])
            elif path.root == "$":
                yield from _walked(_of_document(self.items.document), path.segments)
            else:
                yield from _walked(
                    self.of_item(self.blame.parent_of(table) if part is Part.EACH and table else table), path.segments
                )

    def of_item(self, table: int | None) -> Iterator[Origin]:
        """List the origins of the item of a table; of no table, the document."""
        while table is not None and self.blame.tables[table].each is None:
            table = self.blame.parent_of(table)
        if table is None:
            yield from _of_document(self.items.document)
            return
        value = self.items.variables.get(f"item{table}")
        if self.items.of(table).exact:
            yield from _of_document(value)
            return
        for origin in self.of(self.blame.tables[table].each, table, Part.EACH):
            found = _made(origin, value)
            if found is not None:
                yield found

    def of_let(self, number: int) -> Iterator[Origin]:
        """List the origins of a let's value; none where it has none yet."""
        known = self.blame.lets[number]
        value = self.items.variables.get(f"let{number}")
        for origin in self.of(known.let.node, known.table):
            found = _made(origin, value)
            if found is not None:
                yield replace(found, private=found.private or known.let.private)


def _of_document(value: Any) -> Iterator[Origin]:
    """Begin at a value of the document; one that is no text stands for the texts in it."""
    yield Origin(value if type(value) is str else "", value)


def _walked(origins: Iterator[Origin], segments: tuple[n.Segment, ...]) -> Iterator[Origin]:
    for origin in origins:
        found: Origin | None = origin
        for segment in segments:
            found = None if found is None else _step(found, segment)
        if found is not None:
            yield found


def _step(origin: Origin, segment: n.Segment) -> Origin | None:
    value = origin.value
    inner: Any = None
    start = None
    match segment:
        case n.Field(name) if isinstance(value, dict):
            inner = value.get(name)
            if isinstance(value, Node) and name in value.starts:
                start = value.starts[name] + origin.shift
        case n.Index(number) if type(value) is list and -len(value) <= number < len(value):
            inner = value[number]
        case _:
            return None
    if not origin.cut:
        return Origin(inner if type(inner) is str else "", inner)
    if isinstance(inner, Node):
        start = inner.start + origin.shift
    return replace(origin, value=inner, start=start)


def _made(origin: Origin, value: Any) -> Origin | None:
    """Trace what steps made of a value; None where it can't be found in the text."""
    if not origin.text:
        return None
    if type(value) is str:
        start = origin.find(value, exactly=True)
        if start is None:
            start = origin.find(value, exactly=False)
        return None if start is None else replace(origin, value=value, start=start, cut=True)
    node = _first_node(value)
    if node is None:
        return None
    for shift in {origin.shift, origin.start}:
        if shift is not None and origin.text.startswith(node.source, node.start + shift):
            return replace(origin, value=value, start=None, shift=shift, cut=True)
    found = origin.find(node.source, exactly=False)
    return None if found is None else replace(origin, value=value, start=None, shift=found - node.start, cut=True)


def _first_node(value: Any) -> Node | None:
    """Find a grammar's value within a value, the longest of those nearest to it."""
    if isinstance(value, Node):
        return value
    inside = value if type(value) is list else ()
    return max((one for one in inside if isinstance(one, Node)), key=lambda node: len(node.source), default=None)


def _once(text: str, piece: str) -> int | None:
    """Find a piece that stands in a text exactly once."""
    at = text.find(piece) if piece else -1
    return None if at < 0 or text.find(piece, at + 1) >= 0 else at
