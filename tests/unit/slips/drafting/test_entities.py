"""Entities are found in documents that repeat them, and what is proposed for them gives each of them one row."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.asked import Every
from etl_actors.relational.breakout.entities import Entity as BrokenOutEntity
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.drafting import repeats as repeats_module
from etl_actors.slips.drafting.breakout import breakout_draft
from etl_actors.slips.drafting.documents import document_draft
from etl_actors.slips.drafting.entities import entity_candidates
from etl_actors.slips.drafting.repeats import Entity, Repeats
from etl_actors.slips.drafting.suggested import entity_tables, path_text
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.json_text import json_text
from tests.unit.relational.breakout.documents import DOCUMENTS, NAMES
from tests.unit.slips.conftest import mapper_of, rows_of


def _seen(documents: Iterable[Any]) -> Seen:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return seen


def _found(documents: list[Any]) -> list[Entity]:
    repeats = Repeats(entity_candidates(_seen(documents)))
    for one in documents:
        repeats.add(one)
    return repeats.found()


def _told(documents: list[Any]) -> list[tuple[str, str | None, str, int, int, list[str]]]:
    return [
        (path_text(one.where.path), one.where.recurse, one.where.key, one.keys, one.places, sorted(one.varying))
        for one in _found(documents)
    ]


def _uncommented(text: str) -> str:
    return "".join(line.removeprefix("# ") for line in text.splitlines(keepends=True))


def _with_proposals(draft: str) -> str:
    """Take the marks away from the entities that a draft of a break-out proposes."""
    kept, mark, proposed = draft.partition("\n# [breakout.entities]\n")
    return kept + _uncommented(mark + proposed)


def _entities(draft: str) -> tuple[BrokenOutEntity, ...]:
    breakout = read_slip({"slip.toml": _with_proposals(draft)}, "public").breakout
    assert breakout is not None
    return breakout.entities


def _ids(documents: list[Any], table: str, column: str = "id") -> set[Any]:
    """Give the values of a column of a table that is proposed."""
    layout = laid_out(_seen(documents), "root")
    mapper = mapper_of(f"[tables.root]\n{_uncommented(entity_tables(_found(documents), layout))}")
    found = set()
    for one in documents:
        rows = rows_of(mapper, one)
        assert isinstance(rows, dict), rows
        found |= {row[column] for row in rows[table]}
    return found


ANN, BEN = {"id": 1, "name": "Ann", "born": 1762}, {"id": 2, "name": "Ben", "born": None}
ARTWORKS: list[Any] = [
    {"by": [{**ANN, "role": "artist"}, {**BEN, "role": "printer"}]},
    {"by": [{**BEN, "role": "artist", "born": 1800}]},
    {"by": [{**ANN, "role": "artist"}], "title": "x"},
]


def test_objects_with_an_id_that_come_again_alike_are_entities() -> None:
    assert _told(ARTWORKS) == [("$.by[*]", None, "id", 2, 4, ["role"])]
    assert _ids(ARTWORKS, "by") == {"1", "2"}


def test_what_varies_is_no_column_of_theirs_and_what_is_null_at_times_is_one() -> None:
    text = entity_tables(_found(ARTWORKS), laid_out(_seen(ARTWORKS), "root"))
    assert text.splitlines() == [
        "",
        '# # 2 entities by "id" in 4 places; what differs from place to place: "role"',
        "# [tables.by]",
        '# each   = "$.by[*]"',
        '# key    = ["id"]',
        '# on_duplicate = "fill"',
        '# columns.born = "born | bigint"',
        '# columns.id = "id | bigint"',
        '# columns.name = "name | text"',
        "# # In [tables.root__by] this leads to it: columns.by_ref = \"id | ref('by')\"",
    ]


@pytest.mark.parametrize(
    "documents",
    [
        [{"by": [ANN, BEN, ANN, BEN]}, {"by": []}],  # in one document only
        [{"price": {"code": "EUR", "amount": n}} for n in range(5)],  # nothing follows from the key
        [{"price": {"code": "EUR", "vat": True}} for _ in range(5)],  # what is always so tells nothing
        [{"offer": {"id": n, "name": str(n)}} for n in range(5)],  # each once
        [{"by": [{**ANN, "id": key}]} for key in (1, "1", 2, "2", 1)],  # no key, but two kinds of values
        [{**ANN}, {**BEN}] * 3,  # the documents themselves
    ],
)
def test_others_are_none(documents: list[Any]) -> None:
    assert _told(documents) == []


def test_a_tree_is_one_kind_of_entities_and_each_leads_to_the_one_above() -> None:
    def subject(number: int, *children: Any) -> Any:
        return {"id": number, "name": f"s{number}", "children": list(children)}

    documents = [
        {"subjects": subject(1, subject(2, subject(3)))},
        {"subjects": subject(1, subject(2, subject(4)), subject(5))},
        {"subjects": None},
    ]
    assert _told(documents) == [("$.subjects", "children", "id", 5, 7, [])]
    assert _ids(documents, "subjects") == {"1", "2", "3", "4", "5"}
    assert len(_ids(documents, "subjects", "above") - {None}) == 2


def test_a_key_that_is_an_object_or_a_list_at_a_lower_level_is_none() -> None:
    documents = [
        {"t": [{"id": n, "name": f"x{n}", "children": [{"id": key, "name": "y"}]}]} for n in (1, 2) for key in ({"a": 1}, [2])
    ]
    (one,) = _found(documents)
    assert (one.keys, one.keyless) == (2, True)


def test_one_object_in_each_of_many_is_one_too() -> None:
    documents = [{"offers": [{"seller": {"seller_id": n % 3, "city": "ABC"[n % 3]}}, {}]} for n in range(9)]
    assert _told(documents) == [("$.offers[*].seller", None, "seller_id", 3, 9, [])]
    assert _ids(documents, "seller", "seller_id") == {"0", "1", "2"}


def test_items_without_a_key_are_passed_over() -> None:
    documents = [*ARTWORKS, {"by": [{"name": "nobody"}, None, "Ann"]}]
    assert _ids(documents, "by") == {"1", "2"}


def test_of_very_many_keys_the_first_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats_module, "_MOST_KEYS", 2)
    (one,) = _found([*ARTWORKS, {"by": [{"id": 3, "name": "Cyd"}]}])
    assert (one.keys, one.more) == (2, True)


_OTHERS = NAMES.filter(lambda name: name != "id")


@st.composite
def _repeating(draw: st.DrawFn) -> list[Any]:
    """Draw documents that repeat objects at a place, most of them alike, and hold whatever else."""
    holder, name = draw(NAMES.filter(lambda name: not name[:1].isdigit())), draw(_OTHERS)
    more = st.dictionaries(_OTHERS.filter(lambda other: other != name), DOCUMENTS, max_size=2)
    thing = st.builds(lambda number, others: {"id": number, name: f"x{number}", **others}, st.integers(1, 3), more)
    several = st.lists(thing, min_size=2, max_size=4)
    things = draw(st.sampled_from([several, several, thing, several | st.lists(thing | DOCUMENTS, max_size=4)]))
    others = st.dictionaries(NAMES.filter(lambda other: other != holder), DOCUMENTS, max_size=2)
    return draw(st.lists(st.builds(lambda rest, held: {**rest, holder: held}, others, things), min_size=4, max_size=8))


@given(_repeating())
def test_what_is_proposed_takes_the_documents_and_gives_each_entity_a_row(documents: list[Any]) -> None:
    found = _found(documents)
    text = _uncommented(entity_tables(found, laid_out(_seen(documents), "root")))
    mapper = mapper_of(f"[tables.root]\n{text}")
    keys: dict[str, set[Any]] = {table.name: set() for table in mapper.tables[1:]}
    for one in documents:
        rows = rows_of(mapper, one, raw=json_text(one).encode())
        assert isinstance(rows, dict), rows
        for name, ids in keys.items():
            ids.update(row["_id"] for row in rows[name])
    assert [len(ids) for ids in keys.values()] == [one.keys for one in found]


@given(_repeating())
def test_drafts_with_proposals_are_slips(documents: list[Any]) -> None:
    seen, found = _seen(documents), _found(documents)
    read_slip({"slip.toml": document_draft("root", "s", seen, documents, [], sure=False, entities=found)}, "public")
    slip = read_slip({"slip.toml": _with_proposals(breakout_draft("root", "s", seen, [], found))}, "public")
    assert slip.breakout is not None
    assert len(slip.breakout.entities) == len(found)


def test_a_proposal_for_a_tree_says_where_the_items_below_an_item_are() -> None:
    documents = [
        {"t": [{"id": 1, "name": "x", "odd one": [{"id": 2, "name": "y", "odd one": []}]}, {"id": 3, "name": "z"}]}
        for _ in range(3)
    ]
    text = breakout_draft("root", "s", _seen(documents), [], _found(documents))
    assert '\n# t = { path = "$.t[*]", key = "id", recurse = "@[\'odd one\'][*]" }\n' in text
    (tree,) = _entities(text)
    assert tree.recurse == ("odd one", Every.ELEMENT)


@pytest.mark.parametrize("name", ["a" * 61, "a" * 62 + "b", "\u00e9" * 31, "shop", "shop_view", "shop_history", "shop_deleted"])
def test_names_that_are_proposed_for_entities_may_be_had(name: str) -> None:
    documents = [{name: [{"id": n, "name": f"x{n}"} for n in (1, 2)], "no": n} for n in range(3)]
    text = breakout_draft("shop", "s", _seen(documents), [], _found(documents))
    history = 'columns = { n = "no | int", v = "no | int" }\nkey = "n"\non_duplicate = "history(v)"'
    (one,) = _entities(text.replace('# key = ["FIELD"]\n# on_duplicate = "update"', history))
    assert one.paths == ((name, Every.ELEMENT),)


def test_a_draft_of_a_break_out_has_its_key_and_what_else_there_is_in_comments() -> None:
    documents = [{**one, "stock": {"2024-01": 1}} for one in ARTWORKS]
    text = breakout_draft("art", "tate", _seen(documents), ["acno"], _found(documents))
    slip = read_slip({"slip.toml": text}, "public")
    assert slip.breakout is not None
    assert (slip.sources, slip.breakout.table, slip.breakout.key) == (("tate",), "art", ("acno",))
    assert '\n# maps = ["$.stock.*"]\n' in text
    assert '\n# [breakout.entities]\n# # 2 entities by "id" in 4 places; what differs' in text
    assert '\n# by = { path = "$.by[*]", key = "id" }\n' in text
    assert read_slip({"slip.toml": text.replace("# maps", "maps")}, "public").breakout is not None
