"""Ids on the command line, the same for rows, batches and dead letters."""

import pytest

from etl_actors.cli.ids import listed_ids, read_ids
from etl_actors.errors import UsageError


def test_ids_stand_one_by_one_with_commas_and_as_ranges_and_each_counts_once() -> None:
    assert read_ids("ID", ["1,2", "3-5", "4", "1"]) == (1, 2, 3, 4, 5)
    assert read_ids("ID", []) == ()


@pytest.mark.parametrize("given", ["x", "1-", "-1", "5-3", "1-2000000", "1;2"])
def test_what_is_none_is_wrong_usage(given: str) -> None:
    with pytest.raises(UsageError, match=r"^REJECT_ID: expected "):
        read_ids("REJECT_ID", [given])


def test_of_many_ids_a_sentence_names_the_first() -> None:
    assert listed_ids([7, 8]) == "7, 8"
    assert listed_ids(range(1, 43)) == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 32 more"
