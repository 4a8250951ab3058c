"""What is said by hand of places goes before what is seen there."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.asked import Asked, Every, Place, Wish, asked_of, place_of
from etl_actors.relational.breakout.evidence import read_evidence, written_evidence
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.rebuilt import rebuilt
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.seen import Seen, seen_in
from etl_actors.relational.breakout.shape import Layout

from .documents import DOCUMENTS, NAMES, exact

_WISHES = st.lists(
    st.tuples(st.lists(st.one_of(NAMES, st.sampled_from([*Every])), max_size=3).map(tuple), st.sampled_from([*Wish])), max_size=6
)
_NUMBERS = st.sampled_from(
    ["1", "1.50", "-0", " 7", "+5", "1e3", ".5", "5.", "12345678901234567890", "007", "1e999", "1,5", "x", ""]
)


def _seen(documents: Sequence[Any], asked: Asked | None) -> Seen:
    seen = Seen(asked=asked)
    for one in documents:
        seen.add(one)
    return seen


def _laid_out(documents: Sequence[Any], *wishes: tuple[str, Wish]) -> Layout:
    said = [(place, wish) for text, wish in wishes if (place := place_of(text)) is not None]
    assert len(said) == len(wishes)
    return laid_out(_seen(documents, asked_of(said)), "root")


def _shown(layout: Layout) -> dict[str, dict[str, str]]:
    return {table.name: {cell.name: cell.type for cell in table.cells} for table in layout.tables}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("$", ()),
        ("$.a.b", ("a", "b")),
        ("$.offers[*].price", ("offers", Every.ELEMENT, "price")),
        ("$.support.*.by", ("support", Every.MEMBER, "by")),
        ("$['a b'][\"it's\"]", ("a b", "it's")),
        ("$['it\\'s']", ("it's",)),
        ('$["say \\"it\\""]', ('say "it"',)),
        ("$['\\b\\f\\n\\r\\t\\/\\\\']", ("\b\f\n\r\t/\\",)),
        ("$['a\\u000ab']['\\u00E9\\ud83d\\uDE00x']", ("a\nb", "\u00e9\U0001f600x")),
        ("$['\\\\u0041']", ("\\u0041",)),
        ("$['\\a']", None),
        ("$['\\\"']", None),
        ('$["\\\'"]', None),
        ("$['\\u00g0']", None),
        ("$['\\ud83dx']", None),
        ("$['\\ude00\\ud83d']", None),
        ("a.b", None),
        ("$.a[0]", None),
        ("$.a..b", None),
        ("$.", None),
        ("$.a b", None),
    ],
)
def test_places_are_read_as_paths(text: str, place: Place | None) -> None:
    assert place_of(text) == place


def test_names_are_data_where_it_is_said_and_fields_where_that_is() -> None:
    documents = [{"m": {"a": 1, "b": 2}, "y": {"2023": 1, "2024": {"x": 2}}}]
    assert _shown(_laid_out(documents)) == {
        "root": {"m__a": "bigint", "m__b": "bigint"},
        "root__y": {"key": "text", "value": "bigint", "x": "bigint"},
    }
    assert _shown(_laid_out(documents, ("$.m", Wish.MAPS), ("$.y", Wish.FIELDS))) == {
        "root": {"y__n2023": "bigint", "y__n2024__x": "bigint"},
        "root__m": {"key": "text", "value": "bigint"},
    }


def test_what_is_said_of_each_member_holds_in_maps_and_in_records() -> None:
    documents = [{"m": {"a": "1", "b": "2"}, "y": {"2023": "1"}}]
    assert _shown(_laid_out(documents, ("$.m.*", Wish.NUMBERS), ("$.y.*", Wish.NUMBERS))) == {
        "root": {"m__a": "bigint", "m__b": "bigint"},
        "root__y": {"key": "text", "value": "bigint"},
    }


def test_texts_are_numbers_where_it_is_said_and_are_texts_again() -> None:
    documents = [{"p": text} for text in ("1", "1.50", "007", " 1e2 ", "-0", "1e999")] + [{"p": 2}, {"p": "on request"}]
    layout = _laid_out(documents, ("$.p", Wish.NUMBERS))
    assert _shown(layout) == {"root": {"p": "numeric", "p__text": "text"}}
    breaker = Breaker(layout)
    made = [breaker.rows(one) for one in documents]
    assert [str(rows[0][0].cells[0]) for rows in made] == ["1", "1.50", "7", "1E+2", "-0", "1E+999", "2", "None"]
    assert [rows[0][0].rest for rows in made][:4] == [{}, {}, {"/p": "007"}, {"/p": " 1e2 "}]
    assert made[6][0][0].rest == {"/p": 2}
    assert [rebuilt(layout, rows) for rows in made] == documents


def test_objects_and_arrays_stay_json_where_it_is_said() -> None:
    documents = [{"j": {"a": [1]}, "k": [{"l": {"x": 1}}]}, {"j": []}]
    assert _shown(_laid_out(documents, ("$.j", Wish.JSON), ("$.k[*].l", Wish.JSON))) == {
        "root": {"j": "jsonb"},
        "root__k": {"l": "jsonb"},
    }


@settings(max_examples=300)
@given(
    st.lists(st.one_of(DOCUMENTS, st.dictionaries(NAMES, st.one_of(_NUMBERS, DOCUMENTS))), min_size=1, max_size=6),
    _WISHES,
    st.randoms(use_true_random=False),
)
def test_whatever_is_said_documents_are_made_again_and_the_order_does_not_matter(
    documents: list[Any], wishes: list[tuple[Place, Wish]], random: Any
) -> None:
    asked = asked_of(wishes)
    seen = _seen(documents, asked)
    layout = laid_out(seen, "root")
    breaker = Breaker(layout)
    for one in documents:
        assert seen.holds(one)
        assert exact(rebuilt(layout, breaker.rows(one))) == exact(one)
    random.shuffle(documents)
    joined = Seen(asked=asked)
    for one in documents:
        joined.join(seen_in(one, asked))
    assert joined == seen
    assert read_evidence(written_evidence(seen), asked) == seen
    assert laid_out(joined, "root") == layout


@pytest.mark.parametrize("order", [1, -1])
def test_a_member_that_is_told_by_its_name_is_a_field_whatever_is_beside_it(order: int) -> None:
    documents = [{"a": [{"a": [None]}, {"1": None}]}, {"a": [{"b": 1}]}][::order]
    layout = _laid_out(documents, ("$.a[*].a", Wish.JSON))
    assert _shown(layout) == {"root": {}, "root__a": {"a": "jsonb", "b": "bigint"}}


def test_fields_that_are_too_many_stay_json_whatever_came_first() -> None:
    few = {f"f{number}": [number] for number in range(200)}
    more = {f"g{number}": {"x": number} for number in range(200)}
    asked = asked_of([(("o",), Wish.FIELDS)])
    layouts = []
    for documents in ([{"o": few}, {"o": more}, {"o": few}], [{"o": more}, {"o": few}], [{"o": few | more}]):
        seen = _seen(documents, asked)
        assert all(seen.holds(one) for one in documents)
        joined = seen_in(documents[0], asked)
        for one in documents:
            joined.join(seen_in(one, asked))
        assert joined == seen
        layouts.append(laid_out(seen, "root"))
    assert layouts[1:] == layouts[:1] * 2
    assert _shown(layouts[0]) == {"root": {"o": "jsonb"}}
