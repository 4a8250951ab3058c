"""Packed rows, read again."""

from struct import unpack
from typing import Any

from etl_actors.relational.block import Block
from etl_actors.relational.packed import fields_behind, head_size
from etl_actors.relational.tables import Kind, Table
from etl_actors.slips.casts.column_type import NULL, copy_escaped

__all__ = ["line_of", "lines_of"]


def line_of(table: Table, row: bytes) -> str:
    """Write a packed row as the COPY line that it stands for."""
    root = table.kind is Kind.ROOT
    assert head_size(table) == (32 if root else 80)
    assert unpack(">i16xi8x" if root else ">i16xi8xi16xi16xi4x", row[: head_size(table)]) == (
        (16, 8) if root else (16, 8, 16, 16, 4)
    )
    row_id = unpack(">q", row[24:32])[0]
    above = [] if root else [row[36:52].hex(), row[56:72].hex(), str(unpack(">i", row[76:80])[0])]
    head = [row[4:20].hex(), str(row_id), *above]
    fields = [*fields_behind(head_size(table), row)]
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
