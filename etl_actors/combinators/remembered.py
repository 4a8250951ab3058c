"""Results of texts that come again, for grammars that are read token by token: sizes, agents, versions repeat a lot."""

import sys
from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from threading import Lock
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.combinators.result import Result, Success

__all__ = ["Memory", "Remembered"]

_MOST_BYTES = 16 << 20  # of all grammars of a process
_LONG = 2_000  # characters: longer texts seldom come again
_ENTRY = 400  # bytes that an entry takes beside its text and value


class Memory:
    """Results by reader and text, up to a bound: those that were not asked for the longest are forgotten first.

    Args:
        most_bytes: how much texts and results may take, as Python counts it.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._known: OrderedDict[tuple[int, str], tuple[Result[Any], int]] = OrderedDict()
        self._readers = count()
        self.used_bytes = 0

    def reader(self) -> int:
        """Number a reader."""
        return next(self._readers)

    def get(self, key: tuple[int, str]) -> Result[Any] | None:
        """Give what is remembered."""
        with self._lock:
            known = self._known.get(key)
            if known is None:
                return None
            self._known.move_to_end(key)
            return known[0]

    def keep(self, key: tuple[int, str], result: Result[Any]) -> None:
        """Remember a result."""
        size = _ENTRY + sys.getsizeof(key[1]) + _size(result)
        with self._lock:
            if key not in self._known:
                self.used_bytes += size
                self._known[key] = (result, size)
            while self.used_bytes > self._most_bytes:
                _, (_, freed) = self._known.popitem(last=False)
                self.used_bytes -= freed


_MEMORY = Memory()


class Remembered:
    """Reads texts, each once while it is remembered.

    Whoever gets a value may change it, as a step of a slip's own may: each gets one of their own.

    Args:
        read: reads a text.
        memory: where results are kept; those of all readers of the process together if none is given.
    """

    def __init__(self, read: Callable[[str], Result[Any]], memory: Memory = _MEMORY) -> None:
        self._read = read
        self._memory = memory
        self._number = memory.reader()

    def read(self, text: str) -> Result[Any]:
        """Read a text, or give once more what it was read as.

        Args:
            text: the text.

        Returns:
            As `read` gives it.
        """
        if len(text) > _LONG:
            return self._read(text)
        key = (self._number, text)
        result = self._memory.get(key)
        if result is None:
            result = self._read(text)
            self._memory.keep(key, result)
        return Success(_copied(result.value), result.at, result.beyond) if isinstance(result, Success) else result


def _copied(value: Any) -> Any:
    """Copy a value, however deep it is."""
    root = [value]
    waiting: list[dict[str, Any] | list[Any]] = [root]
    while waiting:
        inside = waiting.pop()
        for place, one in inside.items() if isinstance(inside, dict) else enumerate(inside):
            if isinstance(one, Node):
                copy: Any = Node(one)
                copy.place(one.placed)
            elif isinstance(one, list):
                copy = [*one]
            else:
                continue
            inside[place] = copy  # type: ignore[index]  # a key of the one, a number of the other
            waiting.append(copy)
    return root[0]


def _size(result: Result[Any]) -> int:
    """Count the bytes of a result; keys are the grammar's, and there once, and so are the names of what was expected."""
    if not isinstance(result, Success):
        return sys.getsizeof(result) + sys.getsizeof(result.expected) + sys.getsizeof(result.got)
    size = sys.getsizeof(result)
    waiting = [result.value]
    while waiting:
        one = waiting.pop()
        size += sys.getsizeof(one)
        if isinstance(one, Node):
            size += sys.getsizeof(one.placed) + sys.getsizeof(one.starts)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return size
