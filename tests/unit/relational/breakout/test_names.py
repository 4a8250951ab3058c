"""Names of tables and columns fit PostgreSQL, are each somebody's own, and depend on the set of their sources alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.names import MOST_BYTES, Source, named, plain

from .documents import NAMES

_SOURCES = st.sets(st.lists(NAMES | st.text(max_size=90), min_size=1, max_size=4).map(tuple), max_size=25)


@given(_SOURCES, st.randoms(use_true_random=False))
def test_each_source_has_a_name_of_its_own_in_whatever_order_they_come(sources: set[Source], random: Any) -> None:
    names = named(sources, ["_id", "a"])
    shuffled = sorted(sources)
    random.shuffle(shuffled)
    assert named(shuffled, ["_id", "a"]) == names
    assert names.keys() == sources
    assert len(set(names.values())) == len(names)
    assert not {"_id", "a", ""} & set(names.values())
    assert all(0 < len(name.encode()) <= MOST_BYTES for name in names.values())


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (("sku",), "sku"),
        (("firstName",), "first_name"),
        (("HTTPServer",), "http_server"),
        (("address", "zipCode"), "address__zip_code"),
        (("a b",), "a_b"),
        (("a__b",), "a_b"),
        (("Größe",), "größe"),
        (("cafe\u0301",), "café"),
        (("1st",), "n1st"),
        (("$ref",), "ref"),
        (("",), "x"),
        (("--",), "x"),
        (("select",), "select"),
    ],
)
def test_a_name_is_written_in_small_letters_and_words(source: Source, name: str) -> None:
    assert plain(source) == name
    assert named([source]) == {source: name}


def test_of_several_sources_of_one_name_the_one_that_is_written_so_has_it() -> None:
    names = named([("a_b",), ("a b",), ("A_B",)])
    assert names["a_b",] == "a_b"
    assert all(name.startswith("a_b_") and len(name) == 10 for source, name in names.items() if source != ("a_b",))


def test_where_none_is_written_so_all_have_a_mark() -> None:
    names = named([("a b",), ("A_B",)])
    assert "a_b" not in names.values()
    assert names["a b",] == named([("a b",), ("a_b",)])["a b",]


def test_a_long_name_is_cut_between_characters_and_marked() -> None:
    one, other = ("é" * 40,), ("é" * 41,)
    names = named([one, other])
    assert names[one] != names[other]
    assert all(name.startswith("é" * 28 + "_") and len(name.encode()) == MOST_BYTES for name in names.values())


def test_a_name_that_is_like_anothers_mark_takes_nothing_from_it() -> None:
    marked = named([("a b",), ("a_b",)])["a b",]
    names = named([("a b",), ("a_b",), (marked,)])
    assert len(set(names.values())) == 3
    assert names["a_b",] == "a_b"
