"""A packed row says what the line says that would be there in its place, whichever way it was made."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.block import Block
from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.json_text import json_text
from tests.support.packed import lines_of
from tests.unit.relational.breakout.documents import DOCUMENTS


def _mapper(documents: list[Any], *, packed: bool, quick: bool = True) -> BreakoutMapper:
    seen = Seen()
    for one in documents:
        seen.add(one)
    slip = read_slip({"slip.toml": 'name = "shop"\n[breakout]\n', EVIDENCE: written_evidence(seen)}, "public")
    mapper = mapper_of(slip, packed=packed)
    assert isinstance(mapper, BreakoutMapper)
    if not quick:
        mapper._quick = None
    return mapper


def _rows(mapper: BreakoutMapper, documents: list[Any]) -> list[list[Any]]:
    lines = mapper.begin()
    for row_id, one in enumerate(documents, 1):
        assert mapper.map(Staged(row_id, json_text(one).encode(), "s", ""), one, lines)
    blocks = (
        Block.of_packed(table, rows) if number in mapper.packed else Block.of_lines(table, rows)
        for number, (table, rows) in enumerate(zip(mapper.tables, lines, strict=True))
    )
    return [[_fields(line) for line in lines_of(block)] for block in blocks]


def _fields(line: str) -> list[Any]:
    *fields, rest = line.split("\t")
    return [*fields, None if rest == r"\N" else json.loads(rest.replace("\\\\", "\\"), parse_float=str, parse_int=str)]


@settings(max_examples=150)
@given(st.lists(DOCUMENTS, min_size=1, max_size=6))
def test_packed_rows_say_what_lines_say(documents: list[Any]) -> None:
    wanted = _rows(_mapper(documents, packed=False), documents)
    assert _rows(_mapper(documents, packed=True), documents) == wanted
    assert _rows(_mapper(documents, packed=True, quick=False), documents) == wanted


_ITEMS = [
    {"i": -(2**63), "t": "a\tb\\c\n", "b": True, "n": None},
    {"i": 2**63 - 1, "t": "ü" * 600, "b": False, "e": {}, "l": [], "k": {"1": {"x": "y"}, "2": {"x": "z"}}},
    {"t": "", "k": {"3": {"x": ""}}},
    "text",
    7,
]


def test_all_that_can_be_packed_is() -> None:
    documents: list[Any] = [{"items": _ITEMS, "flags": [True, None]}, {"items": [], "moments": ["2024-02-29"], "parts": [1.5]}]
    mapper = _mapper(documents, packed=True)
    assert {mapper.tables[number].name for number in mapper.packed} == {"shop", "shop__items", "shop__items__k", "shop__flags"}
    assert mapper._quick is not None
    wanted = _rows(_mapper(documents, packed=False), documents)
    assert _rows(mapper, documents) == wanted
    assert _rows(_mapper(documents, packed=True, quick=False), documents) == wanted


def _named(text: str, documents: list[Any]) -> set[str]:
    seen = Seen()
    for one in documents:
        seen.add(one)
    slip = read_slip({"slip.toml": f'name = "shop"\n[breakout]\n{text}', EVIDENCE: written_evidence(seen)}, "public")
    mapper = mapper_of(slip, packed=True)
    assert isinstance(mapper, BreakoutMapper)
    return {mapper.tables[number].name for number in mapper.packed}


def test_a_root_is_packed_where_its_documents_are_known_by_all_that_they_have_and_no_column_needs_text() -> None:
    plain: list[Any] = [{"no": 1, "t": "x", "b": True, "n": None, "l": [1]}]
    assert _named("", plain) == {"shop", "shop__l"}
    assert _named('key = ["no"]', plain) == {"shop__l"}
    assert _named("", [{"no": 1.5, "l": [1]}]) == {"shop__l"}
    assert _named("", [{"no": "2024-02-29", "l": [1]}]) == {"shop__l"}


@pytest.mark.parametrize("packed", [True, False])
def test_of_a_document_that_is_left_half_way_no_row_stays(*, packed: bool) -> None:
    known = {"items": [{"t": "x"}], "z": 1}
    mapper = _mapper([known], packed=packed)
    lines = mapper.begin()
    assert mapper.map(Staged(1, b"{}", "s", ""), known, lines)
    kept = [[*rows] for rows in lines]
    assert mapper._quick is not None
    assert not mapper._quickly(mapper._quick, Staged(11, b"", "s", ""), {"items": [{"t": "y"}], "z": "no"}, "0" * 32, [], lines)
    assert lines == kept
