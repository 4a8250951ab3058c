"""The compiled way of a layout makes the lines of entities that the other makes, or leaves the document to that one."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.broken import BreakoutMapper, News
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.json_text import json_text
from tests.unit.relational.breakout.entities import REPEATING

TOML = """name = "w"
[breakout.entities]
person = { path = ["$.who[*]", "$.one", "$.by.*"], key = "id" }
node = { path = "$.tree", key = ["id", "kind"], recurse = "below[*]" }
place = { path = "$.who[*].born", key = "at" }
"""


def _mapper(documents: list[Any], varying: list[str]) -> BreakoutMapper:
    seen = Seen(varying={"person": frozenset((name,) for name in varying)})
    for one in documents:
        seen.add(one)
    mapper = mapper_of(read_slip({"slip.toml": TOML, EVIDENCE: written_evidence(seen)}, "public"))
    assert isinstance(mapper, BreakoutMapper)
    return mapper


def _fields(line: str, *, entity: bool) -> list[Any]:
    """Take a line apart: of an entity without its position, which says in which order the ways have come by."""
    *fields, rest = line.split("\t")
    said = None if rest == r"\N" else json.loads(rest.replace("\\\\", "\\"), parse_float=str, parse_int=str)
    return [*fields[:2], *fields[3 if entity else 2 :], said]


def _outcome(mapper: BreakoutMapper, document: Any) -> Any:
    lines = mapper.begin()
    try:
        assert mapper.map(Staged(7, json_text(document).encode(), "s", ""), document, lines) is True
    except News:
        return "news"
    first = len(lines) - 3
    made = [[_fields(line, entity=number >= first) for line in table] for number, table in enumerate(lines)]
    return [sorted(found, key=repr) if number >= first else found for number, found in enumerate(made)]


@settings(max_examples=150)
@given(
    st.lists(REPEATING, min_size=1, max_size=4),
    st.lists(REPEATING, max_size=2),
    st.lists(st.sampled_from(["name", "on"]), max_size=2),
)
def test_both_ways_make_the_same_of_documents_that_repeat_things(known: list[Any], others: list[Any], varying: list[str]) -> None:
    mapper = _mapper(known, varying)
    for one in [*known, *others]:
        made = _outcome(mapper, one)
        quick, mapper._quick = mapper._quick, None
        assert _outcome(mapper, one) == made
        mapper._quick = quick


def test_documents_as_most_are_take_the_compiled_way() -> None:
    document = {
        "who": [{"id": 1, "name": "x", "born": {"at": "Ulm", "in": 1900}}, {"id": "A", "on": True}],
        "tree": {"id": 1, "kind": "a", "name": "top", "below": [{"id": 2, "kind": "a", "name": "below", "below": []}]},
        "one": {"id": 3},
    }
    mapper = _mapper([document], ["name"])
    assert mapper._quick is not None
    lines = mapper.begin()
    assert mapper._quickly(mapper._quick, Staged(7, b"", "s", ""), document, "0" * 32, [], lines)
    assert [len(found) for found in lines[-3:]] == [3, 2, 1]
    for odd in ({"id": None, "name": "x"}, {"name": "x"}, {"id": 1.0, "name": "x"}):
        other = {"who": [odd]}
        mapper = _mapper([document, other], ["name"])
        assert mapper._quick is not None
        assert not mapper._quickly(mapper._quick, Staged(7, b"", "s", ""), other, "0" * 32, [], lines := mapper.begin())
        assert not any(lines)


@pytest.mark.parametrize(
    ("there", "here", "more"),
    [("x", 5, "x"), (5, "x", 5), (True, "x", True), (0.5, 5, 0.5), (0.5, 5, 2**63), ("x", "2024-02-29", "soon")],
)
def test_what_an_entity_was_never_seen_with_at_a_place_is_news_there_though_it_was_at_another(
    there: Any, here: Any, more: Any
) -> None:
    mapper = _mapper([{"one": {"id": 1, "name": there}, "who": [{"id": 2, "name": here}]}], [])
    assert mapper._quick is not None
    assert _outcome(mapper, {"who": [{"id": 2, "name": more}]}) == "news"
    assert _outcome(mapper, {"one": {"id": 1, "name": there}, "who": [{"id": 2, "name": here}]}) != "news"


@pytest.mark.parametrize("contract", ["evolve", "freeze"])
@pytest.mark.parametrize("odd", ["u", True, 2**70, 1.5])
def test_what_an_entity_takes_of_another_place_is_unseen_where_it_was_not_seen(contract: str, odd: Any) -> None:
    seen = Seen()
    for one in (
        {"seller": {"id": 1, "x": 1}},
        {"buyer": {"id": 2, "x": "t"}},
        {"buyer": {"id": 2, "x": True}},
        {"buyer": {"x": 1.5}},
    ):
        seen.add(one)
    people = '[breakout.entities]\nperson = { path = ["$.seller", "$.buyer"], key = "id" }\n'
    toml = f'name = "t"\n[breakout]\ncontract = "{contract}"\n{people}'
    mapper = mapper_of(read_slip({"slip.toml": toml, EVIDENCE: written_evidence(seen)}, "public"))
    assert isinstance(mapper, BreakoutMapper)
    assert mapper._quick is not None
    for compiled in (mapper._quick, None):
        mapper._quick = compiled
        known, unseen = ({"seller": {"id": 3, "x": value}} for value in (7, odd))
        assert mapper.map(Staged(1, json_text(known).encode(), "s", ""), known, mapper.begin()) is True
        try:
            made = mapper.map(Staged(1, json_text(unseen).encode(), "s", ""), unseen, mapper.begin())
        except News:
            assert contract == "evolve"
            continue
        assert isinstance(made, Reject)
        assert made.reason == "frozen"


def test_texts_of_a_form_at_one_place_have_that_form_though_the_entity_takes_any() -> None:
    seen = Seen()
    for one in ({"who": [{"id": 1, "on": "2024-02-29"}]}, {"one": {"id": 2, "on": "x"}}):
        seen.add(one)
    mapper = mapper_of(read_slip({"slip.toml": TOML, EVIDENCE: written_evidence(seen)}, "public"))
    assert isinstance(mapper, BreakoutMapper)
    assert mapper._quick is not None
    for text, lands in (("2023-01-31", True), ("2023-02-31", False)):
        document, lines = {"who": [{"id": 3, "on": text}]}, mapper.begin()
        assert mapper._quickly(mapper._quick, Staged(7, b"", "s", ""), document, "0" * 32, [], lines) is lands
