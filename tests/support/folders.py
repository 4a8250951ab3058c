"""Folders for embedded servers.

Not pytest's own: those are closed to all but their owner, so that root's server, which runs as another user, would go to
``/var/lib`` and stay there.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["passable_folder"]


_MEMORY = Path("/dev/shm")
_MEMINFO = Path("/proc/meminfo")
_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of the container
_ROOM_BYTES = 6 * 2**30  # a throwaway server's log can grow to 2 GB before it is recycled


@contextmanager
def passable_folder() -> Iterator[Path]:
    """Make a folder that others may pass through but not list, and remove it with all that is in it.

    It lies in memory where there is room: clusters and copies of databases do not wait for a busy disk there.
    """
    folder = Path(tempfile.mkdtemp(prefix="etl-tests-", dir=_MEMORY if _has_room() else None))
    try:
        folder.chmod(0o711)
        yield folder
    finally:
        shutil.rmtree(folder)


def _has_room() -> bool:
    """Tell whether memory itself has room too, as the file system says only how much it may take, and lets programs run."""
    if not os.access(_MEMORY, os.W_OK) or os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return False
    kibibytes = [line.split()[1] for line in _MEMINFO.read_text("utf-8").splitlines() if line.startswith("MemAvailable:")]
    limit = _LIMIT.read_text("utf-8").strip() if _LIMIT.exists() else "max"
    rooms = [
        shutil.disk_usage(_MEMORY).free,
        *(1024 * int(number) for number in kibibytes),
        *([int(limit)] if limit != "max" else []),
    ]
    return bool(kibibytes) and min(rooms) > _ROOM_BYTES
