"""The replay that is worked now: what it is at, what comes of a try to go on, and why it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from etl_actors.errors import EtlError

__all__ = ["Phase", "Replay", "Step", "Stored", "Unworkable"]


class Unworkable(EtlError):
    """A replay asks for what the database cannot do; the text carries no data. Everything else goes on."""


class Phase(StrEnum):
    """What a replay is at."""

    REPEATING = "repeating"  # the rows that its filter chooses
    SEEKING = "seeking"  # those that had lost what it has vacated


class Step(StrEnum):
    """What came of a try to go on where nothing could be claimed."""

    CHOSEN = "chosen"  # the next window's rows wait, if it has any
    TURNED = "turned"  # all is repeated: what was vacated is sought now
    FINISHED = "finished"
    WAITING = "waiting"  # for batches in flight, or for somebody who is at it
    BARRED = "barred"  # what waits is of sources that are paused, or not claimed here


@dataclass(frozen=True, slots=True)
class Replay:
    """The replay that is worked now.

    Args:
        replay_id: of the replay.
        phase: what it is at.
        cancelled: whether nothing more of it is repeated.
        rate: rows a second at most, over all daemons; None for no limit.
        problem: why it does not go on; None where it does.
        wait_s: seconds until the rate allows the next claim.
    """

    replay_id: int
    phase: Phase
    cancelled: bool
    rate: float | None
    problem: str | None
    wait_s: float


@dataclass(frozen=True, slots=True)
class Stored:
    """A version of a slip as it was stored.

    Args:
        digest: of the version.
        name: of the slip.
        files: its text by name.
    """

    digest: str
    name: str
    files: Mapping[str, str]
