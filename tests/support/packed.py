"""Packed rows, read again."""

from struct import unpack
from typing import Any

from etl_actors.relational.block import Block
from etl_actors.relational.packed import HEAD, fields_behind_head
from etl_actors.relational.tables import Table
from etl_actors.slips.casts.column_type import NULL, copy_escaped

__all__ = ["line_of", "lines_of"]


def line_of(table: Table, row: bytes) -> str:
    """Write a packed row as the COPY line that it stands for."""
    sizes = unpack(">i16xi8xi16xi16xi4x", row[: HEAD.size])
    assert sizes == (16, 8, 16, 16, 4)
    row_id, index = unpack(">q", row[24:32])[0], unpack(">i", row[76:80])[0]
    head = [row[4:20].hex(), str(row_id), row[36:52].hex(), row[56:72].hex(), str(index)]
    fields = [*fields_behind_head(row)]
    return "\t".join([*head, *(_text(column.type, field) for column, field in zip(table.columns, fields, strict=True))])


def lines_of(block: Block) -> list[str]:
    """Give the COPY lines of a block, however its rows are held."""
    rows = block.each()
    return [line_of(block.table, row) if block.packed else row.decode() for row in rows]


def _text(kind: str, field: bytes) -> str:
    (size,), value = unpack(">i", field[:4]), field[4:]
    if size < 0:
        assert not value
        return NULL
    assert size == len(value)
    found: dict[str, Any] = {
        "text": value.decode,
        "bigint": lambda: str(unpack(">q", value)[0]),
        "boolean": lambda: {b"\1": "t", b"\0": "f"}[value],
        "jsonb": lambda: value[1:].decode() if value[:1] == b"\1" else "no version that PostgreSQL knows",
    }
    return copy_escaped(found[kind]())
