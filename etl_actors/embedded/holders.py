"""The list of those who use a server, in a file beside its lock."""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from etl_actors.embedded import processes

__all__ = ["Holder", "living", "locked", "record"]

_FILE = "holders.json"


@dataclass(frozen=True, slots=True)
class Holder:
    """One lease of one process.

    Args:
        lease: unique; one process may hold several.
        pid: of the process.
        started: its start, in clock ticks after boot.
        boot: which boot that was.
    """

    lease: str
    pid: int
    started: int
    boot: str

    @classmethod
    def current(cls) -> "Holder":
        """Make a new lease of this process."""
        pid = os.getpid()
        return cls(uuid.uuid4().hex, pid, processes.started(pid) or 0, processes.boot_id())

    @property
    def lives(self) -> bool:
        """Tell whether the very process still runs, and not another one under its pid."""
        return self.boot == processes.boot_id() and processes.started(self.pid) == self.started


@contextmanager
def locked(control: Path) -> Iterator[None]:
    """Keep every other process, and every other thread, out of starting and stopping.

    Args:
        control: our folder in the data folder.
    """
    descriptor = os.open(control / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # By word, not by close alone: a child forked meanwhile has the same open file and would keep the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def living(control: Path) -> tuple[Holder, ...]:
    """Read the holders that still run. Call it under the lock only."""
    try:
        found = json.loads((control / _FILE).read_text(encoding="utf-8"))
        holders = [Holder(**entry) for entry in found]
    except (FileNotFoundError, ValueError, TypeError):
        # A file that cannot be read is one that the machine's crash cut short: who wrote it is dead.
        return ()
    return tuple(holder for holder in holders if holder.lives)


def record(control: Path, holders: tuple[Holder, ...]) -> None:
    """Write the holders, whole or not at all. Call it under the lock only."""
    half = control / f"{_FILE}.new"
    half.write_text(json.dumps([asdict(holder) for holder in holders]), encoding="utf-8")
    half.replace(control / _FILE)
