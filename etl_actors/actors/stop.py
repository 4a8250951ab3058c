"""The end of a daemon, for those who wait for it: alone, or beside something else."""

import os
import threading
import weakref

__all__ = ["Stop"]


class Stop(threading.Event):
    """An event that `select` can wait for beside a connection: its file is to be read once it is set."""

    def __init__(self) -> None:
        super().__init__()
        self._reading, self._writing = os.pipe()
        for file in (self._reading, self._writing):
            weakref.finalize(self, os.close, file)

    def fileno(self) -> int:
        """Return the file that is to be read once this is set."""
        return self._reading

    def set(self) -> None:
        """Set it; it stays so."""
        if not self.is_set():
            os.write(self._writing, b".")
        super().set()
