"""How a process ended is told so that its own status and a signal do not look alike."""

import pytest

from etl_actors.workers.ending import ending


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (0, "ended by itself with status 0"),
        (9, "ended by itself with status 9"),
        (-9, "was killed by SIGKILL"),
        (-63, "was killed by signal 63"),
    ],
)
def test_a_status_is_told_in_words(status: int, told: str) -> None:
    assert ending(status) == told
