"""Times as options give them: a date, a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

from etl_actors.errors import UsageError

__all__ = ["TIME", "time_option"]

TIME = "TIME"
"""What stands for a time in the help of an option."""

_AGO = re.compile(r"(\d{1,6})\s*(s|min|h|d)")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


def time_option(option: str, text: str | None) -> datetime | None:
    """Read the time that an option names, in UTC; one without a zone is of UTC, `2h` is two hours ago.

    Args:
        option: its name, for the sentence.
        text: as given; None where the option was not.

    Raises:
        UsageError: it is no time.
    """
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        time = datetime.fromisoformat(text.strip())
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as exc:
        msg = f"{option}: expected a time such as 2026-01-31, 2026-01-31T12:00Z or 2h (ago; s, min, h, d), got {text!r}."
        raise UsageError(msg) from exc
