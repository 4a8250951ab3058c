"""Migrating from several processes at one moment."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from threading import Barrier

from etl_actors.store.migrate import migrate

__all__ = ["migrate_at_once"]

_PATIENCE_S = 60.0
_start: list[Barrier] = []


def migrate_at_once(*rounds: Sequence[str]) -> list[list[list[str]]]:
    """Migrate databases, each from a process of its own, all of a round at the same moment.

    Args:
        rounds: URLs, as many in each round.

    Returns:
        What `migrate` returned, by round and URL.
    """
    context = multiprocessing.get_context("spawn")  # Alembic keeps its context in globals: threads would share it
    size = len(rounds[0])
    with ProcessPoolExecutor(size, context, _keep, (context.Barrier(size),)) as pool:
        return [list(pool.map(_migrate, urls)) for urls in rounds]


def _keep(barrier: Barrier) -> None:
    _start.append(barrier)


def _migrate(url: str) -> list[str]:
    _start[0].wait(_PATIENCE_S)
    return migrate(url)
