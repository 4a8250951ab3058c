"""Whose fault it was when a worker is lost: a row that kills or hangs twice is condemned, the rest of its batch goes on."""

import dataclasses

import structlog

from etl_actors import events
from etl_actors.errors import WorkerLost
from etl_actors.relational.parsed import Parsed, Routed
from etl_actors.relational.reject import Reject, Stage
from etl_actors.workers.base import Job, Worker

__all__ = ["parse_blaming"]

log = structlog.get_logger()

_UNBLAMED = 3


def parse_blaming(worker: Worker, job: Job) -> Parsed | Routed:
    """Parse `job`, condemning the rows that end the worker.

    A first end on a row may be an operator's kill or another program's hunger for memory; a second one is the row's. A row
    that hangs is condemned at once.

    Raises:
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
                if unblamed == _UNBLAMED:
                    raise
            elif lost.row_id in suspects or lost.reason == "row_timeout":
                job = dataclasses.replace(job, condemned=(*job.condemned, _condemn(lost)))
            else:
                suspects.add(lost.row_id)


def _condemn(lost: WorkerLost) -> Reject:
    return Reject(lost.row_id, Stage.PARSE, lost.reason, f"expected the row to be parsed, but {lost}")
