"""What the master says of itself to whoever waits for it."""

import threading
from dataclasses import dataclass, field

__all__ = ["Signals"]


@dataclass(frozen=True, slots=True)
class Signals:
    """What the supervisor waits for.

    Args:
        idle: set whenever nothing waits and nothing is in flight.
        drained: set once nothing is in flight and nothing will be.
        failed: set once a batch could not land and its source was set aside, or replays were.
    """

    idle: threading.Event = field(default_factory=threading.Event)
    drained: threading.Event = field(default_factory=threading.Event)
    failed: threading.Event = field(default_factory=threading.Event)
