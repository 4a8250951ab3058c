"""What the file system and the server's programs refuse, turned into sentences."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl_actors.errors import EtlError

__all__ = ["from_output", "said_clearly"]

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_SAID_WHEN_FULL = ("No space left on device", "Disk quota exceeded")
_MARKS = ("FATAL:", "PANIC:", "error:")


@contextmanager
def said_clearly(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into a sentence.

    Args:
        folder: what to name where the system names nothing.

    Raises:
        EtlError: in place of any OSError.
    """
    try:
        yield
    except OSError as exc:
        where = exc.filename or folder
        if exc.errno in _FULL:
            message = _no_space(where)
        elif exc.errno in _FORBIDDEN:
            message = f"The embedded database may not write {where} ({exc.strerror}): name another ETL_DATA_DIR."
        else:
            message = f"The embedded database cannot use {where}: {exc.strerror or exc}."
        raise EtlError(message) from exc


def from_output(what: str, folder: Path, output: str) -> EtlError:
    """Make the error of what a program of PostgreSQL said before it gave up.

    Args:
        what: the sentence's beginning.
        folder: where the data is.
        output: all lines; the first one that is marked as an error tells the cause, later ones follow from it.
    """
    lines = output.strip().splitlines()
    if any(said in line for line in lines for said in _SAID_WHEN_FULL):
        return EtlError(_no_space(folder))
    marked = [line.split(mark, 1)[1].strip() for line in lines for mark in _MARKS if mark in line]
    reason = (marked or lines or ["it said nothing"])[0]
    return EtlError(f"{what}: {reason.rstrip('.')}.")


def _no_space(where: object) -> str:
    return f"There is no space left for the embedded database in {where}: make room, or name another ETL_DATA_DIR."
