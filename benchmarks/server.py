"""The server that both sides use: an embedded one of its own, with fsync, and a new database for every run."""

import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from etl_actors import __version__
from etl_actors.embedded import Lease, acquire
from etl_actors.store.migrate import migrate

__all__ = ["Server", "held_snapshot", "machine", "running_server", "stage"]


class Server:
    """A running server that was made for the benchmarks.

    Args:
        lease: on it.
        folder: where its data is.
    """

    def __init__(self, lease: Lease, folder: Path) -> None:
        self._lease = lease
        self._folder = folder
        self._count = 0
        migrate(lease.url)  # the database `etl` is what the others copy

    def database(self, like: str = "") -> str:
        """Make a migrated database and return its URL; what was written before is flushed, so that no run pays for another.

        Args:
            like: URL of the database that it is a copy of, to which nobody is connected; empty for one without rows.
        """
        self._count += 1
        name = f"bench_{self._count}"
        template = sql.Identifier(_name_of(like) if like else "etl")
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(name), template)
        with psycopg.connect(self._lease.url_of("postgres"), autocommit=True) as conn:
            conn.execute(made)
            conn.execute("CHECKPOINT")
        return self._lease.url_of(name)

    def drop(self, url: str) -> None:
        """Remove a database again."""
        with psycopg.connect(self._lease.url_of("postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_name_of(url))))

    def about(self) -> list[str]:
        """Say on what hardware and with which versions and settings all this runs, a line each."""
        with psycopg.connect(self._lease.url) as conn:
            shown = {name: _show(conn, name) for name in ("server_version", "fsync", "synchronous_commit", "shared_buffers")}
        settings = ", ".join(f"{name} {value}" for name, value in shown.items() if name != "server_version")
        hardware, software = machine()
        return [
            f"{hardware}, data on {_filesystem(self._folder)}",
            software,
            f"PostgreSQL {shown['server_version']}, {settings}",
        ]


@contextmanager
def held_snapshot(url: str) -> Iterator[None]:
    """Keep a transaction open whose snapshot is older than all that happens within: vacuum removes nothing of it."""
    with psycopg.connect(url) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM etl.daemon")
        yield


def machine() -> list[str]:
    """Say on what hardware and with which versions this runs, a line each."""
    cpu, cores = _cpu()
    return [
        f"{cores} cores of {cpu}, {_memory_gib():.0f} GiB of memory",
        f"{platform.system()}, Python {platform.python_version()}, etl-actors {__version__}",
    ]


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server in a folder for temporary files, and remove both in the end."""
    with tempfile.TemporaryDirectory(prefix="etl-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # root's server runs as another user, who must pass through
        with acquire(folder) as lease:
            yield Server(lease, folder)


def stage(conn: psycopg.Connection, source: str, documents: Sequence[str]) -> float:
    """Stage documents in one transaction, as a producer does, and return when it was committed, by `time.monotonic`."""
    with conn.transaction(), conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for document in documents:
            copy.write_row((source, document))
    return time.monotonic()


def _name_of(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


def _show(conn: psycopg.Connection, name: LiteralString) -> str:
    row = conn.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone()
    return str(row[0]) if row else "?"


def _cpu() -> tuple[str, int]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (models[0] if models else platform.machine()), max(1, sum(line.startswith("processor") for line in lines))


def _memory_gib() -> float:
    first = Path("/proc/meminfo").read_text(encoding="utf-8").split()[1]
    return int(first) / 2**20


def _filesystem(folder: Path) -> str:
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    return max(((where, kind) for where, kind in mounts if folder.is_relative_to(where)), key=lambda found: len(found[0]))[1]
