"""Target tables made by hand: a note with its tags, their bits, and vendors that have a key of their own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject
from etl_actors.relational.tables import Column, Kind, Policy, Table

__all__ = ["Note", "Shape", "identity", "line", "parsed", "shape"]

_SPACE = UUID(int=0)
_IDENTITY = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Note:
    """One document.

    Args:
        row_id: of its staged row.
        key: of the root.
        title: of the root; None is null.
        tags: each with its bits: a keyless child and its keyless grandchildren.
        vendors: name and rating: a child with a key of its own.
    """

    row_id: int
    key: int
    title: str | None = "a"
    tags: Sequence[tuple[str, Sequence[int]]] = ()
    vendors: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """The four tables that a note goes to; parents before children."""

    root: Table
    tag: Table
    bit: Table
    vendor: Table

    @property
    def all(self) -> tuple[Table, ...]:
        """All four."""
        return (self.root, self.tag, self.bit, self.vendor)


def shape(
    policy: Policy, vendors: Policy | None = None, name: str = "note", vendor: str = "vendor", title: str = "text"
) -> Shape:
    """Make the tables.

    Args:
        policy: of the root.
        vendors: of the keyed child; as the root's where it is not given.
        name: of the root.
        vendor: of the keyed child.
        title: the type of the root's column.
    """
    public = "public"
    root = f"{public}.{name}"
    return Shape(
        Table(public, name, Kind.ROOT, policy, ("key",), (Column("key", "int"), Column("title", title)), None),
        Table(public, f"{name}_tag", Kind.SET, policy, (), (Column("tag", "text"),), root),
        Table(public, f"{name}_bit", Kind.SET, policy, (), (Column("bit", "int"),), f"{root}_tag"),
        Table(
            public,
            vendor,
            Kind.OWN,
            vendors or policy,
            ("name",),
            (Column("name", "text"), Column("rating", "int")),
            root,
        ),
    )


def identity(table: Table, *key: object) -> str:
    """Give a row's `_id`: like the real ones a function of the table's name and the key."""
    return str(uuid5(_SPACE, repr((table.name, *key))))


def parsed(
    tables: Shape | Table, notes: Iterable[Note], rejects: Iterable[Reject] = (), skipped: Iterable[int] = (), slip: str = "note"
) -> Parsed:
    """Make what a parser would have made of the notes.

    Args:
        tables: all four, or the root alone.
        notes: the rows that were taken.
        rejects: the rows that were not.
        skipped: those that the slip asked no row for.
        slip: the name of the slip.
    """
    wanted = tables.all if isinstance(tables, Shape) else (tables,)
    lines: list[list[str]] = [[] for _ in wanted]
    for note in notes:
        root = identity(wanted[0], note.key)
        lines[0].append(line(root, note.row_id, note.key, note.title))
        if isinstance(tables, Shape):
            _children(tables, note, root, lines)
    blocks = tuple(Block.of_lines(table, rows) for table, rows in zip(wanted, lines, strict=True))
    return Parsed(slip, f"digest of {slip}", blocks, tuple(rejects), tuple(skipped))


def _children(tables: Shape, note: Note, root: str, lines: list[list[str]]) -> None:
    for index, (tag, bits) in enumerate(note.tags):
        tag_id = identity(tables.tag, root, index)
        lines[1].append(line(tag_id, note.row_id, root, root, index, tag))
        for place, bit in enumerate(bits):
            lines[2].append(line(identity(tables.bit, tag_id, place), note.row_id, tag_id, root, place, bit))
    for index, (name, rating) in enumerate(note.vendors):
        vendor_id = identity(tables.vendor, name)
        lines[3].append(line(vendor_id, note.row_id, root, root, index, len(lines[3]), name, rating))


def line(*fields: object) -> str:
    """Write a line of COPY, without its newline; None is null, and an identity is written as mappers write it, of hexadecimal digits alone."""
    return "\t".join(map(_field, fields))


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    text = str(value)
    return text.replace("-", "") if _IDENTITY.fullmatch(text) else text
