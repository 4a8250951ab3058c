"""What a parser actor asks of a worker, wherever it runs."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.relational.reject import Reject
from etl_actors.scrub import scrub_text

__all__ = ["NO_ROW", "UNREADY", "Failure", "Job", "Role", "RoleSlip", "Worker", "WorkerFailed"]

NO_ROW = -1
"""A worker's progress while it has learned its role and is on no row in particular: it fetches them, or packs what it made."""

UNREADY = "worker_unready"
"""The reason of a `WorkerLost` that ended before it had learned its role: no row can be to blame."""


@dataclass(frozen=True, slots=True)
class RoleSlip:
    """One slip as text: what a worker needs to become its parser.

    Args:
        digest: of the slip.
        files: of the slip.
        name: of the slip, for messages.
    """

    digest: str
    files: Mapping[str, str]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """What a worker is to be for one batch.

    Args:
        slips: the candidates, highest priority first; one where the slip is settled.
        settled: whether `slips` is the slip that the rows name, so that its `when` is not asked.
        missing: why there is no candidate although the rows name a slip; empty otherwise.
    """

    slips: tuple[RoleSlip, ...]
    settled: bool = False
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One batch to parse.

    Args:
        row_ids: ascending; those of `condemned` among them.
        role: the slips in question.
        condemned: rows that have killed or hung a worker and are not touched again, with their rejects.
    """

    row_ids: tuple[int, ...]
    role: Role
    condemned: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that no part of the engine expects, as a parser process sends it to the daemon: as scrubbed text.

    The exception itself is not sent: it may hold a row, or be of a kind that cannot be sent at all.

    Args:
        kind: the exception's type.
        text: what it said; of what is no `Exception` nothing, since nobody knows what it may say.
        frames: its traceback.
    """

    kind: str
    text: str
    frames: str

    @classmethod
    def of(cls, exc: BaseException) -> Self:
        """Describe `exc`."""
        text = scrub_text(str(exc)) if isinstance(exc, Exception) else ""
        return cls(type(exc).__name__, text, scrub_text("".join(traceback.format_tb(exc.__traceback__))))


class WorkerFailed(RuntimeError):
    """A bug of the engine, or a state of the database that it knows nothing of, met within a parser process."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.kind}: {failure.text}".removesuffix(": "))
        self.kind = failure.kind
        self.add_note(f"In the parser process:\n{failure.frames}")


class Worker(Protocol):
    """Parses batches, one at a time."""

    def parse(self, job: Job) -> Parsed | Routed:
        """Fetch the job's rows and parse them under its role.

        Raises:
            TextTooLarge: the rows are too large to be fetched together.
            WorkerLost: the worker ended or hung; it is started afresh at the next call.
            DatabaseUnavailable: the rows cannot be fetched.
            DatabaseUnsuitable: the rows may not be fetched.
            SlipError: a slip of the role does not compile.
            Exception: any other is a bug of the engine; out of a process it comes as `WorkerFailed`, which names it.
        """
        ...

    def close(self) -> None:
        """End the worker and whatever it holds."""
        ...
