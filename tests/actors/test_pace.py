"""Batches are as large as loads are quick, over a simulated loader: what a load takes is a part of its own and a part of each row's."""

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.actors.pace import AHEAD_S, FIRST_ROWS, LEAST_ROWS, TARGET_S, Pace
from etl_actors.relational.block import Block
from etl_actors.relational.parsed import Parsed
from etl_actors.relational.tables import Kind, Policy, Table
from etl_actors.store.leases import Lease, Repeat

MOST = 8_000
_TABLE = Table("public", "shop", Kind.ROOT, Policy.IGNORE, (), (), None)


@cache
def _ids(rows: int) -> tuple[int, ...]:
    return tuple(range(1, rows + 1))


def _lease(rows: int, nbytes: int = 0, source: str = "shop") -> Lease:
    return Lease(1, 1, source, None, _ids(rows), nbytes or rows, 1)


def _loads(pace: Pace, loads: int, takes: Callable[[int], float], in_flight: int = 1) -> list[int]:
    """Let loads land, with so many batches claimed ahead; return the size of each that was claimed."""
    claimed = [pace.size("shop")[0] for _ in range(in_flight)]
    for number in range(loads):
        pace.landed(_lease(claimed[number]), takes(claimed[number]))
        claimed.append(pace.size("shop")[0])
    return claimed


def _line(fixed_s: float, row_s: float, noise: float = 0.0, seed: int = 1) -> Callable[[int], float]:
    rng = random.Random(seed)
    return lambda rows: (fixed_s + row_s * rows) * rng.uniform(1 - noise, 1 + noise)


def test_a_source_begins_in_the_middle_and_quick_loads_make_its_batches_as_large_as_they_may_be() -> None:
    assert _loads(Pace(MOST), 3, _line(0.005, 5e-6)) == [FIRST_ROWS, MOST, MOST, MOST]


def test_a_source_whose_documents_make_tables_begins_with_a_small_batch_and_is_as_others_then() -> None:
    pace = Pace(MOST, careful=lambda source: source == "shop")
    assert _loads(pace, 5, _line(0.01, 1e-5), in_flight=1) == [LEAST_ROWS, FIRST_ROWS, MOST, MOST, MOST, MOST]
    assert pace.size("others")[0] == FIRST_ROWS


def test_a_setting_below_the_least_size_is_the_size() -> None:
    assert set(_loads(Pace(3), 50, _line(0.001, 0.3))) == {3}
    assert set(_loads(Pace(LEAST_ROWS), 50, _line(0.001, 0.0))) == {LEAST_ROWS}


@pytest.mark.parametrize("in_flight", [1, 6])
def test_long_loads_make_batches_smaller_until_a_load_takes_about_the_target_and_there_they_stay(in_flight: int) -> None:
    sizes = _loads(Pace(MOST), 200, _line(0.01, 4e-4, noise=0.2), in_flight)
    assert set(sizes[60:]) == {500}, "0.21 s"


