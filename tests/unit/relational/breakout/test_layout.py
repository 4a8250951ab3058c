"""Tables for what was seen: whatever the documents are, no two tables have one name, nor two columns of one."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.names import named
from etl_actors.relational.breakout.seen import Seen
from tests.unit.relational.breakout.documents import DOCUMENTS


def _seen(documents: list[Any]) -> Seen:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return seen


@settings(max_examples=300)
@given(st.lists(DOCUMENTS, min_size=1, max_size=6))
@example([{"v": [{"x": [1]}]}, {"v": {"x": [2]}}])
@example([{"v": [[1], {"item": [3]}]}, {"v": {"item": [1], "x": 5}}])
@example([{"v": [{"1": [1]}, {"x": {"1": [1]}}]}, {"v": {"x": [1], "entry": [1]}}])
def test_names_are_apart(documents: list[Any]) -> None:
    layout = laid_out(_seen(documents), "root")
    assert len({table.name for table in layout.tables}) == len(layout.tables)
    for table in layout.tables:
        names = [cell.name for cell in table.cells]
        assert len(set(names)) == len(names)
        assert all(len(name.encode()) <= 63 for name in (table.name, *names))


def test_an_array_of_objects_and_an_object_at_one_place_have_tables_apart() -> None:
    layout = laid_out(_seen([{"v": [{"x": [1]}]}, {"v": {"x": [2]}}]), "root")
    assert [table.name for table in layout.tables] == ["root", "root__v", "root__v__item__x", "root__v__x"]


def test_an_empty_name_and_an_array_within_an_array_are_told_apart() -> None:
    documents = [{"a": [[1], {"": {"item": [1]}}, {"item": [1]}]}, {"a": {"": {"item": [2]}, "item": [3]}}]
    names = [table.name for table in laid_out(_seen(documents), "root").tables]
    assert len(set(names)) == len(names)


def test_sources_that_are_one_text_when_joined_have_names_apart() -> None:
    sources = [("b" * 64, "\0item"), ("b" * 64, "", "item")]
    assert len({*named(sources).values()}) == len(sources)
