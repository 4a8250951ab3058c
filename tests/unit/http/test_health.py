from datetime import UTC, datetime, timedelta

import pytest

from etl_actors.http.health import BEAT_LIMIT_S, HealthState

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def well(freshness_s: float = 0.0) -> HealthState:
    return HealthState(freshness_s, database_up=True)


def test_it_lives_for_ten_seconds_after_a_beat() -> None:
    health = HealthState()
    health.beat()
    beat_at = health._beat_at
    assert health.live(beat_at + BEAT_LIMIT_S - 0.5)
    assert not health.live(beat_at + BEAT_LIMIT_S + 0.5)


def test_a_beat_revives_it() -> None:
    health = HealthState()
    health._beat_at -= BEAT_LIMIT_S
    assert not health.live()
    health.beat()
    assert health.live()


def test_it_is_not_ready_before_the_database_answers() -> None:
    assert HealthState().ready() == (False, ("The database does not answer, or the actors are not started yet.",))


def test_it_is_ready_when_the_database_answers_and_nothing_is_wrong() -> None:
    assert well().ready() == (True, ())


def test_it_is_not_ready_when_the_supervisor_is_stuck() -> None:
    health = well()
    health._beat_at -= BEAT_LIMIT_S
    assert health.ready() == (False, ("The supervisor has not been heard of for 10 s.",))


def test_the_daemons_own_reason_makes_it_not_ready() -> None:
    health = well()
    health.reason = "The daemon is draining."
    assert health.ready() == (False, ("The daemon is draining.",))


@pytest.mark.parametrize(("waited_s", "ready"), [(59, True), (60, True), (61, False), (-5, True)])
def test_it_is_not_ready_while_a_row_has_waited_longer_than_the_limit(waited_s: float, ready: bool) -> None:  # noqa: FBT001
    health = well(freshness_s=60)
    health.oldest_pending_at = _NOW - timedelta(seconds=waited_s)
    assert health.ready(_NOW)[0] is ready


def test_without_a_limit_a_row_may_wait() -> None:
    health = well()
    health.oldest_pending_at = _NOW - timedelta(days=3)
    assert health.ready(_NOW) == (True, ())


def test_every_reason_is_told() -> None:
    health = HealthState(freshness_s=60, reason="Paused.")
    health.oldest_pending_at = _NOW - timedelta(seconds=90)
    assert health.ready(_NOW)[1] == (
        "The database does not answer, or the actors are not started yet.",
        "Paused.",
        "The oldest pending row has waited 90 s, and the limit is 60 s.",
    )
