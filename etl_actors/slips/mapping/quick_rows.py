"""The part of a compiled layout that makes one table's rows of their fields: as lines of COPY text, or packed for its binary format."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from etl_actors.relational.breakout.layout import MOST_TABLES
from etl_actors.relational.breakout.scalars import Form, Number, form_of, written_in
from etl_actors.relational.breakout.shape import BrokenTable, Cell, Step
from etl_actors.relational.identity import FIRST_PLACES, PLACES, child_places
from etl_actors.relational.packed import ABOVE, BEGIN, BELOW, BETWEEN, HEAD, NO_FIELD, NUMBER, PACKERS, ROOT_HEAD
from etl_actors.slips.casts.column_type import NULL, column_type

__all__ = ["ROW_NAMES", "LineRows", "PackedRows", "Rows", "compiled", "is_odd"]

_DOC = "begin, row_id, root, lines, clean, top, first_half, above, below"
"""What all functions of a document are given: the first 17 digits of the root's `_id`, the last of them as bits, and parts of packed rows."""

_SHORT = 1_024  # bytes of a text whose length is at hand
_pack_text, _pack_jsonb, _text, _jsonb = (
    PACKERS["text"],
    PACKERS["jsonb"],
    column_type("text").copy,
    column_type("jsonb"),
)

ROW_NAMES: Mapping[str, Any] = {
    "NULL": NULL,
    "text": _text,
    "rest_text": _jsonb.copy,
    "NO_FIELD": NO_FIELD,
    "ABOVE": ABOVE.pack,
    "BEGIN": BEGIN.pack,
    "BELOW": BELOW.pack,
    "BETWEEN": BETWEEN.pack,
    "HEAD": HEAD.pack,
    "ROOT_HEAD": ROOT_HEAD.pack,
    "SIZES": [size.to_bytes(4) for size in range(_SHORT)],
    "pack_text": _pack_text,
    "NUMBER": NUMBER.pack,
    "pack_rest": lambda rest: _pack_jsonb(_jsonb.text(rest)),
    "TRUE": PACKERS["boolean"](1),
    "FALSE": PACKERS["boolean"](0),
}
"""What the source that is written here takes for granted."""

Add = Callable[[int, str], None]
"""Adds a line of source at a depth of indentation."""


class Rows(ABC):
    """Writes what makes the rows of one table.

    Args:
        number: of the table.
        table: it.
        add: adds a line of source.
    """

    null: str
    rest: str
    key: str

    def __init__(self, number: int, table: BrokenTable, add: Add) -> None:
        self.number = number
        self.table = table
        self.add = add

    def begin(self) -> int:
        """Write the head of the function; return the depth at which a value `v` is an item.

        Of the root it takes the document, of another the array or object of its items, and the place of their parent.
        """
        if self.table.parent is None:
            return self._root()
        self.add(0, f"def table_{self.number}(items, place, doc):")
        self.add(1, f"{_DOC} = doc")
        self._child()
        items = "(key, v) in enumerate(items.items())" if self.table.step is Step.ENTRIES else "v in enumerate(items)"
        self.add(1, f"add = lines[{self.number}].append")
        self.add(1, f"for index, {items}:")
        self.add(2, "place = first + index")
        return 2

    @abstractmethod
    def _child(self) -> None:
        """Write what all rows of one parent have in common, and `first`, which their places are counted from."""
        ...

    @abstractmethod
    def end(self, depth: int, columns: Sequence[str]) -> None:
        """Write what appends a row of variables."""
        ...

    @abstractmethod
    def text(self, var: str) -> str:
        """Write the field of a text."""
        ...

    @abstractmethod
    def number_of(self, var: str, cell: Cell, constant: Callable[[Any], str]) -> str:
        """Write the field of a number."""
        ...

    @abstractmethod
    def boolean(self, var: str) -> str:
        """Write the field of a boolean."""
        ...

    def _root(self) -> int:
        self.add(0, f"def table_{self.number}(v, own, row_id, given, lines, clean):")
        self.add(1, "root, begin, high, low = own, own[:17], int(own[:16], 16), int(own[16:], 16)")
        self.add(1, f"place = low & {PLACES}")
        self.add(1, "top, first_half = low - place, BEGIN(16, high)")
        self.add(1, "above, below = ABOVE(8, row_id, 16, high), BELOW(16, high, low, 4)")
        self.add(1, f"doc = {_DOC}")
        self.add(1, f"add = lines[{self.number}].append")
        return 1

    def _first(self) -> str:
        factor, addend = child_places(self.table.name)
        return f"place * {factor} + {addend} & {FIRST_PLACES}"


