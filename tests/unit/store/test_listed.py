"""A list of very many rows, cut to those that one step is about."""

from etl_actors.store.replay.listed import Listed


def test_what_lists_no_rows_stays_as_it_is() -> None:
    listed = Listed.of(1, {"source": "shop"})
    assert listed.next(7) == listed.between(1, 9) == {"source": "shop"}


def test_a_list_is_cut_to_the_next_row_and_to_a_window() -> None:
    listed = Listed.of(1, {"source": "shop", "rows": [9, 3, 5, 7]})
    assert listed.next(0) == {"source": "shop", "rows": [3]}
    assert listed.next(5)["rows"] == [7]
    assert listed.next(9)["rows"] == [], "a list without rows chooses none"
    assert listed.between(3, 7)["rows"] == [3, 5, 7]
    assert listed.between(10, 20)["rows"] == []
