"""Folders for embedded servers.

Not pytest's own: those are closed to all but their owner, so that root's server, which runs as another user, would go to
``/var/lib`` and stay there.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["passable_folder"]


@contextmanager
def passable_folder() -> Iterator[Path]:
    """Make a folder that others may pass through but not list, and remove it with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix="etl-tests-"))
    try:
        folder.chmod(0o711)
        yield folder
    finally:
        shutil.rmtree(folder)
