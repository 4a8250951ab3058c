from datetime import UTC, datetime, timedelta

import pytest

from etl_actors.cli.times import time_option
from etl_actors.errors import UsageError


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (" 2026-01-31 12:00+02:00 ", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, time: datetime) -> None:
    read = time_option("--since", text)
    assert read == time
    assert read is not None
    assert read.tzinfo is UTC, "it is shown as it stands, with a Z"


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("5 min", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
    ],
)
def test_a_duration_is_so_long_ago(text: str, ago: timedelta) -> None:
    time = time_option("--since", text)
    assert time is not None
    assert abs(datetime.now(UTC) - ago - time) < timedelta(minutes=1)


def test_what_is_not_given_is_no_time() -> None:
    assert time_option("--since", None) is None


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2 weeks", "-2h", "999999d", "12:00"])
def test_what_is_no_time_is_wrong_usage_and_names_the_option(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--until: expected a time such as 2026-01-31, .*, got '"):
        time_option("--until", text)
