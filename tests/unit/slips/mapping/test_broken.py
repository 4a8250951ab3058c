"""A document broken out becomes COPY lines with lineage and identities."""

import json
from typing import Any

import pytest

from etl_actors.relational.breakout.evidence import written_evidence
from etl_actors.relational.breakout.keys import without_key
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.identity import child_identity, document_identity, key_identity
from etl_actors.relational.reject import Reject
from etl_actors.slips.mapping.broken import BreakoutMapper, News
from etl_actors.slips.mapping.mapper import mapper_of
from etl_actors.slips.model.breakout import EVIDENCE
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged, decode


def _mapper(documents: list[Any], key: tuple[str, ...] = (), contract: str = "evolve") -> BreakoutMapper:
    seen = Seen()
    for one in documents:
        seen.add(without_key(one, key))
    text = f'name = "shop"\n[breakout]\nkey = {json.dumps(key)}\non_duplicate = "update"\ncontract = "{contract}"\n'
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


def test_a_key_makes_the_identity_and_values_that_are_one_text_are_one() -> None:
    mapper = _mapper([{"id": 1.5}, {"id": "A"}, {"id": True}], ("id",))
    assert mapper.tables[0].key == ("id",)
    assert [(column.name, column.type) for column in mapper.tables[0].columns] == [("id", "text"), ("_rest", "jsonb")]
    for value, rest in ((1, r"\N"), (1.0, '{"/id":1.0}'), ("1", '{"/id":"1"}')):
        made = _mapped(mapper, {"id": value})
        assert isinstance(made, dict)
        assert made["shop"] == [[key_identity("shop", ["s1"]), "7", "1", rest]]


def test_a_key_stays_one_column_whatever_its_values_were() -> None:
    few, many = _mapper([{"id": 1}], ("id",)), _mapper([{"id": 1}, {"id": 1.5}, {"id": "A"}], ("id",))
    assert few.tables == many.tables
    assert _mapped(few, {"id": 1}) == _mapped(many, {"id": 1})


def test_a_document_without_its_key_is_rejected_whatever_else_it_holds() -> None:
    mapper = _mapper([{"id": 1, "a": 2}, {"id": None}], ("id",))
    for document in ({"a": 3}, {"id": None}, {"never": ["seen"]}, [{"id": 1}], {"id": {"id": 1}}):
        reject = _mapped(mapper, document)
        assert isinstance(reject, Reject)
        assert reject.reason == "null_key"
        assert reject.message.startswith("expected a number or a text for `id`, which is in the key of `shop`, got ")


def test_a_document_of_another_shape_is_to_be_looked_at() -> None:
    mapper = _mapper([{"id": 1, "a": 2}], ("id",))
    for document in ({"id": 1, "a": "x"}, {"id": 1, "b": None}, {"id": 1, "a": 10**30}):
        with pytest.raises(News):
            _mapped(mapper, document)


@pytest.mark.parametrize(
    ("document", "got", "path", "table"),
    [
        ({"a": "x"}, '"x" at /a', "/a", "public.shop"),
        ({"b": None}, "null at /b", "/b", "public.shop"),
        ({"o": {"x/y": [1]}}, "[1] at /o/x~1y", "/o/x~1y", "public.shop"),
        ({"t": [1, {"c": "z" * 70}]}, f'{{"c":"{"z" * 54}… at / of an item of `shop__t`', "/t/1", "public.shop__t"),
        ([1], "[1] at /", "", "public.shop"),
    ],
)
def test_by_freeze_a_document_without_a_place_is_rejected_with_what_has_none(
    document: Any, got: str, path: str, table: str
) -> None:
    known = [{"a": 1, "t": [1], "o": {"q": 1}}]
    reject = _mapped(_mapper(known, contract="freeze"), document)
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.detail) == ("frozen", {"table": table, "path": path})
    assert reject.message == f"expected a document that has a place in the tables as they are (contract = freeze), got {got}"


def test_by_discard_row_it_is_skipped() -> None:
    mapper = _mapper([{"a": 1}], contract="discard_row")
    lines = mapper.begin()
    assert mapper.map(Staged(1, b'{"a": "x"}', "s", ""), {"a": "x"}, lines) is False
    assert not any(lines)
    assert mapper.map(Staged(2, b'{"a": 2}', "s", ""), {"a": 2}, lines) is True


