"""What a row costs the server besides time is bounded: log, catalogue rows and round trips, by PostgreSQL's own counters."""

from collections.abc import Iterator

import pytest

from benchmarks.upkeep import Upkeep, measured, server_with_contrib


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "under an old transaction"])
def cost(request: pytest.FixtureRequest) -> Iterator[Upkeep]:
    """Load 20,000 documents by a daemon."""
    try:
        with server_with_contrib(throwaway=True) as server:
            yield measured(server, 20_000, held=request.param, tell=lambda _: None)
    except FileNotFoundError as exc:
        pytest.skip(str(exc))


def test_a_rows_log_is_that_of_its_document_its_target_row_and_little_of_ours(cost: Upkeep) -> None:
    assert 2 < cost.own_bytes_per_row < 50, cost.parts  # 9 or so, since what waits are runs of rows
    assert cost.parts["fence, finish: batch"] / cost.batches < 4_000, "a batch is settled by its letters, not row by row"


def test_a_batch_costs_few_statements(cost: Upkeep) -> None:
    assert cost.rows / cost.batches > 500
    assert cost.statements / cost.batches < 40


def test_no_batch_leaves_rows_in_the_catalogues(cost: Upkeep) -> None:
    assert cost.catalogue / cost.batches <= 1, "a temp table that is truncated once in twenty batches, and never made"
    assert {one.name for one in cost.loaded if one.name.startswith("pg_catalog.") and one.bytes > 1_000_000} == set()


def test_vacuum_gives_the_inbox_back_unless_an_old_transaction_keeps_it(cost: Upkeep, request: pytest.FixtureRequest) -> None:
    inbox = next(one for one in cost.vacuumed if one.name == "etl.inbox")
    held = "old" in request.node.callspec.id
    assert (inbox.dead >= cost.rows / 500) is held, "a run of 500 rows is one of the inbox"
    assert (inbox.bytes == 0) is not held
