"""Rows of documents broken out: what writes their fields, as text or packed, and what takes back those of a document."""

from collections.abc import Callable
from typing import Any

from etl_actors.relational.breakout.keys import key_text
from etl_actors.relational.breakout.shape import Cell, CellKind
from etl_actors.relational.packed import NO_FIELD, PACKERS, ROW_ID, ROW_ID_FIELD
from etl_actors.slips.casts.column_type import NULL, column_type
from etl_actors.slips.mapping.lines import Lines

__all__ = ["copier", "packer", "take_back"]

_ID = 32  # characters of the first field of a line; the second one is the row id


def take_back(lines: Lines, row_id: int) -> None:
    """Remove the lines and packed rows of a row, which are the last ones."""
    field, packed = f"\t{row_id}\t", ROW_ID_FIELD.pack(row_id)
    for made in lines:
        while made and (made[-1][ROW_ID] == packed if type(made[-1]) is bytes else made[-1].startswith(field, _ID)):
            del made[-1]


def packer(cell: Cell) -> Callable[[Any], bytes]:
    """Give what writes a cell as a field of a packed row."""
    pack, as_text = PACKERS[cell.type], column_type(cell.type).text if cell.kind is CellKind.JSON else None
    return lambda value: NO_FIELD if value is None else pack(value if as_text is None else as_text(value))


def copier(cell: Cell) -> Callable[[Any], Any]:
    """Give what writes a cell as a field of a COPY line.

    Texts that have a form are written as they came: PostgreSQL reads them all.
    """
    if cell.kind is CellKind.REFERENCE:
        return lambda value: NULL if value is None else str(value)
    if cell.mixed:
        text = column_type("text").copy
        return lambda value: text(None if value is None else key_text(value))
    return column_type("text" if cell.kind is CellKind.TEXT else cell.type).copy
