"""Things that documents repeat are in a table of their own, each once, and documents are made again of both."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.asked import Every
from etl_actors.relational.breakout.entities import Entity, Trail
from etl_actors.relational.breakout.evidence import read_evidence, written_evidence
from etl_actors.relational.breakout.fitting import Contract, Fitting
from etl_actors.relational.breakout.layout import MOST_COLUMNS, laid_out
from etl_actors.relational.breakout.lifted import lifted
from etl_actors.relational.breakout.rebuilt import rebuilt
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout

from .documents import exact
from .entities import ENTITIES, REPEATING, Held, kept, layout_of, varying_in

ARTIST = Entity("artist", (("by", Every.ELEMENT),), ("id",))


def _layout(documents: list[Any], *entities: Entity, varying: dict[str, frozenset[tuple[str, ...]]] | None = None) -> Layout:
    seen = Seen(varying=varying or {})
    for one in documents:
        seen.add(one)
    return lifted(laid_out(seen, "root", others=[one.name for one in entities]), entities, seen.varying)


def _shown(layout: Layout) -> dict[str, dict[str, str]]:
    shown = {table.name: table.cells for table in layout.tables} | {one.name: one.cells for one in layout.entities}
    return {name: {cell.name: cell.type for cell in cells} for name, cells in shown.items()}


@settings(max_examples=300)
@given(st.lists(REPEATING, min_size=1, max_size=5))
def test_documents_are_made_again_of_their_rows_and_of_entities_that_are_there_once(documents: list[Any]) -> None:
    layout = layout_of(documents)
    breaker, held = Breaker(layout), Held()
    for one in documents:
        assert exact(rebuilt(layout, kept(layout, held, breaker.rows(one)))) == exact(one)


@given(st.lists(REPEATING, max_size=5), st.randoms(use_true_random=False))
def test_tables_of_entities_are_the_same_in_whatever_order_documents_came(documents: list[Any], random: Any) -> None:
    shuffled = documents + documents[:1]
    random.shuffle(shuffled)
    assert layout_of(shuffled) == layout_of(documents)


@given(st.lists(REPEATING, min_size=1, max_size=5))
def test_names_of_columns_are_told_apart_with_references_among_them(documents: list[Any]) -> None:
    layout = layout_of(documents)
    for cells in (*(table.cells for table in layout.tables), *(one.cells for one in layout.entities)):
        assert len({cell.name for cell in cells}) == len(cells)


def test_what_does_not_vary_is_in_the_entity_and_what_varies_stays_in_its_place() -> None:
    documents = [{"by": [{"id": 1, "name": "Ann", "role": "a", "born": {"in": "Ulm", "on": "1900-01-01"}, "tags": ["x"]}]}]
    assert _shown(_layout(documents, ARTIST, varying={"artist": frozenset([("role",), ("born", "on")])})) == {
        "root": {},
        "root__by": {"role": "text", "born__on": "date", "artist_id": "uuid"},
        "root__by__tags": {"value": "text"},
        "artist": {"id": "text", "name": "text", "born__in": "text"},
    }


def test_one_object_is_referred_to_by_a_column_of_the_row_that_has_it() -> None:
    documents = [{"seller": {"id": 1, "name": "x"}, "buyer": {"id": 2, "age": 3}}]
    person = Entity("person", (("seller",), ("buyer",)), ("id",))
    assert _shown(_layout(documents, person)) == {
        "root": {"buyer__person_id": "uuid", "seller__person_id": "uuid"},
        "person": {"id": "text", "age": "bigint", "name": "text"},
    }


def test_items_below_an_item_are_entities_of_the_same_table() -> None:
    documents = [{"s": {"id": 1, "c": [{"id": 2, "c": [{"id": 3, "name": "x"}]}]}}]
    subject = Entity("subject", (("s",),), ("id",), ("c", Every.ELEMENT))
    assert _shown(_layout(documents, subject)) == {
        "root": {"s__subject_id": "uuid"},
        "root__s__c": {"subject_id": "uuid"},
        "root__s__c__c": {"subject_id": "uuid"},
        "subject": {"id": "text", "name": "text"},
    }


def test_an_attribute_has_the_type_that_all_places_of_the_entity_ask_for() -> None:
    documents = [{"seller": {"id": 1, "n": 1, "at": "2024-01-01"}, "buyer": {"id": 2, "n": 1.5, "at": "soon"}}]
    person = Entity("person", (("seller",), ("buyer",)), ("id",))
    assert _shown(_layout(documents, person))["person"] == {"id": "text", "at": "text", "n": "numeric"}
    apart = _layout(documents, person, varying={"person": frozenset([("at",), ("n",)])})
    assert _shown(apart)["root"] == {
        "buyer__at": "text",
        "buyer__n": "numeric",
        "seller__at": "date",
        "seller__n": "bigint",
        "buyer__person_id": "uuid",
        "seller__person_id": "uuid",
    }


@pytest.mark.parametrize(
    "item", [{"name": "x"}, {"id": None, "name": "x"}, {"id": [1], "name": "x"}, {"id": {"a": 1}, "name": "x"}]
)
def test_an_item_without_a_usable_key_keeps_its_scalars_beside_the_columns(item: dict[str, Any]) -> None:
    document = {"by": [{"id": 1, "name": "y", "role": "r"}, item | {"role": "s"}]}
    layout = _layout([document], ARTIST, varying={"artist": frozenset([("role",)])})
    rows = Breaker(layout).rows(document)
    keyed, keyless = rows[1]
    assert [one.cells for one in keyed.entities.values()] == [[1, "y"]]
    assert keyless.entities == {}
    assert keyless.cells == [None, None]
    assert keyless.rest.items() >= {"/name": "x", "/role": "s"}.items()
    assert rebuilt(layout, rows) == document


def test_a_table_that_would_have_the_name_of_an_entity_has_another() -> None:
    documents = [{"by": [{"id": 1}]}]
    names = [table.name for table in _layout(documents, Entity("root__by", (("by", Every.ELEMENT),), ("id",))).tables]
    assert names[0] == "root"
    assert names[1].startswith("root__by_")


def test_items_whose_names_are_data_are_none() -> None:
    documents = [{"by": [{"id": 1, "2024": 2}]}]
    layout = _layout(documents, ARTIST)
    assert layout.links == ()
    assert _shown(layout)["artist"] == {"id": "text"}


def test_attributes_that_are_too_many_for_one_table_stay_where_they_are() -> None:
    half = MOST_COLUMNS // 2 + 1
    sellers, buyers = ([{"id": 1} | {f"{name}{n}_": 1 for n in range(half)}] for name in "sb")
    documents = [{"sellers": sellers, "buyers": buyers}]
    person = Entity("person", (("sellers", Every.ELEMENT), ("buyers", Every.ELEMENT)), ("id",))
    layout = _layout(documents, person)
    assert [cell.name for cell in layout.entities[0].cells] == ["id"]
    assert [len(table.cells) for table in layout.tables] == [0, half + 1, half + 1]
    assert rebuilt(layout, Breaker(layout).rows(documents[0])) == documents[0]


def test_what_varies_is_joined_as_sets_are_and_written_with_the_evidence() -> None:
    one, other = Seen(varying={"a": frozenset([("x",)])}), Seen(varying={"a": frozenset([("y", "z")]), "b": frozenset([("x",)])})
    one.join(other)
    assert one.varying == {"a": frozenset([("x",), ("y", "z")]), "b": frozenset([("x",)])}
    assert read_evidence(written_evidence(one)) == one
    assert one.copy() == one


@pytest.mark.parametrize(
    ("first", "second", "varies"),
    [
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {}, True),
        ({"a": 1}, {"a": None}, True),
        ({"a": None}, {}, False),
        ({"a": []}, {"a": {}}, False),
        ({"a": "2024-03-09T10:00:00Z"}, {"a": "2024-03-09T11:00:00+01:00"}, True),
        ({"a": 1}, {"a": "1"}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, False),
        ({"a": [1]}, {"a": [2]}, False),
    ],
)
def test_values_differ_where_they_are_not_the_same_json(first: dict[str, Any], second: dict[str, Any], *, varies: bool) -> None:
    documents = [{"by": [{"id": 1} | first]}, {"by": [{"id": "1"} | second]}]
    assert bool(varying_in(_layout(documents, ARTIST), documents)) is varies


def test_a_trail_ends_where_an_item_is() -> None:
    trail = Trail.begun(ENTITIES)
    assert trail.at("who", Every.ELEMENT).entity == 0
    assert trail.at("by", "anybody").entity == trail.at("by", Every.MEMBER).entity == 0
    assert trail.at("who", Every.ELEMENT, "born").entity == 2
    assert trail.at("tree", "below", Every.ELEMENT, "below", Every.ELEMENT).entity == 1
    assert trail.at("tree", "below").entity is trail.at("by", Every.ELEMENT).entity is trail.entity is None


@given(st.lists(REPEATING, min_size=1, max_size=4))
def test_documents_that_were_seen_have_their_place_in_tables_that_follow_no_more(documents: list[Any]) -> None:
    breaker = Breaker(layout_of(documents))
    for one in documents:
        judged = Fitting(breaker, {}, Contract.FREEZE).judged(one)
        assert judged.misfits == []
        assert exact(judged.kept) == exact(one)


@given(st.lists(REPEATING, min_size=1, max_size=4), REPEATING)
def test_another_document_without_what_has_no_place_is_made_again_too(documents: list[Any], another: Any) -> None:
    layout = layout_of(documents)
    breaker = Breaker(layout)
    kept = Fitting(breaker, {}, Contract.DISCARD_VALUE).judged(another).kept
    assert exact(rebuilt(layout, breaker.rows(kept))) == exact(kept)


def test_any_scalar_may_be_the_key_of_an_item_in_tables_that_follow_no_more() -> None:
    layout = _layout([{"by": [{"id": 1, "name": "x"}]}], ARTIST)
    document = {"by": [{"id": "one", "name": "y"}, {"id": True}]}
    assert Fitting(Breaker(layout), {}, Contract.FREEZE).judged(document).misfits == []
    (misfit,) = Fitting(Breaker(layout), {}, Contract.FREEZE).judged({"by": [{"id": 1, "name": 2}]}).misfits
    assert (misfit.path, misfit.table) == ("/by/0/name", 1)
