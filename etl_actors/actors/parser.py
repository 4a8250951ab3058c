"""A parser actor: takes on the role that a batch's slip names, by handing it to its worker."""

import time
from collections.abc import Callable
from typing import assert_never

from etl_actors.actors.answers import BatchParsed, BatchPoisoned, BatchStuck, RowCondemned
from etl_actors.actors.messages import Open, Parse, ParserMessage, tell
from etl_actors.actors.owner import OwnerActor
from etl_actors.errors import SlipError, TextTooLarge, WorkerLost
from etl_actors.relational.reject import Stage
from etl_actors.workers.base import Job, Worker
from etl_actors.workers.blame import parse_blaming

__all__ = ["ParserActor"]


class ParserActor(OwnerActor):
    """Owns one worker; parses one batch after the other.

    Args:
        make_worker: starts the worker; called in the actor's own thread, whose end ends a worker process too.
    """

    def __init__(self, make_worker: Callable[[], Worker]) -> None:
        super().__init__()
        self._make_worker = make_worker
        self._worker: Worker | None = None

    def on_receive(self, message: ParserMessage) -> None:
        """Parse, or start the worker."""
        match message:
            case Parse():
                self._parse(message)
            case Open():
                self._worker = self._own(self._make_worker())
            case _:
                assert_never(message)

    def _parse(self, order: Parse) -> None:
        if self._worker is None:
            msg = "a parser was told to parse before it was opened"
            raise RuntimeError(msg)
        began = time.monotonic()
        try:
            job = Job(order.lease.row_ids, order.role, order.condemned)
            result = parse_blaming(self._worker, job, lambda found: tell(order.reply_to, RowCondemned(order.lease, found)))
        except SlipError as exc:  # the slips compiled once, so it is their surroundings that have changed: the rows wait
            tell(order.reply_to, BatchStuck(order.lease, str(exc)))
            return
        except TextTooLarge as exc:
            tell(order.reply_to, BatchPoisoned(order.lease, Stage.PARSE, "too_large", str(exc)))
            return
        except WorkerLost as lost:
            tell(
                order.reply_to,
                BatchPoisoned(order.lease, Stage.PARSE, lost.reason, f"expected the batch to be parsed, but {lost}"),
            )
            return
        tell(order.reply_to, BatchParsed(order.lease, result, time.monotonic() - began))