class LineRows(Rows):
    """Rows as lines."""

    null, rest, key = "NULL", "rest_text(rest)", "text(key)"

    def _child(self) -> None:
        """Write the parts of a line."""
        # One bit more than a place has: so its digits are all there, behind the first.
        self.add(1, f"parent = begin + hex(place & {PLACES} | {PLACES + 1})[3:]")
        self.add(1, 'between = f"\\t{row_id}\\t{parent}\\t{root}\\t"')
        self.add(1, f"first = ({self._first()}) + {PLACES + 1}")

    def end(self, depth: int, columns: Sequence[str]) -> None:
        """Write what appends a line."""
        head = "{own}\\t{row_id}" if self.table.parent is None else "{begin}{hex(place)[3:]}{between}{index}"
        fields = "\\t".join((head, *(f"{{{column}}}" for column in columns)))
        self.add(depth, f'add(f"{fields}")')

    def text(self, var: str) -> str:
        """Write a text as it is, where it holds nothing that is escaped."""
        return f'{var} if clean or ({var}.isprintable() and "\\\\" not in {var}) else text({var})'

    def number_of(self, var: str, cell: Cell, constant: Callable[[Any], str]) -> str:
        """Write a number as its type writes it; an integer is written by itself."""
        if Number(cell.type) is Number.BIGINT:
            return var
        return f"{constant(column_type(cell.type).copy)}({var})"

    def boolean(self, var: str) -> str:
        """Write a letter."""
        return f'"t" if {var} else "f"'


class PackedRows(Rows):
    """Rows of a root or of keyless children, packed."""

    null, rest, key = "NO_FIELD", "pack_rest(rest)", "pack_text(key)"

    def _child(self) -> None:
        """Write the parts of a packed row."""
        self.add(1, f"between = BETWEEN(above, top | place & {PLACES}, below)")
        self.add(1, f"first = top | {self._first()}")

    def end(self, depth: int, columns: Sequence[str]) -> None:
        """Write what appends a packed row."""
        root = self.table.parent is None
        head = "ROOT_HEAD(16, high, low, 8, row_id)" if root else "HEAD(first_half, place, between, index)"
        *others, last = columns
        fields = f"{head} + {last}" if not others else f"{head} + {others[0]} + {last}" if len(others) == 1 else ""
        self.add(depth, f"add({fields})" if fields else f'add(b"".join(({head}, {", ".join(columns)})))')

    def text(self, var: str) -> str:
        """Write a length and bytes."""
        return f"SIZES[len(e)] + e if len(e := {var}.encode()) < {_SHORT} else pack_text({var})"

    def number_of(self, var: str, cell: Cell, constant: Callable[[Any], str]) -> str:
        """Write a bigint."""
        del cell, constant
        return f"NUMBER(8, {var})"

    def boolean(self, var: str) -> str:
        """Write a byte."""
        return f"TRUE if {var} else FALSE"


@lru_cache(maxsize=4 * MOST_TABLES)
def compiled(source: str) -> CodeType:
    """Compile the function of a table; the next version of a break-out has most of this one's."""
    return compile(source, "<break-out>", "exec")


def is_odd(held: Form, written: Form, text: str) -> bool:
    """Tell whether a text is not of the form that was seen, or is not made again as it came of a column of the other."""
    return form_of(text) is not held or written_in(written, text) != text
