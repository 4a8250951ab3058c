"""An actor is replaced at once, unless it keeps dying of its start."""

from etl_actors.restarts import Restarts


def test_a_place_that_never_had_an_actor_is_due() -> None:
    restarts = Restarts()
    assert restarts.due("loader", 0.0)
    assert not restarts.started("loader", 0.0)
    assert restarts.started("loader", 1.0)


def test_the_first_death_is_mended_at_once_and_the_next_ones_ever_later() -> None:
    restarts, now, waits = Restarts(), 0.0, []
    for _ in range(9):
        restarts.started("loader", now)
        died = now
        while not restarts.due("loader", now):
            now += 0.05
        waits.append(round(now - died, 2))
    assert waits[0] == 0.0
    assert waits == sorted(waits)
    assert waits[-1] == 5.0


def test_one_that_lived_for_long_is_forgiven() -> None:
    restarts = Restarts()
    for now in (0.0, 1.0, 3.0):
        restarts.started("parser", now)
        restarts.due("parser", now + 0.1)
    restarts.started("parser", 5.0)
    assert restarts.due("parser", 20.0)
