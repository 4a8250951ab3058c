"""What a parser actor asks of a worker, wherever it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.relational.reject import Reject

__all__ = ["Job", "Role", "RoleSlip", "Worker"]


@dataclass(frozen=True, slots=True)
class RoleSlip:
    """One slip as text: what a worker needs to become its parser."""

    digest: str
    files: Mapping[str, str]


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


class Worker(Protocol):
    """Parses batches, one at a time."""

    def parse(self, job: Job) -> Parsed | Routed:
        """Fetch the job's rows and parse them under its role.

        Raises:
            WorkerLost: the worker ended or hung; it is started afresh at the next call.
            DatabaseUnavailable: the rows cannot be fetched.
        """
        ...

    def close(self) -> None:
        """End the worker and whatever it holds."""
        ...
