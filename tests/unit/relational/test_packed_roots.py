"""A block tells the same of rows of a root whether they are lines or packed."""

from etl_actors.relational.block import Block
from etl_actors.relational.packed import NO_FIELD, PACKERS, root_head
from etl_actors.relational.tables import Column, Kind, Policy, Table

_TABLE = Table("public", "shop", Kind.ROOT, Policy.IGNORE, (), (Column("t", "text"),), None)
_ROWS = [
    ("0123456789abcdef" * 2, 12, "a"),
    ("1020304050607080" * 2, 7, None),
    ("1020304050607080" * 2, 2**62, "ü"),
    ("f0" * 16, 3, ""),
]


def _blocks() -> tuple[Block, Block]:
    lines = [f"{one}\t{row_id}\t{chr(92) + 'N' if text is None else text}" for one, row_id, text in _ROWS]
    packed = [root_head(one, row_id) + (NO_FIELD if text is None else PACKERS["text"](text)) for one, row_id, text in _ROWS]
    return Block.of_lines(_TABLE, lines), Block.of_packed(_TABLE, packed)


def test_rows_have_the_same_identities_and_row_ids_as_lines_and_packed() -> None:
    lines, packed = _blocks()
    assert packed.ids == lines.ids
    assert packed.twins == lines.twins == {b"1020304050607080" * 2}
    for block in (lines, packed):
        rows = block.each()
        assert block.identities(rows) == [one.encode() for one, _, _ in _ROWS]
        assert block.row_ids(rows) == [row_id for _, row_id, _ in _ROWS]
        assert block.marks(rows) == [block.mark(row_id) for _, row_id, _ in _ROWS]


def test_some_of_the_rows_are_a_block_that_tells_nothing_of_identities() -> None:
    for block in _blocks():
        some = block.having(block.each()[1:3])
        assert (some.rows, some.each(), some.packed) == (2, block.each()[1:3], block.packed)
        assert not some.ids
        assert not some.twins
