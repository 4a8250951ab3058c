"""Which dead letters a command means, as it says it."""

from etl_actors.cli.rejects.filter import chosen, filter_words


def test_times_of_a_filter_are_told_in_utc_whatever_zone_they_were_given_in() -> None:
    wanted = chosen(source="shop", since="2026-01-31T12:00+02:00", until="2026-02-01")
    assert filter_words(wanted) == " of source shop, since 2026-01-31 10:00:00Z, until 2026-02-01 00:00:00Z"


def test_a_filter_that_chooses_nothing_is_not_told() -> None:
    assert filter_words(chosen()) == ""
