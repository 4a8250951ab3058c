"""The pipe between the daemon and a parser process: an object at a time, whose rows are not copied on their way."""

import pickle
import select
import socket
from struct import Struct
from typing import Any, Self

from etl_actors.relational.block import BESIDE

__all__ = ["Pipe"]

_COUNT = Struct("=I")  # of the parts of a message
_SIZE = Struct("=Q")  # of each
_TIMEVAL = Struct("@ll")  # seconds and microseconds; 0 of both is no limit
_MOST_MS = 2**31 - 1  # that poll knows


class Pipe:
    """One end of it; closing both is its end.

    What `multiprocessing` has for it puts a message of 4 MB together of twenty pieces, in eight times the time. Here the first part of a
    message is its pickle, the others are what `pickle.PickleBuffer` stands for in it: each is read into its place at once.

    Args:
        end: a connected stream socket, which is the pipe's from now on.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        """Make both ends."""
        one, other = socket.socketpair()
        return cls(one), cls(other)

    def fileno(self) -> int:
        """Return its file descriptor."""
        return self._end.fileno()

    def close(self) -> None:
        """Close this end."""
        self._end.close()

    def __enter__(self) -> Self:
        """Return this end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def limit(self, timeout_s: float) -> None:
        """Wait no longer for the next byte of a message that has begun: who sends it is not well."""
        self._end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL.pack(int(timeout_s), int(timeout_s % 1 * 1e6)))

    def poll(self, timeout_s: float = 0) -> bool:
        """Tell whether a message, or the end, is there within some time."""
        waiting = select.poll()
        waiting.register(self._end, select.POLLIN)
        return bool(waiting.poll(min(timeout_s * 1000, _MOST_MS)))

    def send(self, message: object) -> None:
        """Send an object.

        Raises:
            OSError: nobody is at the other end, or it broke off; this end is closed.
            Exception: it cannot be pickled; nothing was sent.
        """
        buffers: list[pickle.PickleBuffer] = []
        pickled = pickle.dumps(message, protocol=BESIDE, buffer_callback=buffers.append)
        parts: list[bytes | memoryview] = [pickled, *(one.raw() for one in buffers)]
        sizes = b"".join(_SIZE.pack(len(part)) for part in parts)
        try:
            self._end.sendall(_COUNT.pack(len(parts)) + sizes)
            for part in parts:
                self._end.sendall(part)
        except BaseException:
            self.close()  # what comes after half a message would be taken for its other half
            raise

    def recv(self) -> Any:
        """Receive an object.

        Raises:
            EOFError: the other end is closed.
            OSError: it was closed before it had read all, or nothing has come for as long as `limit` says.
        """
        (count,) = _COUNT.unpack(self._read(_COUNT.size))
        sizes = [size for (size,) in _SIZE.iter_unpack(self._read(count * _SIZE.size))]
        pickled, *buffers = [self._read(size) for size in sizes]
        return pickle.loads(pickled, buffers=buffers)  # noqa: S301  # of a process of ours, over a pipe that nobody else has

    def _read(self, size: int) -> bytes:
        read = self._end.recv(size, socket.MSG_WAITALL) if size else b""
        while len(read) < size:  # a signal came between, or the end
            more = self._end.recv(size - len(read), socket.MSG_WAITALL)
            if not more:
                raise EOFError
            read += more
        return read
