"""What of a document has a place in tables that do not follow, and what the others may follow."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from etl_actors.relational.breakout.fitting import NOTHING, Contract, Fitting, disturbed
from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.rebuilt import rebuilt
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout

from .documents import DOCUMENTS, exact

_KNOWN = {"a": 1, "o": {"x": "t"}, "t": [{"c": 1, "d": [1]}], "m": {"1": {"v": 1}}}


def _seen(documents: list[Any]) -> Seen:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return seen


def _fitting(layout: Layout, contract: Contract, **contracts: Contract) -> Fitting:
    return Fitting(Breaker(layout), contracts, contract)


def test_what_has_no_place_is_left_out_or_null() -> None:
    fitting = _fitting(laid_out(_seen([_KNOWN]), "r"), Contract.DISCARD_VALUE)
    document = {"a": "one", "b": 2, "o": {"x": "u", "y": 1}, "t": [{"c": 2, "d": [1, "x"]}, "s"], "m": {"2": {"v": "x"}, "3": 4}}
    judged = fitting.judged(document)
    assert judged.kept == {"o": {"x": "u"}, "t": [{"c": 2, "d": [1, None]}, None], "m": {"2": {}, "3": None}}
    assert judged.news is NOTHING
    assert [(one.table, one.place, one.path, one.value) for one in judged.misfits] == [
        (0, "/a", "/a", "one"),
        (0, "/b", "/b", 2),
        (0, "/o/y", "/o/y", 1),
        (3, "", "/t/0/d/1", "x"),
        (2, "", "/t/1", "s"),
        (1, "/v", "/m/2/v", "x"),
        (1, "", "/m/3", 4),
    ]


def test_each_table_has_a_contract_and_those_below_it_have_the_same() -> None:
    layout = laid_out(_seen([_KNOWN]), "r")
    assert [table.name for table in layout.tables] == ["r", "r__m", "r__t", "r__t__d"]
    fitting = _fitting(layout, Contract.EVOLVE, r__t=Contract.FREEZE)
    assert fitting.contracts == [Contract.EVOLVE, Contract.EVOLVE, Contract.FREEZE, Contract.FREEZE]
    assert not fitting.follows
    judged = fitting.judged({"b": 1, "t": [{"c": 1, "d": [2]}, {"d": ["x"]}], "m": {"9": {"w": 1}}})
    assert [(one.table, one.path) for one in judged.misfits] == [(3, "/t/1/d/0")]
    assert judged.news == {"b": 1, "m": {"9": {"w": 1}}}


def test_tables_below_one_that_does_not_follow_may_do() -> None:
    layout = laid_out(_seen([_KNOWN]), "r")
    fitting = _fitting(layout, Contract.DISCARD_VALUE, r__t=Contract.EVOLVE)
    judged = fitting.judged({"a": 2, "b": 1, "t": [{"c": "x"}]})
    assert judged.news == {"t": [{"c": "x"}]}
    assert judged.kept == {"a": 2, "t": [{"c": "x"}]}
    assert [one.path for one in judged.misfits] == ["/b"]


def test_an_object_that_stays_json_keeps_all_of_its_members() -> None:
    too_many_tables = {f"{one}{other}": [1] for one in "abcdefgh" for other in "abcdefghi"}
    layout = laid_out(_seen([{"o": {"x": 1}}, {"o": [1]}, too_many_tables]), "r")
    assert [cell.type for cell in layout.tables[0].cells if cell.path[:1] == ("o",)] == ["jsonb", "bigint"]
    judged = _fitting(layout, Contract.DISCARD_VALUE).judged({"o": {"y": 2}})
    assert (judged.kept, judged.misfits) == ({"o": {"y": 2}}, [])


@settings(max_examples=300)
@given(st.lists(DOCUMENTS, min_size=1, max_size=5), DOCUMENTS)
def test_what_is_kept_of_a_document_has_rows_and_is_made_again_of_them(documents: list[Any], another: Any) -> None:
    layout = laid_out(_seen(documents), "root")
    judged = _fitting(layout, Contract.DISCARD_VALUE).judged(another)
    assert judged.news is NOTHING
    assert exact(rebuilt(layout, Breaker(layout).rows(judged.kept))) == exact(judged.kept)
    if not judged.misfits:
        assert exact(judged.kept) == exact(another)


@settings(max_examples=300)
@given(st.lists(DOCUMENTS, min_size=1, max_size=5), DOCUMENTS, st.data())
def test_news_change_only_tables_that_follow(documents: list[Any], another: Any, data: st.DataObject) -> None:
    seen = _seen(documents)
    layout = laid_out(seen, "root")
    contracts = {table.name: data.draw(st.sampled_from([*Contract]), table.name) for table in layout.tables}
    fitting = Fitting(Breaker(layout), contracts, Contract.EVOLVE)
    judged = fitting.judged(another)
    if judged.news is not NOTHING:
        seen.add(judged.news)
    after = laid_out(seen, "root")
    name = disturbed(layout, after, fitting.contracts)
    for number, contract in enumerate(fitting.contracts):
        if contract is not Contract.EVOLVE:
            before = [(cell.path, cell.kind, cell.type) for cell in layout.tables[number].cells]
            assert name or before in [[(cell.path, cell.kind, cell.type) for cell in table.cells] for table in after.tables]
    assert exact(rebuilt(after, Breaker(after).rows(judged.kept))) == exact(judged.kept)


def test_a_table_that_would_be_swept_away_by_what_one_above_it_follows_is_named() -> None:
    seen = _seen([{"a": 1, "t": {"1": 2}}])
    before = laid_out(seen, "root")
    contracts = [Contract.EVOLVE, Contract.FREEZE]
    assert [table.name for table in before.tables] == ["root", "root__t"]
    seen.add({"b": 1})
    assert disturbed(before, laid_out(seen, "root"), contracts) == ""
    seen.add({"2024": 1})  # names of members are data from now on, and `t` is one of them
    assert disturbed(before, laid_out(seen, "root"), contracts) == "root__t"
