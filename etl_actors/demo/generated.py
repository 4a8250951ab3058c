"""Documents that are made as they are fed: the feeder reads them as it reads a file."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from itertools import islice
from types import TracebackType
from typing import Self

from etl_actors.feeding.format import Format
from etl_actors.feeding.stop import Stop

__all__ = ["Generated"]

_LINES = 1_000


class Generated(AbstractContextManager["Generated"]):
    """A file that is nowhere written.

    Args:
        name: for messages.
        lines: without line feeds.
    """

    format = Format.JSONL
    emptied = False

    def __init__(self, name: str, lines: Iterable[bytes]) -> None:
        self.name = name
        self.position = 0
        self._lines = iter(lines)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Have nothing to close."""

    def __enter__(self) -> Self:
        """Have nothing to open."""
        return self

    def read(self, stop: Stop) -> bytes:
        """Return the next lines, ``b""`` at the end."""
        block = stop.reading(lambda: b"".join(line + b"\n" for line in islice(self._lines, _LINES)))
        self.position += len(block)
        return block
