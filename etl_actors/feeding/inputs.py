"""A file or standard input as a stream of blocks: unpacked, without byte order mark, with its place in the file."""

import io
import os
import stat
import sys
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, cast

from etl_actors.errors import EtlError, UsageError
from etl_actors.feeding.format import STDIN, Format, format_of
from etl_actors.feeding.lines import BLOCK_BYTES
from etl_actors.feeding.packed import GZIP, ZSTD, BrokenOff, Gunzip, Unzstd
from etl_actors.feeding.stop import Stop

__all__ = ["Blocks", "Input"]

_UTF8_MARK = b"\xef\xbb\xbf"
_REFUSED = {
    b"\xff\xfe\x00\x00": "UTF-32 text",  # before UTF-16, whose mark it begins with
    b"\x00\x00\xfe\xff": "UTF-32 text",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a zip archive",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
}
_PIPE_BYTES = 64 * 1024  # a pipe holds no more by default: a shorter read has emptied it


class _Readable(Protocol):
    """What returns a block as soon as there is anything."""

    def read1(self, size: int, /) -> bytes: ...


class Blocks(Protocol):
    """What can be fed: bytes in blocks, under a name and in a format.

    Args:
        name: for messages.
        format: how the bytes hold documents.
        position: bytes of the whole that are read, for the progress.
        emptied: whether nothing more is there just now, and what was read is better staged at once.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> Format: ...  # noqa: D102
    @property
    def position(self) -> int: ...  # noqa: D102
    @property
    def emptied(self) -> bool: ...  # noqa: D102

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...

    def read(self, stop: Stop) -> bytes:
        """Return the next block, ``b""`` at the end; raise `Interrupted` where the user asked to stop."""
        ...


class Input(AbstractContextManager["Input"]):
    """One file to feed.

    Args:
        name: a path, or ``-`` for standard input.
        given_format: what ``--format`` or the slip says, None to go by the extension.

    Raises:
        UsageError: the file is not there, is a folder, or its format is not one of ours.
    """

    def __init__(self, name: str, given_format: Format | None = None) -> None:
        self.name = "standard input" if name == STDIN else name
        self.size: int | None = None
        self.emptied = False
        self._path = None if name == STDIN else Path(name)
        self._begun = False
        self._is_packed = False
        self._stream: _Readable | None = None
        self._resources = ExitStack()
        if self._path is not None:
            self.size = _size_of(self._path)
        self.format: Format = format_of(name, given_format)  # a file that is not there is told first, whatever it is called

    def __enter__(self) -> Self:
        """Open the file."""
        try:
            self._file = self._open()
        except OSError as error:
            msg = f"{self.name}: {error.strerror}."
            raise UsageError(msg) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Close the file, but not standard input."""
        self._resources.close()

    @property
    def position(self) -> int:
        """Bytes of the file itself that were read, compressed as they are; 0 for a stream."""
        return self._file.tell() if self.size is not None else 0

    def read(self, stop: Stop) -> bytes:
        """Return the next block, ``b""`` at the end.

        Raises:
            Interrupted: the user asked to stop.
            EtlError: the file can be read no further.
        """
        try:
            block = stop.reading(self._read_block)
        except (OSError, BrokenOff) as error:
            where = "" if self.size is None else f" after {self.position:,} of its {self.size:,} bytes"
            msg = f"{self.name} can be read no further{where}: {getattr(error, 'strerror', None) or error}."
            raise EtlError(msg) from error
        self.emptied = self.size is None and not self._is_packed and len(block) < _PIPE_BYTES
        if not self._begun and block:
            self._begun = True
            if block.startswith(_UTF8_MARK):
                return block[len(_UTF8_MARK) :] or self.read(stop)
        return block

    def _read_block(self) -> bytes:
        if self._stream is None:
            self._stream = self._recognised()
        return self._stream.read1(BLOCK_BYTES)

    def _recognised(self) -> _Readable:
        """Look at the first bytes, which may have to be waited for, and return what reads the text behind them."""
        head = self._file.peek(8)
        for magic, what in _REFUSED.items():
            if head.startswith(magic):
                msg = f"{self.name}: expected UTF-8 text, plain or packed by gzip or zstd, got {what}."
                raise UsageError(msg)
        self._is_packed = head.startswith(GZIP + ZSTD)
        if head.startswith(GZIP):
            return Gunzip(self._file.read1)
        return Unzstd(self._file.read1) if self._is_packed else self._file

    def _open(self) -> io.BufferedReader:
        if self._path is None:
            return _standard_input()
        return self._resources.enter_context(self._path.open("rb"))


def _standard_input() -> io.BufferedReader:
    # Python's own annotation does not say that standard input may be closed (`<&-`), and then is None.
    if not sys.stdin:
        msg = "Standard input is closed."
        raise UsageError(msg)
    buffer = sys.stdin.buffer
    return buffer if isinstance(buffer, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", buffer))


def _size_of(path: Path) -> int | None:
    """Return the size in bytes of a regular file, None of a pipe or device."""
    try:
        status = path.stat()
    except OSError as error:
        msg = f"{path}: {error.strerror}."
        raise UsageError(msg) from error
    if stat.S_ISDIR(status.st_mode):
        msg = f"{path}: expected a file, got a folder."
        raise UsageError(msg)
    if not os.access(path, os.R_OK):
        msg = f"{path}: this user may not read it."
        raise UsageError(msg)
    return status.st_size if stat.S_ISREG(status.st_mode) else None
