"""How much memory the processes of a daemon have, looked at each second."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression
from threading import Event, Thread

__all__ = ["Resident", "growth", "watched"]

_EVERY_S = 1.0
_MB_OF_KB = 1024 / 1e6


@dataclass(slots=True)
class Resident:
    """What was seen of one process.

    Args:
        name: daemon or worker.
        times: when it was looked at, by `time.monotonic`.
        rss: MB (10^6 bytes) of its own and of what it shares.
        pss: MB of its own, and its part of what it shares.
    """

    name: str
    times: list[float] = field(default_factory=list)
    rss: list[float] = field(default_factory=list)
    pss: list[float] = field(default_factory=list)


@contextmanager
def watched(daemon: int) -> Iterator[list[Resident]]:
    """Look at a daemon and its workers each second while the block runs.

    Args:
        daemon: id of its process.

    Yields:
        What is seen, the daemon first, which grows meanwhile.
    """
    seen: dict[int, Resident] = {daemon: Resident("daemon")}
    found = [seen[daemon]]
    over = Event()

    def look() -> None:
        while not over.wait(_EVERY_S):
            for process in (daemon, *_children(daemon)):
                if process not in seen:
                    seen[process] = Resident(f"worker {len(seen)}")
                    found.append(seen[process])
                _look(process, seen[process])

    thread = Thread(target=look, name="watch")
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def growth(times: Sequence[float], values: Sequence[float]) -> float:
    """Give what values grow by in an hour: the slope of their second half by least squares, since a process warms in the first.

    Args:
        times: seconds.
        values: as many.
    """
    middle = (times[0] + times[-1]) / 2
    half = [(at, value) for at, value in zip(times, values, strict=True) if at >= middle]
    return linear_regression([at for at, _ in half], [value for _, value in half]).slope * 3600


def _children(parent: int) -> list[int]:
    """Give the processes below one, the oldest first."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            told = stat.read_text(encoding="utf-8", errors="replace")
            parents[int(stat.parent.name)] = int(told.rpartition(")")[2].split()[1])
    below = [parent]
    for one in below:
        below += sorted(process for process, above in parents.items() if above == one)
    return below[1:]


def _look(process: int, found: Resident) -> None:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return  # it has just ended
    sizes = {name: int(rest.split()[0]) * _MB_OF_KB for name, _, rest in (line.partition(":") for line in lines[1:])}
    found.times.append(time.monotonic())
    found.rss.append(sizes["Rss"])
    found.pss.append(sizes["Pss"])