@given(
    st.floats(0.001, 0.05),
    st.floats(1e-7, 5e-3),
    st.floats(0.0, 0.25),
    st.integers(1, 8),
    st.sampled_from([300, 2_000, MOST, 50_000]),
)
def test_the_size_comes_to_rest_where_loads_take_about_the_target_or_at_a_bound(
    fixed_s: float, row_s: float, noise: float, in_flight: int, most: int
) -> None:
    pace, takes = Pace(most), _line(fixed_s, row_s, noise)
    sizes = _loads(pace, 400, takes, in_flight)
    late = sizes[200:]
    changes = sum(before != after for before, after in pairwise(late))
    assert changes <= 200 // 32 * 2, "it tries another size now and then, and does not swing"
    typical = sorted(late)[len(late) // 2]
    took_s = fixed_s + row_s * typical
    assert took_s >= TARGET_S / 2 * (1 - noise) or typical == min(most, max(sizes))
    assert took_s <= TARGET_S * 1.5 * (1 + 2 * noise) or typical < 2 * LEAST_ROWS


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_where_each_load_takes_long_whatever_is_in_it_batches_grow(noise: float) -> None:
    """A database that is far away, or commits slowly: smaller batches would only be more of them."""
    sizes = _loads(Pace(MOST), 200, _line(0.8, 5e-6, noise), in_flight=3)
    assert sizes.count(MOST) > 140
    assert min(sizes) >= FIRST_ROWS // 2


def test_a_database_that_becomes_slow_is_met_with_smaller_batches_and_with_larger_ones_when_it_is_well_again() -> None:
    pace = Pace(MOST)
    assert _loads(pace, 20, _line(0.005, 5e-6))[-1] == MOST
    assert _loads(pace, 30, _line(0.005, 5e-4))[-1] == 500
    assert _loads(pace, 60, _line(0.005, 5e-6))[-1] == MOST


def test_one_load_that_took_long_changes_nothing() -> None:
    pace = Pace(MOST)
    assert _loads(pace, 20, _line(0.01, 1e-5))[-1] == MOST
    assert set(_loads(pace, 1, _line(5.0, 0.0))) == {MOST}
    assert set(_loads(pace, 50, _line(0.01, 1e-5))) == {MOST}


@given(st.lists(st.tuples(st.integers(1, 100), st.floats(0.0001, 2.0)), max_size=60))
def test_a_trickle_says_nothing_of_large_batches(trickle: list[tuple[int, float]]) -> None:
    pace = Pace(MOST)
    for rows, took_s in trickle:
        pace.landed(_lease(rows), took_s)
    assert pace.size("shop")[0] == FIRST_ROWS


def test_batches_that_end_with_their_bytes_do_not_grow_in_rows_that_they_never_have() -> None:
    pace = Pace(MOST, batch_bytes=1_000_000)
    for _ in range(20):
        pace.landed(_lease(400, nbytes=1_000_100), 0.01)
    assert pace.size("shop") == (500, 1_000_000)


def test_what_takes_long_to_parse_has_smaller_batches_too_by_the_number_of_parsers() -> None:
    pace = Pace(MOST, workers=2)
    for _ in range(40):
        rows = pace.size("shop")[0]
        pace.landed(_lease(rows), 0.001, parse_s=1e-3 * rows)
    assert pace.size("shop")[0] == 500


def test_who_waits_for_others_at_the_same_table_has_batches_as_large_as_alone() -> None:
    pace = Pace(MOST)
    for _ in range(20):
        rows = pace.size("shop")[0]
        pace.landed(_lease(rows), 1e-5 * rows + 0.2, waited_s=0.2)
    assert pace.size("shop")[0] == MOST
    assert pace.batches(100) == int(AHEAD_S / (1e-5 * MOST + 0.2)), "what is ahead of a drain are waits, too"


def test_documents_that_grow_as_they_are_broken_out_come_in_batches_of_fewer_bytes() -> None:
    pace = Pace(MOST, batch_bytes=1_000_000)
    assert pace.size("shop")[1] == 1_000_000
    pace.parsed(_lease(10, nbytes=100), Parsed("shop", "d", (Block(_TABLE, 1, b"x" * 400),), (), ()))
    assert pace.size("shop")[1] == 250_000
    assert pace.weight(_lease(10, nbytes=100)) == 400
    pace.parsed(_lease(10, nbytes=100), Parsed("shop", "d", (Block(_TABLE, 1, b"x" * 100),), (), ()))
    assert 250_000 < pace.size("shop")[1] < 350_000, "little by little"
    assert pace.size("others")[1] == 1_000_000


def test_replays_have_a_size_of_their_own() -> None:
    pace = Pace(MOST)
    for _ in range(40):
        lease = replace(_lease(pace.size(None)[0]), repeat=Repeat(1, None, (), seeking=False))
        pace.landed(lease, 1e-3 * len(lease.row_ids))
    assert pace.size(None)[0] == LEAST_ROWS
    assert pace.size("shop")[0] == FIRST_ROWS


@pytest.mark.parametrize(
    ("load_s", "batches"), [(0.01, 6), (0.15, 6), (AHEAD_S / 5, 5), (AHEAD_S / 4, 4), (1.0, 3), (60.0, 3)], ids=str
)
def test_as_many_batches_may_be_in_flight_as_hold_so_much_work_and_never_fewer_than_keep_everybody_busy(
    load_s: float, batches: int
) -> None:
    pace = Pace(MOST, workers=2, loaders=1)
    assert pace.batches(6) == 6
    for _ in range(5):
        pace.landed(_lease(10), load_s)
    assert pace.batches(6) == batches
    assert pace.batches(2) == 2, "what is set is the most"
    pace.landed(_lease(10), 100.0)
    assert pace.batches(6) == batches, "one load that took long says nothing"


def test_sources_that_come_and_go_are_forgotten() -> None:
    pace = Pace(MOST, batch_bytes=100)
    for number in range(10_001):
        pace.landed(_lease(1, source=f"s{number}"), 0.01)
    assert len(pace._sources) == 10_000
