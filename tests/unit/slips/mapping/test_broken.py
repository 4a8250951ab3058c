"""A document broken out becomes COPY lines with lineage and identities."""

import json
from typing import Any

from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.identity import child_identity, document_identity, key_identity
from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.broken import BreakoutMapper
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged, decode


def _mapper(documents: list[Any], key: tuple[str, ...] = ()) -> BreakoutMapper:
    seen = Seen()
    for one in documents:
        seen.add(one)
    text = f'name = "shop"\n[breakout]\nkey = {json.dumps(key)}\non_duplicate = "update"\n'
    mapper = mapper_of(read_slip({"slip.toml": text, EVIDENCE: written_evidence(seen)}, "public"))
    assert isinstance(mapper, BreakoutMapper)
    return mapper


def _mapped(mapper: BreakoutMapper, document: Any, row_id: int = 7) -> dict[str, list[list[str]]] | Reject:
    raw = json.dumps(document).encode()
    lines = mapper.begin()
    made = mapper.map(Staged(row_id, raw, "s", ""), decode(raw), lines)
    if isinstance(made, Reject):
        assert not any(lines)
        return made
    return {table.name: [line.split("\t") for line in found] for table, found in zip(mapper.tables, lines, strict=True)}


def test_a_document_is_known_by_all_that_it_holds_and_its_items_by_their_place() -> None:
    document = {"a": 1, "t": ["x\ty", None], "at": "2024-03-09T10:00:00.120Z", "e": []}
    made = _mapped(_mapper([document]), document)
    assert isinstance(made, dict)
    root = document_identity("shop", json.dumps(document).encode())
    rest = '{"/at":"2024-03-09T10:00:00.120Z","/e":[]}'
    assert made == {
        "shop": [[root, "7", "1", "2024-03-09T10:00:00.120Z", rest]],
        "shop__t": [
            [child_identity("shop__t", root, 0), "7", root, root, "0", r"x\ty", r"\N"],
            [child_identity("shop__t", root, 1), "7", root, root, "1", r"\N", '{"":null}'],
        ],
    }


def test_a_key_makes_the_identity_and_numbers_that_are_equal_make_one() -> None:
    mapper = _mapper([{"id": 1}, {"id": 1.5}], ("id",))
    one, other = _mapped(mapper, {"id": 1}), _mapped(mapper, {"id": 1.0})
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    assert one["shop"][0][0] == other["shop"][0][0] == key_identity("shop", ["n1e0"])
    assert mapper.tables[0].key == ("id",)


def test_a_key_that_is_a_number_here_and_a_text_there_is_a_text() -> None:
    mapper = _mapper([{"id": 1}, {"id": "A"}, {"id": True}], ("id",))
    assert [(column.name, column.type) for column in mapper.tables[0].columns] == [("id", "text"), ("_rest", "jsonb")]
    made = _mapped(mapper, {"id": 1})
    assert isinstance(made, dict)
    assert made["shop"] == [[key_identity("shop", ["s1"]), "7", "1", '{"/id":1}']]


def test_a_document_without_its_key_is_rejected() -> None:
    mapper = _mapper([{"id": 1, "a": 2}, {"id": None}], ("id",))
    for document in ({"a": 3}, {"id": None}):
        reject = _mapped(mapper, document)
        assert isinstance(reject, Reject)
        assert reject.reason == "null_key"
        assert reject.message == "expected a number or a text for `id`, which is in the key of `shop`, got none"


def test_a_key_that_no_document_has_had_is_none_yet() -> None:
    assert _mapper([{"a": 1}], ("id",)).tables[0].key == ()
