"""A layout compiled to one Python function, which makes the COPY lines of documents in which nothing is news or out of the ordinary.

At anything else it gives up and leaves the document to `BreakoutMapper`, which knows all cases and says what is the matter. Nothing
depends on which of the two made a document's lines.
"""

from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from etl_actors.relational.breakout.maps import is_map
from etl_actors.relational.breakout.places import pointer
from etl_actors.relational.breakout.scalars import Form, Number
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Cell, CellKind, Layout, Step
from etl_actors.slips.mapping.lines import Lines
from etl_actors.slips.mapping.quick_entities import Declined, entity_known, entity_row, entity_variables, key_field, key_of
from etl_actors.slips.mapping.quick_rows import ROW_NAMES, LineRows, PackedRows, Rows, compiled, is_odd

__all__ = ["Left", "Quick", "compile_quick"]

Quick = Callable[[Any, str, int, list[str], Lines, bool], None]
"""Appends the lines of a document.

It takes the document, the root's `_id`, the row id, the fields that expressions made, the lines, and whether no text of the document has a
character that COPY escapes.

It raises `Left` where it gives up.
"""

_MOST_PLACES = 600  # of a layout: the source grows with them
_MOST_MEMBERS = 60  # of an object: each of its names is looked for, whether or not it is there
_BIGINT = 2**63
_Body = Callable[[int], None]
"""Writes what is done with a value of one kind, at a depth of indentation."""


class Left(Exception):
    """The document is left to others; lines may have been appended."""


def compile_quick(layout: Layout, seen: Seen, key: tuple[str, ...], packed: Collection[int] = ()) -> Quick | None:
    """Compile a layout.

    Args:
        layout: of the documents.
        seen: what it was laid out by: documents are left that have something else.
        key: fields of the documents that are the root's key.
        packed: numbers of the tables whose rows are packed.

    Returns:
        The function; None where the layout has something that is not compiled: JSON columns, names that are data without looking like
        it, texts that are numbers, very many places.
    """
    try:
        writer = _Writer(layout, key, packed)
        writer.write(seen)
    except Declined:
        return None
    names = writer.names
    for source in writer.sources:
        exec(compiled(source), names)  # noqa: S102  (no text of a document is in it: those are globals)
    quick: Quick = names["table_0"]
    return quick


