"""What ``/proc`` says of a process: since when it runs, and by which command."""

import functools
from pathlib import Path

__all__ = ["boot_id", "command", "started"]

_AFTER_THE_NAME = 3  # the field that follows the parenthesised name in /proc/PID/stat is its third
_STARTTIME = 22
_ENDED = {"Z", "X", "x"}


def started(pid: int) -> int | None:
    """Tell since when a process runs, in clock ticks after boot; with the pid it names a process once and for all.

    Args:
        pid: any number; it need not be a process of ours.

    Returns:
        The ticks, or None where nothing runs under that pid. A zombie has ended: nobody may ever reap it where the first
        process of a container is not an init.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        # Another user's, where /proc hides them: neither a holder nor a server of ours.
        return None
    # The name may hold blanks and parentheses; it ends at the last one.
    fields = text.rpartition(")")[2].split()
    if fields[0] in _ENDED:
        return None
    return int(fields[_STARTTIME - _AFTER_THE_NAME])


def command(pid: int) -> tuple[bytes, ...]:
    """Give the command line of a process; empty where it ended."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ()
    return tuple(text.split(b"\0"))


@functools.cache
def boot_id() -> str:
    """Name the running boot: after another one the same pid and ticks may well meet a different process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:  # some sandboxes have none
        return ""
