"""The rows that a batch has for one table come out of a block as they went in, and tell of which document each is."""

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.block import Block
from etl_actors.relational.packed import HEAD, identity_array, row_head
from etl_actors.relational.tables import Kind, Policy, Table

_ROOT = Table("public", "shop", Kind.ROOT, Policy.IGNORE, (), (), None)
_SET = Table("public", "shop_tag", Kind.SET, Policy.IGNORE, (), (), "public.shop")

_ROW_IDS = st.integers(1, 2**63 - 1)
_NUMBERS = st.integers(0, 2**128 - 1)
_TEXTS = st.text(st.characters(exclude_characters="\n\t\0", exclude_categories=["Cs"]))


def _line(number: int, row_id: int, text: str) -> str:
    return f"{number:032x}\t{row_id}\t{text}"


def _packed(number: int, row_id: int, text: bytes) -> bytes:
    own = f"{number:032x}"
    return row_head((own, own, own), row_id, 0) + pack(">i", len(text)) + text


@given(st.lists(st.tuples(_NUMBERS, _ROW_IDS, _TEXTS)))
def test_lines_come_out_as_they_went_in(rows: list[tuple[int, int, str]]) -> None:
    lines = [_line(*row) for row in rows]
    block = Block.of_lines(_ROOT, lines)
    assert not block.packed
    assert [line.decode() for line in block.each()] == lines
    assert block.rows == len(lines)
    assert block.identities(block.each()) == [b"%032x" % number for number, _, _ in rows]
    assert block.marks(block.each()) == [block.mark(row_id) for _, row_id, _ in rows]
    numbers = [number for number, _, _ in rows]
    assert block.twins == {b"%032x" % number for number in numbers if numbers.count(number) > 1}


@given(st.lists(st.tuples(_NUMBERS, _ROW_IDS, st.binary(max_size=20)), max_size=20), st.sampled_from([1, 250]))
def test_packed_rows_come_out_as_they_went_in_also_in_pieces(rows: list[tuple[int, int, bytes]], times: int) -> None:
    packed = [_packed(*row) for row in rows] * times
    block = Block.of_packed(_SET, packed)
    assert block.packed
    assert block.each() == packed
    assert block.rows == len(packed)
    assert block.marks(block.each()) == [block.mark(row_id) for _, row_id, _ in rows] * times
    pieces = [*block.pieces()]
    assert all(pieces)
    assert [row for piece in pieces for row in piece] == packed


@given(st.lists(st.tuples(_NUMBERS, _ROW_IDS, st.binary(max_size=20))), st.data())
def test_a_block_of_some_of_the_rows_has_just_these(rows: list[tuple[int, int, bytes]], data: st.DataObject) -> None:
    for block in (
        Block.of_lines(_ROOT, [_line(number, row_id, text.hex()) for number, row_id, text in rows]),
        Block.of_packed(_SET, [_packed(*row) for row in rows]),
    ):
        some = [row for row in block.each() if data.draw(st.booleans())]
        left = block.having(some)
        assert (left.each(), left.rows, left.packed, left.table) == (some, len(some), block.packed, block.table)


def test_identities_are_an_array_in_postgresqls_binary_format() -> None:
    """Source: array_send and uuid_send: one dimension, no null, the type's oid, so many from 1; each its length and its bytes."""
    block = Block.of_lines(_ROOT, [_line(1, 1, ""), _line(2**128 - 1, 2, "")])
    elements = pack(">i", 16) + bytes(15) + b"\1" + pack(">i", 16) + b"\xff" * 16
    assert identity_array(block.ids, block.rows) == pack(">iiIii", 1, 0, 2950, 2, 1) + elements
    assert HEAD.size == 80, "the fields of a row before those of its columns"
