"""The whole service under test: the program as users start it, timed by the database's own clock."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import LiteralString

import psycopg

from etl_actors.store.ledger import ledger

__all__ = ["Ran", "asleep", "awaited", "balanced", "run_once", "settled"]

_SLIPS = Path(__file__).parent / "slips"
_COMMAND = (sys.executable, "-m", "etl_actors", "run")
_LIMIT_S = 300.0
_CLAIMED_TO_LANDED = "SELECT extract(epoch FROM max(finished_at) - min(claimed_at))::float8 FROM etl.batch WHERE status = 'done'"
_SETTLED = "SELECT NOT EXISTS (SELECT FROM etl.inbox) AND NOT EXISTS (SELECT FROM etl.batch WHERE status = 'claimed')"
_ASLEEP = f"{_SETTLED} AND EXISTS (SELECT FROM etl.daemon WHERE asleep_until > clock_timestamp())"


@dataclass(frozen=True, slots=True)
class Ran:
    """How long one run took.

    Args:
        work_s: seconds from the first claim to the last batch that landed.
        wall_s: seconds from the program's start to its end.
    """

    work_s: float
    wall_s: float


def run_once(url: str) -> Ran:
    """Run `etl-actors run --once` on a database, and return how long it took; the books must balance then."""
    began = time.monotonic()
    done = subprocess.run([*_COMMAND, "--once"], env=_environment(url), capture_output=True, timeout=_LIMIT_S, check=False)
    wall_s = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    balanced(url)
    with psycopg.connect(url) as conn:
        row = conn.execute(_CLAIMED_TO_LANDED).fetchone()
    return Ran(row[0] if row else 0.0, wall_s)


@contextmanager
def asleep(url: str, **settings: str) -> Iterator[None]:
    """Run a daemon that has fallen asleep before the block begins; it is drained at the end, and the books must balance.

    Args:
        url: of the database.
        settings: that are not the default ones, their names in capitals.
    """
    env = _environment(url, **settings)
    with TemporaryFile() as log, subprocess.Popen(_COMMAND, env=env, stdout=log, stderr=log) as daemon:
        try:
            awaited(url)
            yield
            awaited(url)
        finally:
            daemon.terminate()
            daemon.wait(_LIMIT_S)
    balanced(url)


def awaited(url: str) -> None:
    """Wait until a daemon sleeps, which it does once nothing is pending and nothing is in flight."""
    _until(url, _ASLEEP, 0.05, "the daemon did not fall asleep")


def settled(url: str) -> None:
    """Wait until nothing is pending and nothing is in flight, with at most a hundredth of a second lost."""
    _until(url, _SETTLED, 0.01, "the daemon did not settle all that was staged")


def _until(url: str, question: LiteralString, rest_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + _LIMIT_S
    with psycopg.connect(url, autocommit=True) as conn:
        while conn.execute(question).fetchone() != (True,):
            if time.monotonic() > deadline:
                raise RuntimeError(otherwise)
            time.sleep(rest_s)


def balanced(url: str) -> None:
    """Refuse a measurement whose books do not balance, or in which something waits or was rejected."""
    with psycopg.connect(url) as conn:
        for row in ledger(conn):
            if not row.balanced or row.pending or row.claimed or row.rejected:
                raise RuntimeError(f"the books are not as they must be: {row}")


def _environment(url: str, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ETL_")}
    given = {"DATABASE_URL": url, "PARSERS": str(_SLIPS), "HTTP_PORT": "off", "LOG_FORMAT": "json", "LOG_LEVEL": "warning"}
    return kept | {f"ETL_{name}": value for name, value in (given | settings).items()}
