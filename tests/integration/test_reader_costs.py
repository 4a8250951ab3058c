"""What people ask of one row, one batch or the books costs the same at ten times the rows, whatever the planner knows of them."""

import pytest

from etl_actors.store.batches_listed import BatchFilter, BatchStatus, batch_rejects, child_batches, listed_batches
from etl_actors.store.database import Connection
from etl_actors.store.inbox import waiting_sources
from etl_actors.store.ledger import glance
from etl_actors.store.reject_filter import RejectFilter
from etl_actors.store.rejects import newest_rejects, rejects_by_id, rejects_of_row
from etl_actors.store.trace.rows import batches_of_row, staged_row, was_pruned
from tests.support.growth import Cases, Pair, grown
from tests.support.large import Known, Large
from tests.support.servers import Server

_KNOWN = Known.NOTHING, Known.EMPTY, Known.ALL  # who has seen but a few batches has done so in the minute before
_GROWING = "inbox", "batch", "staging_0", "reject", "replay_row"


def _statuses(conn: Connection, large: Large) -> None:
    for row_id in (*large.settled, large.held, large.waiting):
        conn.execute("SELECT * FROM etl.row_status WHERE row_id = %(row_id)s", {"row_id": row_id})


def _traces(conn: Connection, large: Large) -> None:
    for row_id in (*large.settled, large.held, large.waiting):
        staged_row(conn, row_id)
        batches_of_row(conn, row_id)
        was_pruned(conn, row_id)
        rejects_of_row(conn, row_id, 20)


CASES: Cases = {
    "status of a row": _statuses,
    "trace of a row": _traces,
    "rejects by id": lambda conn, _: rejects_by_id(conn, [5, 100, 2000]),
    "newest rejects": lambda conn, _: newest_rejects(conn, RejectFilter(), 20),
    "newest batches": lambda conn, _: listed_batches(conn, BatchFilter(), 20),
    "newest batches of a source": lambda conn, _: listed_batches(conn, BatchFilter(source="source 3"), 20),
    "claimed batches": lambda conn, _: listed_batches(conn, BatchFilter(status=BatchStatus.CLAIMED), 20),
    "one batch": lambda conn, large: (
        listed_batches(conn, BatchFilter(batch_id=large.holding["batch_id"]), 1),
        child_batches(conn, 3),
        batch_rejects(conn, 3),
    ),
    "sources that wait": lambda conn, _: waiting_sources(conn),
    "books at a glance": lambda conn, _: glance(conn, 2**20, 1000),
}


@pytest.fixture(scope="module")
def costs(server: Server, template: str, service_login: dict[str, str]) -> dict[tuple[str, str], list[Pair]]:
    return grown(server, template, service_login, CASES, once=True)


@pytest.mark.parametrize("case", CASES)
def test_it_costs_the_same_at_ten_times_the_rows(costs: dict[tuple[str, str], list[Pair]], case: str) -> None:
    for known in _KNOWN:
        for pair in costs[case, known]:
            large = [name for name in pair.large.read_whole if name.startswith(_GROWING)]
            assert not large, f"{known}: reads {large} from end to end\n{pair.large}"
            assert pair.large.pages <= 1.25 * pair.small.pages + 25, f"{known}: {pair.small.pages} pages at a tenth\n{pair.large}"
