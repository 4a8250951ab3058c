"""The compiled way of a layout makes the lines that the other makes, or leaves the document to that one."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.fitting import Contract
from etl_actors.relational.breakout.keys import without_key
from etl_actors.relational.breakout.seen import MOST_DEPTH, Seen
from etl_actors.slips.mapping.broken import BreakoutMapper, News
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.json_text import json_text
from tests.unit.relational.breakout.documents import DOCUMENTS, KEYS, NAMES


def _mapper(documents: list[Any], key: tuple[str, ...] = (), contract: str = "evolve", more: str = "") -> BreakoutMapper:
    seen = Seen()
    for one in documents:
        seen.add(without_key(one, key))
    known = f"key = {json.dumps(key)}\n" if key else ""
    text = f'name = "shop"\n[breakout]\n{known}contract = "{contract}"\n{more}'
    mapper = mapper_of(read_slip({"slip.toml": text, EVIDENCE: written_evidence(seen)}, "public"))
    assert isinstance(mapper, BreakoutMapper)
    return mapper


def _fields(line: str) -> list[Any]:
    """Take a line apart; members of what the columns do not say have no order."""
    *fields, rest = line.split("\t")
    said = None if rest == r"\N" else json.loads(rest.replace("\\\\", "\\"), parse_float=str, parse_int=str)
    return [*fields, said]


def _outcome(mapper: BreakoutMapper, document: Any) -> Any:
    lines = mapper.begin()
    try:
        made = mapper.map(Staged(7, json_text(document).encode(), "s", ""), document, lines)
    except News:
        assert not any(lines)
        return "news"
    return made, [[_fields(line) for line in table] for table in lines]


def _both(mapper: BreakoutMapper, document: Any) -> tuple[Any, Any]:
    made = _outcome(mapper, document)
    quick, mapper._quick = mapper._quick, None
    other = _outcome(mapper, document)
    mapper._quick = quick
    return made, other


def _takes(mapper: BreakoutMapper, document: Any, given: list[str] | None = None) -> bool:
    assert mapper._quick is not None
    lines = mapper.begin()
    took = mapper._quickly(mapper._quick, Staged(7, b"", "s", ""), document, "0" * 32, given or [], lines)
    assert took == any(lines)
    return took


@settings(max_examples=150)
@given(st.lists(DOCUMENTS, min_size=1, max_size=6), st.lists(DOCUMENTS, max_size=3), st.sampled_from([*Contract]))
def test_both_ways_make_the_same_of_any_document(known: list[Any], others: list[Any], contract: Contract) -> None:
    mapper = _mapper(known, contract=contract.value)
    for one in [*known, *others]:
        made, other = _both(mapper, one)
        assert made == other


@settings(max_examples=100)
@given(st.lists(st.dictionaries(NAMES, DOCUMENTS, max_size=4), min_size=1, max_size=5), st.data())
def test_both_ways_make_the_same_of_documents_with_a_key(known: list[dict[str, Any]], data: st.DataObject) -> None:
    keyed = [{**one, "a": data.draw(KEYS)} for one in known]
    mapper = _mapper(keyed[:-1] or keyed, ("a",))
    for one in [*keyed, known[0]]:
        made, other = _both(mapper, one)
        assert made == other


FILM = {
    "title": "Ice\t\\ 1",
    "at": "2024-02-29",
    "cast": ["A", None],
    "year": 1901,
    "price": 1.5,
    "crew": {"lead": {"name": "B"}},
}
LIST: dict[str, Any] = {"cast": [], "crew": {}, "title": None, "seen": True, "by": [{"n": 2, "t": ["x"]}, {"n": 3}]}
MAP = {"stats": {"1.0": {"y": 1}, "2.0": {"y": 2}}}


def test_it_takes_documents_as_they_mostly_are() -> None:
    for known in ([FILM], [LIST], [MAP], [FILM, LIST, MAP]):
        mapper = _mapper(known)
        for one in known:
            assert _takes(mapper, one)
            made, other = _both(mapper, one)
            assert made == other


def test_it_takes_objects_as_deep_as_they_are_taken_apart() -> None:
    document: Any = {"a": 1}
    for _ in range(MOST_DEPTH - 1):
        document = {"a": document, "b": "x"}
    mapper = _mapper([document])
    assert _takes(mapper, document)
    made, other = _both(mapper, document)
    assert made == other


@pytest.mark.parametrize(
    "document",
    [
        {"title": 1},
        {"other": 1},
        {"year": None},
        {"year": 2**63},
        {"at": "tomorrow"},
        {"cast": ["A", 1]},
        {"cast": {}},
        {"crew": {"lead": None}},
        {"crew": {"lead": {"name": "B"}, "second": {}}},
        [FILM],
        "film",
    ],
)
def test_news_is_left_and_nothing_is_appended(document: Any) -> None:
    mapper = _mapper([FILM])
    assert not _takes(mapper, document)
    assert _both(mapper, document) == ("news", "news")


def test_an_object_that_is_larger_than_any_before_is_left() -> None:
    mapper = _mapper([{"a": 1, "b": 2}, {"c": 3}])
    assert not _takes(mapper, {"a": 1, "b": 2, "c": 3})


def test_a_key_that_its_text_does_not_tell_is_left() -> None:
    mapper = _mapper([{"id": "A", "n": 1}], ("id",))
    assert _takes(mapper, {"id": 1, "n": 1})
    assert not _takes(mapper, {"id": "1", "n": 1})


def test_columns_that_expressions_make_are_in_their_places() -> None:
    mapper = _mapper([FILM, LIST], more="columns.upper = 'title | upper | text'\ncolumns.year = 'year | text'\n")
    assert _takes(mapper, FILM, [r"ICE", "1901"])
    made, other = _both(mapper, FILM)
    assert made == other


def test_layouts_with_json_columns_or_unlikely_maps_are_not_compiled() -> None:
    deep: Any = {}
    for _ in range(MOST_DEPTH + 1):
        deep = [deep]
    alike = {f"name{letter}": {"y": 1} for letter in "abcdefgh"}
    for known in ([deep], [alike], [{f"n{number}": 1 for number in range(100)}]):
        mapper = _mapper(known)
        assert mapper._quick is None
        assert _outcome(mapper, known[0]) != "news"
