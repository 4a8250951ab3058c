"""The whole service under test: the program as users start it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, LiteralString

import psycopg

from etl_actors.store.ledger import ledger

__all__ = ["asleep", "awaited", "balanced", "command", "running", "settled"]

_SLIPS = Path(__file__).parent / "slips"
_COMMAND = (sys.executable, "-m", "etl_actors")
_LIMIT_S = 900.0
# What is claimed is asked first: an index of few entries, while what waits may be much, and what was dead of it.
_SETTLED: LiteralString = (
    "SELECT NOT EXISTS (SELECT FROM etl.batch WHERE status = 'claimed') AND NOT EXISTS (SELECT FROM etl.inbox)"
)
_ASLEEP: LiteralString = "SELECT count(*) >= %(daemons)s FROM etl.daemon WHERE asleep_until > clock_timestamp()"
# A master may sleep while its parsers have not started yet; whoever listens is started last.
_READY: LiteralString = (
    "SELECT count(*) >= %(daemons)s AND (SELECT count(*) >= %(daemons)s FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'etl-actors listener') "
    "FROM etl.daemon WHERE asleep_until > clock_timestamp()"
)


@contextmanager
def running(url: str, daemons: int = 1, **settings: str) -> Iterator[list[int]]:
    """Run daemons that have started, with all their parsers, and fallen asleep before the block begins, and end them after it, whatever waits.

    Args:
        url: of the database.
        daemons: how many.
        settings: that are not the default ones, their names in capitals.

    Yields:
        The ids of their processes.
    """
    env = _environment(url, **settings)
    with ExitStack() as ended:
        started: list[subprocess.Popen[bytes]] = []
        logs: list[IO[bytes]] = []
        for _ in range(daemons):
            log = ended.enter_context(TemporaryFile())
            started.append(subprocess.Popen([*_COMMAND, "run"], env=env, stdout=log, stderr=log))
            ended.callback(_end, started[-1])
            logs.append(log)

        def watch() -> None:
            for daemon, log in zip(started, logs, strict=True):
                if daemon.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(f"a daemon ended: {log.read().decode()[-2000:]}")

        _until(url, _READY, 0.05, "not all daemons started and fell asleep", watch, daemons=daemons)
        yield [daemon.pid for daemon in started]


@contextmanager
def asleep(url: str, daemons: int = 1, **settings: str) -> Iterator[list[int]]:
    """Run daemons as `running` does; after the block all that is staged is settled, and the books must balance."""
    with running(url, daemons, **settings) as processes:
        yield processes
        awaited(url, daemons)
    balanced(url)


def command(url: str, *words: str) -> None:
    """Run a command of the service on a database to its end."""
    done = subprocess.run([*_COMMAND, *words], env=_environment(url), capture_output=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"etl-actors {' '.join(words)}: {done.stderr.decode()[-2000:]}")


def awaited(url: str, daemons: int = 1) -> None:
    """Wait until nothing is pending, nothing in flight, and the daemons sleep."""
    settled(url)
    _until(url, _ASLEEP, 0.05, "not all daemons fell asleep", daemons=daemons)


def settled(url: str) -> float:
    """Wait until nothing is pending and nothing is in flight, and return when it was, by `time.monotonic`: late by 10 ms at most."""
    _until(url, _SETTLED, 0.01, "the daemon did not settle all that was staged")
    return time.monotonic()


def balanced(url: str) -> None:
    """Refuse a measurement whose books do not balance, or in which something waits or was rejected."""
    with psycopg.connect(url) as conn:
        for row in ledger(conn):
            if not row.balanced or row.pending or row.claimed or row.rejected:
                raise RuntimeError(f"the books are not as they must be: {row}")


def _until(
    url: str, question: LiteralString, rest_s: float, otherwise: str, watch: Callable[[], None] = lambda: None, **values: int
) -> None:
    deadline = time.monotonic() + _LIMIT_S
    with psycopg.connect(url, autocommit=True) as conn:
        while conn.execute(question, values).fetchone() != (True,):
            watch()
            if time.monotonic() > deadline:
                raise RuntimeError(otherwise)
            time.sleep(rest_s)


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    daemon.wait(_LIMIT_S)


def _environment(url: str, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ETL_")}
    given = {"DATABASE_URL": url, "PARSERS": str(_SLIPS), "HTTP_PORT": "off", "LOG_FORMAT": "json", "LOG_LEVEL": "warning"}
    return kept | {f"ETL_{name}": value for name, value in (given | settings).items()}
