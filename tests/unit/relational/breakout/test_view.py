"""What a readable view shows of a layout: a function of it alone."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etl_actors.relational.breakout.entities import Entity
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.lifted import lifted
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout, Step
from etl_actors.relational.breakout.view import Shown, shown, view_name
from tests.unit.relational.breakout.documents import DOCUMENTS
from tests.unit.relational.breakout.entities import REPEATING, layout_of


def _layout(*documents: Any) -> Layout:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return laid_out(seen, "root")


def _names(row: Shown) -> list[str]:
    return [one.name for one in row.below]


def _columns(row: Shown) -> list[str]:
    return [cell.name for cell in row.own] + _members(row)


def _members(row: Shown) -> list[str]:
    told = [name for one in row.joined for name, _ in one.cells]
    return [cell.name for cell in row.members] + told + [name for name in _names(row) if name]


def test_what_is_below_has_the_name_of_its_place() -> None:
    root = shown(_layout({"a": 1, "tags": ["x"], "size": {"parts": [1]}, "sold": {"2024": 1}}))
    assert _columns(root) == ["a", "size__parts", "sold", "tags"]
    assert [(one.pointer, one.step, one.key) for one in root.below] == [
        ("/size/parts", Step.ITEMS, None),
        ("/sold", Step.ENTRIES, "key"),
        ("/tags", Step.ITEMS, None),
    ]


def test_a_name_that_a_column_has_gets_the_kind_behind_it() -> None:
    root = shown(_layout({"p": 1}, {"p": [2]}, {"p": {"2024": 3}}))
    assert _columns(root) == ["p", "p__item", "p__entry"]
    assert _names(shown(_layout({"p": [2]}, {"p": {"2024": 3}}))) == ["p__item", "p__entry"]


def test_what_is_an_item_itself_has_no_name_but_below_the_root() -> None:
    root = shown(_layout([[1]]))
    assert _names(root) == ["item"]
    assert _names(root.below[0]) == [""]
    assert [cell.name for cell in root.below[0].below[0].own] == ["value"]
    assert _names(shown(_layout({"1": 2}))) == ["entry"]


def _is_shown_whole(layout: Layout) -> None:
    numbers: list[int] = []

    def look(row: Shown) -> None:
        numbers.append(row.number)
        names = _members(row)
        assert len({*names}) == len(names)
        assert all(len(name.encode()) <= 63 for name in names)
        for one in row.below:
            look(one)

    look(shown(layout))
    columns = _columns(shown(layout))
    assert len({*columns}) == len(columns)
    assert sorted(numbers) == [*range(len(layout.tables))]


@given(st.lists(DOCUMENTS, min_size=1, max_size=4))
def test_each_table_is_shown_once_and_no_two_columns_have_one_name(documents: list[Any]) -> None:
    _is_shown_whole(_layout(*documents))


@given(st.lists(REPEATING, min_size=1, max_size=4))
def test_no_two_columns_have_one_name_where_entities_tell_of_a_row(documents: list[Any]) -> None:
    _is_shown_whole(layout_of(documents))


def test_what_two_entities_tell_of_one_place_has_their_names_in_it() -> None:
    seen = Seen()
    for one in ({"a": {"id": 1, "y": {"k": 2, "z": 3}}}, {"b": {"id": 2, "y": {"z": 4}}}):
        seen.add(one)
    entities = (Entity("outer", (("a",), ("b",)), ("id",)), Entity("inner", (("a", "y"),), ("k",)))
    root = shown(lifted(laid_out(seen, "r", others=["outer", "inner"]), entities, {}))
    told = {name: (one.reference, cell.path) for one in root.joined for name, cell in one.cells}
    assert told == {
        "a__id": ("a__outer_id", ("id",)),
        "a__outer__y__z": ("a__outer_id", ("y", "z")),
        "a__y__k": ("a__y__inner_id", ("k",)),
        "a__y__inner__z": ("a__y__inner_id", ("z",)),
        "b__id": ("b__outer_id", ("id",)),
        "b__y__z": ("b__outer_id", ("y", "z")),
    }


def test_a_view_is_named_after_its_table_within_63_bytes() -> None:
    assert view_name("shop") == "shop_view"
    long = view_name("é" * 31)
    assert long.endswith("_view")
    assert len(long.encode()) <= 63
    assert long != view_name("é" * 30 + "e")
