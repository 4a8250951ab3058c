"""A row that ends its worker twice, or hangs, costs itself; a killed worker costs nothing."""

from collections.abc import Iterator

import pytest

from etl_actors.errors import SlipError, WorkerLost
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.blame import parse_blaming

_JOB = Job((1, 2, 3), Role(()))


class _Scripted:
    """A worker that is lost as told, then parses, its condemned rows as rejects."""

    def __init__(self, *losses: tuple[int, str]) -> None:
        self._losses: Iterator[tuple[int, str]] = iter(losses)
        self.jobs: list[Job] = []

    def parse(self, job: Job) -> Parsed:
        self.jobs.append(job)
        for row_id, reason in self._losses:
            raise WorkerLost("it ended", row_id, reason)
        return Parsed(None, None, (), job.condemned, ())

    def close(self) -> None:
        raise AssertionError("nobody closes it here")


def _rejects(worker: _Scripted) -> tuple[Reject, ...]:
    result = parse_blaming(worker, _JOB)
    assert isinstance(result, Parsed)
    return result.rejects


def test_one_kill_is_nobodys_fault() -> None:
    assert _rejects(_Scripted((2, "worker_killed"))) == ()


def test_two_kills_on_different_rows_are_nobodys_fault() -> None:
    assert _rejects(_Scripted((2, "worker_killed"), (3, "worker_killed"))) == ()


def test_the_second_end_on_a_row_condemns_it() -> None:
    (reject,) = _rejects(_Scripted((2, "worker_killed"), (2, "worker_killed")))
    assert (reject.row_id, reject.stage, reject.reason) == (2, Stage.PARSE, "worker_killed")
    assert "expected the row to be parsed" in reject.message


def test_a_row_that_hangs_is_condemned_at_once() -> None:
    worker = _Scripted((3, "row_timeout"))
    (reject,) = _rejects(worker)
    assert (reject.row_id, reject.reason) == (3, "row_timeout")
    assert [len(job.condemned) for job in worker.jobs] == [0, 1]


def test_a_row_is_told_of_as_soon_as_it_is_condemned_even_where_its_batch_is_given_up() -> None:
    told: list[Reject] = []
    with pytest.raises(WorkerLost):
        parse_blaming(_Scripted((3, "row_timeout"), *[(0, "worker_killed")] * 3), _JOB, told.append)
    assert [(reject.row_id, reject.reason) for reject in told] == [(3, "row_timeout")]


def test_a_worker_that_ends_again_and_again_on_no_row_is_given_up() -> None:
    with pytest.raises(WorkerLost):
        parse_blaming(_Scripted(*[(0, "worker_killed")] * 3), _JOB)


@pytest.mark.parametrize(
    ("slips", "told"),
    [
        ((RoleSlip("a" * 32, {}, "shop"),), ", while it learned slip shop"),
        ((RoleSlip("a" * 32, {}, "shop"), RoleSlip("b" * 32, {}, "books")), ", while it learned slips shop, books"),
        (
            (RoleSlip("a" * 32, {}, "shop"), RoleSlip("b" * 32, {"steps.py": "..."}, "books")),
            ", while it ran the steps.py of slip books",
        ),
        ((), ""),
    ],
)
def test_a_worker_that_ends_again_and_again_before_any_row_is_the_slips_fault(slips: tuple[RoleSlip, ...], told: str) -> None:
    with pytest.raises(SlipError) as raised:
        parse_blaming(_Scripted(*[(0, "worker_unready")] * 3), Job((1, 2, 3), Role(slips)))
    assert str(raised.value) == f"a parser ended 3 times before it had read a row{told}; the last time: it ended"


def test_a_worker_that_is_killed_before_any_row_costs_nothing() -> None:
    assert _rejects(_Scripted((0, "worker_unready"), (0, "worker_killed"))) == ()
