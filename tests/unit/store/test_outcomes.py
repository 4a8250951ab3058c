"""The letter of each row of a batch, by what landed of it."""

import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.store.leases import Lease
from etl_actors.store.loading.landing import Landing
from etl_actors.store.loading.loaded import outcomes_of

_LEASE = Lease(7, 1, "shop", None, (1, 2, 3, 4, 5), 100, 1)


def _parsed(*, skipped: tuple[int, ...] = (), rejected: tuple[int, ...] = ()) -> Parsed:
    rejects = tuple(Reject(row_id, Stage.MAP, "why", "…") for row_id in rejected)
    return Parsed("shop", "digest", (), rejects, skipped)


def test_who_has_not_won_is_a_duplicate() -> None:
    parsed = _parsed(skipped=(2,), rejected=(3,))
    assert outcomes_of(_LEASE, parsed, Landing(winners=[1, 5])) == "lsrdl"
    assert outcomes_of(_LEASE, parsed, Landing()) == "dsrdd"


def test_what_has_gone_straight_has_landed_but_for_what_was_left() -> None:
    parsed = _parsed(skipped=(2,), rejected=(3,))
    assert outcomes_of(_LEASE, parsed, Landing(straight=3)) == "lsrll"
    assert outcomes_of(_LEASE, parsed, Landing(straight=1, left=(1, 4))) == "dsrdl"
    assert outcomes_of(_LEASE, parsed, Landing(winners=[4], straight=1, left=(1, 4))) == "dsrll"


@pytest.mark.parametrize(
    "landing",
    [Landing(winners=[6]), Landing(winners=[2]), Landing(straight=4), Landing(straight=2), Landing(straight=2, left=(6,))],
    ids=["another's row", "a row that is skipped", "more rows than there are", "fewer rows", "another's row is left"],
)
def test_a_result_that_is_not_of_the_batch_is_refused(landing: Landing) -> None:
    with pytest.raises(ValueError, match="batch 7 has rows that are not its own"):
        outcomes_of(_LEASE, _parsed(skipped=(2,), rejected=(3,)), landing)
