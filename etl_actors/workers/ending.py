"""How a process ended, in words."""

import signal

__all__ = ["ending"]


def ending(status: int) -> str:
    """Say how a process ended.

    Args:
        status: as `subprocess` gives it: that of its exit, or less than 0 for a signal.
    """
    if status >= 0:
        return f"ended by itself with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