class _Writer:
    def __init__(self, layout: Layout, key: tuple[str, ...], packed: Collection[int]) -> None:
        self.layout = layout
        self.key = key
        ways = [PackedRows if number in packed else LineRows for number in range(len(layout.tables))]
        self.rows: list[Rows] = [way(*one, self._add) for way, one in zip(ways, enumerate(layout.tables), strict=True)]
        self.sources: list[str] = []
        self.lines: list[str] = []  # of the function that is being written
        self.table = 0
        self.places = self.constants = 0  # of that one, which has the same source whatever comes before it
        self.most = _MOST_PLACES
        self.cells: list[dict[tuple[str, ...], dict[CellKind, tuple[str, Cell]]]] = [{} for _ in layout.tables]
        self.links = {(link.table, link.path): (number, link) for number, link in enumerate(layout.links)}
        self.below: dict[tuple[int, tuple[str, ...], Step | None], int] = {}
        self.names: dict[str, Any] = {
            **ROW_NAMES,
            "Left": Left,
            "Decimal": Decimal,
            "MISSING": object(),
            "key_field": key_field,
            "key_of": key_of,
        }
        for number, table in enumerate(layout.tables):
            for column, cell in enumerate(table.cells):
                if cell.quoted or cell.kind is CellKind.JSON:
                    raise Declined
                if not cell.mixed:
                    self.cells[number].setdefault(cell.path, {})[cell.kind] = (f"c{column}", cell)
            for path, variable, cell in entity_variables(layout, number):
                if cell.quoted:
                    raise Declined
                self.cells[number].setdefault(path, {})[cell.kind] = (variable, cell)
            if table.parent is not None:
                self.below[table.parent, table.path, table.step] = number

    def write(self, seen: Seen) -> None:
        """Write the function of each table; of what was seen in its items."""
        found: dict[int, Seen] = {0: seen}
        for number, table in enumerate(self.layout.tables):
            if number not in found or (table.parent is None and number):
                raise Declined  # no item of the documents leads there
            self.lines, self.table, self.places, self.constants = [], number, 0, 0
            self._table(number, found[number], found)
            self.sources.append("\n".join(self.lines))
            self.most -= self.places

    def _constant(self, value: Any) -> str:
        self.constants += 1
        name = f"C{self.table}_{self.constants}"
        self.names[name] = value
        return name

    def _add(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def _table(self, number: int, seen: Seen, found: dict[int, Seen]) -> None:
        """Write the function of a table: of the root it takes the document, of another the array or object of its items."""
        table, rows = self.layout.tables[number], self.rows[number]
        columns = [f"c{column}" for column in range(len(table.cells))]
        depth = rows.begin()
        self._add(depth, "rest = None")
        self._add(depth, " = ".join([*columns, "last", rows.null]))
        for column, cell in enumerate(table.cells):
            if cell.kind is CellKind.KEY:
                self._add(depth, f"c{column} = {rows.key}")
            elif cell.kind is CellKind.GIVEN:
                self._add(depth, f"c{column} = given[{column}]")
        self._value(number, (), seen, "v", depth, found)
        self._add(depth, "if rest:")
        self._add(depth + 1, f"last = {rows.rest}")
        rows.end(depth, [*columns, "last"])

    def _value(self, number: int, path: tuple[str, ...], seen: Seen, var: str, depth: int, found: dict[int, Seen]) -> None:
        """Write what takes the value of a place, by its kind."""
        self.places += 1
        if self.places > self.most or seen.deep or seen.asked is not None:
            raise Declined
        kind, at = f"k{self.places}", self._constant(pointer(path))
        self._add(depth, f"{kind} = type({var})")
        word = "if"
        for test, body in (
            *self._scalars(number, path, seen, var, kind, at),
            *self._containers(number, path, seen, var, kind, at, found),
        ):
            self._add(depth, f"{word} {test}:")
            body(depth + 1)
            word = "elif"
        if word == "elif":
            self._add(depth, "else:")
        self._add(depth + (word == "elif"), "raise Left")

    def _scalars(
        self, number: int, path: tuple[str, ...], seen: Seen, var: str, kind: str, at: str
    ) -> Iterator[tuple[str, _Body]]:
        cells, rows = self.cells[number].get(path, {}), self.rows[number]
        held = seen.scalars  # less than the cells tell, where they are an entity's, which occurs elsewhere too
        if CellKind.TEXT in cells and held.form is not None:
            column, cell = cells[CellKind.TEXT]
            if held.form is not Form.TEXT:
                odd = self._constant(partial(is_odd, held.form, Form(cell.type)))
                yield f"{kind} is str and {odd}({var})", self._written("raise Left")
            yield f"{kind} is str", self._written(f"{column} = {rows.text(var)}")
        if CellKind.NUMBER in cells and held.number is not None:
            column, cell = cells[CellKind.NUMBER]
            written = self._written(f"{column} = {rows.number_of(var, cell, self._constant)}")
            if held.number is Number.BIGINT:
                yield f"{kind} is int and {-_BIGINT} <= {var} < {_BIGINT}", written
            else:
                yield f"{kind} is int or {kind} is float or {kind} is Decimal", written
        if CellKind.BOOLEAN in cells and held.boolean:
            yield f"{kind} is bool", self._written(f"{cells[CellKind.BOOLEAN][0]} = {rows.boolean(var)}")
        if seen.scalars.null:
            yield f"{var} is None", self._rest(at, "None")

    def _containers(
        self, number: int, path: tuple[str, ...], seen: Seen, var: str, kind: str, at: str, found: dict[int, Seen]
    ) -> Iterator[tuple[str, _Body]]:
        keyed = len(self.key) if number == 0 and not path else 0
        if seen.arrays:
            yield f"{kind} is list and not {var}", self._rest(at, "[]")
            if seen.items is not None:
                yield f"{kind} is list", self._table_call(number, path, Step.ITEMS, seen.items, var, found)
        if seen.objects and not keyed:
            yield f"{kind} is dict and not {var}", self._rest(at, "{}")
        if seen.objects and is_map(seen):
            if keyed or seen.entries is None:  # what was seen under one name was not seen under another
                raise Declined
            call = self._table_call(number, path, Step.ENTRIES, seen.entries, var, found)
            yield f"{kind} is dict and len({var}) <= {seen.widest}", call
        elif seen.members:
            most = seen.widest + keyed
            yield f"{kind} is dict and {keyed} < len({var}) <= {most}", partial(self._members, number, path, seen, var, found)

    def _written(self, text: str) -> _Body:
        return lambda depth: self._add(depth, text)

    def _rest(self, at: str, value: str) -> _Body:
        def body(depth: int) -> None:
            self._add(depth, "if rest is None:")
            self._add(depth + 1, "rest = {}")
            self._add(depth, f"rest[{at}] = {value}")

        return body

    def _table_call(self, number: int, path: tuple[str, ...], step: Step, items: Seen, var: str, found: dict[int, Seen]) -> _Body:
        child = self.below.get((number, path, step))
        if child is None:
            raise Declined
        found[child] = items
        return self._written(f"table_{child}({var}, place, doc)")

    def _members(self, number: int, path: tuple[str, ...], seen: Seen, var: str, found: dict[int, Seen], depth: int) -> None:
        """Write what takes the members of an object that is taken apart: each that is known, and there must be no other."""
        if len(seen.members) > _MOST_MEMBERS:
            raise Declined
        left = f"left_{self.places}"
        self._add(depth, f"{left} = len({var})")
        for column, cell in enumerate(self.layout.tables[number].cells):
            if cell.mixed and not path:
                self._add(depth, f"c{column} = key_field({var}[{self._constant(cell.path[0])}])")
                self._add(depth, f"if c{column} is None:")
                self._add(depth + 1, "raise Left")
                self._add(depth, f"{left} -= 1")
        number_of, link = self.links.get((number, path), (0, None))
        entity = None if link is None else self.layout.entities[link.entity]
        if link is not None and entity is not None:
            for indent, text in entity_known(entity, number_of, link.column, seen, (var, left), self._constant):
                self._add(depth + indent, text)
        for name, one in seen.members.items():
            if entity is not None and name in entity.key:
                continue
            member = f"v{self.places}"
            self._add(depth, f"{member} = {var}.get({self._constant(name)}, MISSING)")
            self._add(depth, f"if {member} is not MISSING:")
            self._add(depth + 1, f"{left} -= 1")
            self._value(number, (*path, name), one, member, depth + 1, found)
        self._add(depth, f"if {left}:")
        self._add(depth + 1, "raise Left")
        if link is not None and entity is not None:
            self._add(depth, entity_row(entity, number_of, link.column, len(self.layout.tables) + link.entity))
