"""What was seen of documents is the same in whatever order and however often they were."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.seen import MOST_DEPTH, MOST_MEMBERS, Seen, seen_in

from .documents import DOCUMENTS

_LISTS = st.lists(DOCUMENTS, max_size=6)


def _all(documents: list[Any]) -> Seen:
    made = Seen()
    for one in documents:
        made.add(one)
    return made


def _joined(*trees: Seen) -> Seen:
    made = Seen()
    for one in trees:
        made.join(one)
    return made


@given(_LISTS, st.randoms(use_true_random=False))
def test_the_order_and_the_number_of_times_do_not_matter(documents: list[Any], random: Any) -> None:
    again = documents + documents[:2]
    random.shuffle(again)
    assert _all(again) == _all(documents)


@given(_LISTS, _LISTS, _LISTS)
def test_trees_are_joined_as_sets_are(one: list[Any], other: list[Any], third: list[Any]) -> None:
    a, b, c = _all(one), _all(other), _all(third)
    assert _joined(a, b) == _joined(b, a) == _all(one + other)
    assert _joined(_joined(a, b), c) == _joined(a, _joined(b, c))
    assert _joined(a, a) == a


def test_a_join_leaves_the_other_tree_alone() -> None:
    one, other = seen_in({"a": 1}), seen_in({"a": "x", "b": {"c": 1}})
    kept = other.copy()
    one.join(other)
    one.add({"b": {"c": None, "d": []}})
    assert other == kept


def test_names_that_are_too_many_are_data_however_they_came() -> None:
    names = [f"n{number}" for number in range(MOST_MEMBERS + 1)]
    at_once, one_by_one, halves = seen_in(dict.fromkeys(names, 1)), _all([{name: 1} for name in names]), Seen()
    halves.join(_all([{name: 1} for name in names[:150]]))
    halves.join(_all([{name: 1} for name in names[100:]]))
    for tree in (at_once, one_by_one, halves):
        assert tree.entries == seen_in(1)
        assert tree.members == {}
    assert len(_all([{name: 1} for name in names[1:]]).members) == MOST_MEMBERS


def test_a_name_that_begins_with_a_digit_or_is_a_uuid_is_data() -> None:
    assert seen_in({"1.0": "y", "all": None}).entries == _all(["y", None])
    assert seen_in({"123e4567-e89b-12d3-a456-426614174000": 1}).entries == seen_in(1)
    assert seen_in({"v1": 1, "": 2}).entries is None


def test_what_lies_too_deep_is_seen_to_be_there_and_no_more() -> None:
    document: Any = {"x": 1}
    for _ in range(500):
        document = [document]
    seen = seen_in(document)
    for _ in range(MOST_DEPTH):
        assert seen.items is not None
        assert not seen.deep
        seen = seen.items
    assert seen.deep
    assert seen.items is None


def test_what_is_kept_does_not_grow_with_the_number_of_documents() -> None:
    tree = Seen()
    for number in range(5_000):
        tree.add({f"k{number}": {f"k{number % 7}": number, str(number): [number]}})
    assert tree.entries is not None
    assert tree.members == {}
    assert tree.entries.entries is not None
