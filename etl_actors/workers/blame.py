"""Whose fault it was when a worker is lost: a row that kills or hangs twice is condemned, the rest of its batch goes on."""

import dataclasses
from collections.abc import Callable

import structlog

from etl_actors import events
from etl_actors.errors import SlipError, WorkerLost
from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.slips.source.files import STEPS
from etl_actors.workers.base import UNREADY, Job, Role, Worker

__all__ = ["parse_blaming"]

log = structlog.get_logger()

_UNBLAMED = 3


def parse_blaming(worker: Worker, job: Job, tell: Callable[[Reject], None] = lambda _found: None) -> Parsed | Routed:
    """Parse `job`, condemning the rows that end the worker.

    A first end on a row may be an operator's kill or another program's hunger for memory; a second one is the row's. A row
    that hangs is condemned at once.

    Args:
        worker: which is lost, and started afresh.
        job: the batch.
        tell: told of each row as it is condemned, so that nobody tries it again, whatever becomes of the batch.

    Raises:
        SlipError: the worker was lost several times before it had read a row, so that none is to blame.
        WorkerLost: the worker was lost several times on no row in particular.
    """
    suspects: set[int] = set()
    unblamed = 0
    while True:
        try:
            return worker.parse(job)
        except WorkerLost as lost:
            log.warning(events.WORKER_LOST, row_id=lost.row_id, reason=lost.reason, error=str(lost))
            if not lost.row_id:
                unblamed += 1
                if unblamed == _UNBLAMED and lost.reason == UNREADY:
                    raise SlipError(_unlearned(job.role, lost)) from None
                if unblamed == _UNBLAMED:
                    raise
            elif lost.row_id in suspects or lost.reason == "row_timeout":
                found = _condemn(lost)
                tell(found)
                job = dataclasses.replace(job, condemned=(*job.condemned, found))
            else:
                suspects.add(lost.row_id)


def _condemn(lost: WorkerLost) -> Reject:
    return Reject(lost.row_id, Stage.PARSE, lost.reason, f"expected the row to be parsed, but {lost}")


def _unlearned(role: Role, lost: WorkerLost) -> str:
    """Say which slips a worker was to learn when it ended: those with code of their own, if there are any."""
    stepped = [slip for slip in role.slips if STEPS in slip.files]
    names = ", ".join(slip.name for slip in stepped or role.slips)
    slips = f"slips {names}" if len(stepped or role.slips) > 1 else f"slip {names}"
    while_ = f", while it ran the {STEPS} of {slips}" if stepped else f", while it learned {slips}" if names else ""
    return f"a parser ended {_UNBLAMED} times before it had read a row{while_}; the last time: {lost}"
