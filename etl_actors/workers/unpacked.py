"""Packed rows as the COPY lines that they stand for: where a column's type is no longer one that is packed."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from etl_actors.relational.packed import NUMBER, fields_behind, head_size, packed_head
from etl_actors.relational.tables import Table
from etl_actors.slips.casts.column_type import NULL, copy_escaped

__all__ = ["unpacked"]

_SIZE = 4  # bytes of a field's length, which is before its value
_READ: Mapping[str, Callable[[bytes], str]] = {
    "text": lambda field: copy_escaped(field[_SIZE:].decode()),
    "bigint": lambda field: str(NUMBER.unpack(field)[1]),
    "boolean": lambda field: "t" if field[_SIZE] else "f",
    "jsonb": lambda field: copy_escaped(field[_SIZE + 1 :].decode()),  # behind its version
}


def unpacked(table: Table, rows: Sequence[bytes]) -> Iterator[str]:
    """Write packed rows of a table as COPY lines."""
    head, readers = head_size(table), [_READ[column.type] for column in table.columns]
    for row in rows:
        fields = zip(readers, fields_behind(head, row), strict=True)
        written = (NULL if field[0] & 0x80 else read(field) for read, field in fields)
        yield "\t".join([*packed_head(table, row), *written])
