"""Replays as operators know them: ordered, under way, cancelled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from json import dumps
from typing import Any

from etl_actors.errors import UsageError
from etl_actors.relational.outcome import Outcome
from etl_actors.store.actions import record_action
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries
from etl_actors.store.replay.choice import Choice, bounds

__all__ = [
    "Progress",
    "Result",
    "Status",
    "Version",
    "cancel",
    "may_serve",
    "open_replays",
    "order",
    "progress",
    "result",
    "resume",
    "vacant",
]

_SQL = queries("replays")


class Version(StrEnum):
    """By which version of their slip rows are parsed again."""

    CURRENT = "current"  # that in force, which may be of another slip by now
    ORIGINAL = "original"  # the one that settled them


class Status(StrEnum):
    """How a replay stands."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is.

    Args:
        replay_id: of the replay.
        status: how it stands.
        phase: repeating, or seeking who wins what it has vacated.
        version: by which its rows are parsed.
        filter: which rows are meant, as `Choice.filter`.
        actor: who ordered it.
        rate: rows a second at most; None for no limit.
        rows_total: that were chosen when it was ordered.
        rows_done: of these.
        vacated: identities that lost the row that had won them.
        sought: rows parsed to find who wins those now.
        found: of these, the rows that had one of them.
        problem: why it does not go on; None where it does.
        created_at: when it was ordered.
        finished_at: when it ended; None while there is anything left to do.
        behind: the replay that is worked first; None where it is this one's turn.
    """

    replay_id: int
    status: Status
    phase: str
    version: Version
    filter: Mapping[str, Any]
    actor: str
    rate: float | None
    rows_total: int
    rows_done: int
    vacated: int
    sought: int
    found: int
    problem: str | None
    created_at: datetime
    finished_at: datetime | None
    behind: int | None

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.status is Status.DONE or self.finished_at is not None


@dataclass(frozen=True, slots=True)
class Result:
    """What a replay has done up to now.

    Args:
        letters: how many rows went from which outcome to which; those not counted that were parsed for what it has vacated.
        letters_closed: dead letters that it has settled, and of whose rows nothing is rejected any more.
    """

    letters: Mapping[tuple[Outcome, Outcome], int] = field(default_factory=dict)
    letters_closed: int = 0

    def became(self, outcome: Outcome) -> int:
        """Count the rows that have an outcome now."""
        return sum(rows for (_, after), rows in self.letters.items() if after is outcome)

    def were(self, outcome: Outcome) -> int:
        """Count the rows that had an outcome before."""
        return sum(rows for (before, _), rows in self.letters.items() if before is outcome)


def order(conn: Connection, choice: Choice, rows: int, version: Version = Version.CURRENT, rate: float | None = None) -> int:
    """Order a replay, on record, and wake a daemon for it.

    Args:
        conn: as an operator, in autocommit mode.
        choice: of the rows; of those that are staged later, none.
        rows: how many are chosen, for the progress.
        version: of their slip.
        rate: rows a second at most, over all daemons; None for no limit.

    Returns:
        The replay's id.
    """
    _, row_hi = bounds(conn, choice)
    given = {"filter": dumps(choice.filter), "version": version.value, "rate": rate, "row_hi": row_hi, "rows": rows}
    with conn.transaction():
        row = conn.execute(_SQL["order"], given).fetchone()
        if row is None:
            msg = "an INSERT returned no row"
            raise ValueError(msg)
        detail = {"replay_id": row[0], "filter": choice.filter, "version": version.value, "rate": rate, "rows": rows}
        record_action(conn, "replay", detail)
        conn.execute(_SQL["ring"])
    return int(row[0])


def progress(conn: Connection, replay_id: int) -> Progress:
    """Tell how far a replay is.

    Raises:
        UsageError: there is none of that id.
    """
    row = conn.execute(_SQL["progress"], {"replay_id": replay_id}).fetchone()
    if row is None:
        msg = f"There is no replay {replay_id}."
        raise UsageError(msg)
    number, status, phase, version, *rest = row
    filtered, actor, rate, total, *counts = rest
    return Progress(number, Status(status), phase, Version(version), filtered, actor, rate, total or 0, *counts)


def open_replays(conn: Connection) -> tuple[Progress, ...]:
    """Return the replays that have anything left to do, in the order in which they are worked."""
    return tuple(progress(conn, replay_id) for (replay_id,) in conn.execute(_SQL["open"]).fetchall())


def cancel(conn: Connection, replay_id: int) -> bool:
    """End a replay early; what is done stays done, and a daemon still finds who wins what was vacated.

    One that has done nothing ends at once.

    Returns:
        Whether it was open.

    Raises:
        UsageError: there is none of that id.
    """
    progress(conn, replay_id)
    with conn.transaction():
        # First the replay itself: who is choosing more of its rows holds it locked, and finds it cancelled afterwards.
        cancelled = conn.execute(_SQL["cancel"], {"replay_id": replay_id}).fetchone() is not None
        if cancelled:
            conn.execute(_SQL["forget_rows"], {"replay_id": replay_id})
            conn.execute(_SQL["end_at_once"], {"replay_id": replay_id})
            record_action(conn, "replay cancel", {"replay_id": replay_id})
            conn.execute(_SQL["ring"])
    return cancelled


def resume(conn: Connection, replay_id: int) -> None:
    """Have a daemon try again what had a problem; one that ended without a look for who wins what it has vacated looks now."""
    with conn.transaction():
        conn.execute(_SQL["resume"], {"replay_id": replay_id})
        conn.execute(_SQL["reopen"], {"replay_id": replay_id})
        conn.execute(_SQL["ring"])


def vacant(conn: Connection, replay_id: int) -> int:
    """Count the identities that a cancelled replay took a row from and will not seek, since it could not."""
    row = conn.execute(_SQL["vacant"], {"replay_id": replay_id}).fetchone()
    return 0 if row is None else int(row[0])


def result(conn: Connection, replay_id: int) -> Result:
    """Tell what a replay has done up to now."""
    found = conn.execute(_SQL["letters"], {"replay_id": replay_id})
    letters = {(Outcome(before), Outcome(after)): rows for before, after, rows in found}
    row = conn.execute(_SQL["letters_closed"], {"replay_id": replay_id}).fetchone()
    return Result(letters, 0 if row is None else int(row[0]))


def may_serve(conn: Connection) -> bool:
    """Tell whether the login may do a daemon's work."""
    return conn.execute(_SQL["may_serve"]).fetchone() == (True,)