def test_a_document_that_has_a_place_lands_under_every_contract() -> None:
    known, document = [{"a": 1, "t": [1], "b": "2024-02-29"}, {"b": None}], {"t": [2, 3], "b": "2024-03-01"}
    made = [_mapped(_mapper(known, contract=contract), document) for contract in ("evolve", "freeze", "discard_row")]
    assert isinstance(made[0], dict)
    assert made[0] == made[1] == made[2]


def _standing(text: str) -> BreakoutMapper:
    seen = Seen()
    seen.add({"a": 1})
    mapper = mapper_of(read_slip({"slip.toml": f'name = "shop"\n[breakout]\n{text}', EVIDENCE: written_evidence(seen)}, "public"))
    assert isinstance(mapper, BreakoutMapper)
    return mapper


def test_a_version_has_a_part_in_the_identity() -> None:
    mapper = _standing('key = ["id"]\non_duplicate = "history(v)"\ncolumns.id = "@row_id | text"\ncolumns.v = "a | numeric"\n')
    made = _mapped(mapper, {"a": 1})
    assert isinstance(made, dict)
    assert made["shop"] == [[key_identity("shop", ["s7", "n1e0"]), "7", "7", "1", "1", r"\N"]]


def test_a_marker_is_a_tombstone_whatever_else_it_holds_and_whatever_the_key_is_made_of() -> None:
    by_fields = _standing('key = ["id"]\non_duplicate = "update"\ndelete_when = "gone == true"\n')
    made = _mapped(by_fields, {"id": 1.50, "gone": True, "unseen": [1]})
    assert made == {"shop": [], "shop_deleted": [[key_identity("shop", ["s1.5"]), "7", "1.5"]]}
    by_column = _standing(
        'key = ["id"]\non_duplicate = "history(v)"\ndelete_when = "gone == true"\nwhen = "exists(a)"\n'
        'columns.v = "v | numeric"\ncolumns.id = "id | lower | text"\n'
    )
    made = _mapped(by_column, {"id": "X\tY", "v": 2.50, "gone": True, "unseen": [1]})
    assert made == {"shop": [], "shop_deleted": [[key_identity("shop", ["sx\ty", "n25e-1"]), "7", "2.5", r"x\ty"]]}
    for mapper in (by_fields, by_column):
        assert mapper.deletes(Staged(1, b"", "s", ""), {"id": "x", "v": 1, "gone": True})
        assert not mapper.deletes(Staged(1, b"", "s", ""), {"id": "x", "v": 1, "a": 1})
        refused = _mapped(mapper, {"gone": True, "v": 1})
        assert isinstance(refused, Reject)
        assert refused.reason == "null_key"


@pytest.mark.parametrize("more", ["", 'when = "$.a == 1"', 'columns.b = "$.a | int"', "[input]\norigin = true"])
def test_the_file_and_line_that_a_document_came_from_are_never_part_of_its_identity(more: str) -> None:
    seen = Seen()
    seen.add({"_file": "x", "_line": 1, "a": 1})
    text = f'name = "shop"\n[breakout]\n{more}\n'
    slip = read_slip({"slip.toml": text, EVIDENCE: written_evidence(seen)}, "public")
    assert slip.has_origin
    mapper = mapper_of(slip)
    assert isinstance(mapper, BreakoutMapper)
    ids = set()
    for origin in ({"_file": "x", "_line": 1}, {"_file": "y", "_line": 2}, {}):
        made = _mapped(mapper, origin | {"a": 1})
        assert isinstance(made, dict)
        ids.add(made["shop"][0][0])
    assert ids == {document_identity("shop", b'{"a": 1}')}


def test_a_null_in_the_key_is_told_from_none() -> None:
    mapper = _mapper([{"id": 1}], ("id",))
    told = []
    for document in ({"id": None}, {}):
        reject = _mapped(mapper, document)
        assert isinstance(reject, Reject)
        told.append(reject.message.rpartition(", ")[2])
    assert told == ["got null", "got none"]
