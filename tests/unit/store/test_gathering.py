"""Which sources are left alone for a moment: those whose rows come quickly, but too slowly to fill a batch."""

from etl_actors.store.gathering import MOMENT_S, Gathering


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_only_a_source_whose_rows_come_quickly_is_left_alone_and_only_for_a_moment() -> None:
    clock = _Clock()
    gathering = Gathering(clock)
    assert not gathering.note("a", 5_000, full=False), "how long they took to come is not known"
    clock.now += 0.02
    assert not gathering.note("a", 4, full=False), "a trickle lands at once: 200 rows a second"
    clock.now += 0.02
    assert gathering.note("a", 40, full=False)
    assert gathering.sources() == {"a"}
    clock.now += MOMENT_S * 0.9
    assert gathering.sources() == {"a"}
    clock.now += MOMENT_S * 0.2
    assert gathering.sources() == set()


def test_where_more_waits_already_nothing_is_waited_for() -> None:
    clock = _Clock()
    gathering = Gathering(clock)
    gathering.note("a", 5_000, full=True)
    clock.now += 0.02
    assert not gathering.note("a", 5_000, full=True)
    assert gathering.sources() == set()


def test_a_pause_in_the_stream_counts() -> None:
    clock = _Clock()
    gathering = Gathering(clock)
    gathering.note("a", 40, full=False)
    clock.now += 60
    assert not gathering.note("a", 40, full=False), "forty rows in a minute are a trickle"


def test_a_trickle_whose_rows_are_claimed_shortly_after_one_another_lands_at_once() -> None:
    """At 200 rows a second a row is claimed, and another a millisecond later: it waited while the first was loaded."""
    clock = _Clock()
    gathering = Gathering(clock)
    for _ in range(50):
        clock.now += 0.0005
        assert not gathering.note("a", 2, full=False)


def test_sources_do_not_delay_one_another() -> None:
    clock = _Clock()
    gathering = Gathering(clock)
    for source in ("a", "b"):
        gathering.note(source, 1, full=False)
    clock.now += 0.01
    assert gathering.note("a", 40, full=False)
    assert not gathering.note("b", 1, full=False)
    assert gathering.sources() == {"a"}


def test_what_is_remembered_is_bounded() -> None:
    clock = _Clock()
    gathering = Gathering(clock)
    for number in range(30_000):
        gathering.note(str(number), 1, full=False)
    clock.now += 0.01
    assert not gathering.note("0", 1_000, full=False), "it is not known any more"
    assert gathering.note("29999", 1_000, full=False)
