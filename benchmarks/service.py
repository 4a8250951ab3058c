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

import psycopg

from etl_actors.store.ledger import ledger

__all__ = ["Ran", "asleep", "awaited", "balanced", "run_once"]

_SLIPS = Path(__file__).parent / "slips"
_COMMAND = (sys.executable, "-m", "etl_actors", "run")
_LIMIT_S = 300.0
_CLAIMED_TO_LANDED = "SELECT extract(epoch FROM max(finished_at) - min(claimed_at))::float8 FROM etl.batch WHERE status = 'done'"
_ASLEEP = (
    "SELECT EXISTS (SELECT FROM etl.daemon WHERE asleep_until > clock_timestamp()) "
    "AND NOT EXISTS (SELECT FROM etl.inbox) AND NOT EXISTS (SELECT FROM etl.batch WHERE status = 'claimed')"
)


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
def asleep(url: str) -> Iterator[None]:
    """Run a daemon that has fallen asleep before the block begins; it is drained at the end, and the books must balance."""
    with TemporaryFile() as log, subprocess.Popen(_COMMAND, env=_environment(url), stdout=log, stderr=log) as daemon:
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
    deadline = time.monotonic() + _LIMIT_S
    with psycopg.connect(url, autocommit=True) as conn:
        while conn.execute(_ASLEEP).fetchone() != (True,):
            if time.monotonic() > deadline:
                raise RuntimeError("the daemon did not fall asleep")
            time.sleep(0.05)


def balanced(url: str) -> None:
    """Refuse a measurement whose books do not balance, or in which something waits or was rejected."""
    with psycopg.connect(url) as conn:
        for row in ledger(conn):
            if not row.balanced or row.pending or row.claimed or row.rejected:
                raise RuntimeError(f"the books are not as they must be: {row}")


def _environment(url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ETL_")}
    given = {"DATABASE_URL": url, "PARSERS": str(_SLIPS), "HTTP_PORT": "off", "LOG_FORMAT": "json", "LOG_LEVEL": "warning"}
    return kept | {f"ETL_{name}": value for name, value in given.items()}
