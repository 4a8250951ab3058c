"""Results of texts that come again, for grammars that are read token by token: sizes, agents, versions repeat a lot."""

import sys
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from etl_actors.combinators.node import Node
from etl_actors.combinators.result import Result, Success

__all__ = ["Remembered"]

_MOST_BYTES = 4 << 20  # of one grammar, in one process
_LONG = 2_000  # characters: longer texts seldom come again


class Remembered:
    """Reads texts, each once while it is remembered: those that were not asked for the longest are forgotten first.

    Whoever gets a value may change it, as a step of a slip's own may: each gets one of their own.

    Args:
        read: reads a text.
        most_bytes: how much memory texts and results may take, as Python counts it.
    """

    def __init__(self, read: Callable[[str], Result[Any]], most_bytes: int = _MOST_BYTES) -> None:
        self._read = read
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[Result[Any], int]] = OrderedDict()
        self.used_bytes = 0

    def read(self, text: str) -> Result[Any]:
        """Read a text, or give once more what it was read as.

        Args:
            text: the text.

        Returns:
            As `read` gives it.
        """
        if len(text) > _LONG:
            return self._read(text)
        with self._lock:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
        if known is None:
            result = self._read(text)
            self._remember(text, result)
        else:
            result, _ = known
        return Success(_copied(result.value), result.at, result.beyond) if isinstance(result, Success) else result

    def _remember(self, text: str, result: Result[Any]) -> None:
        size = sys.getsizeof(text) + (_size(result.value) if isinstance(result, Success) else sys.getsizeof(result))
        with self._lock:
            if text not in self._known:
                self.used_bytes += size
            self._known[text] = (result, size)
            while self.used_bytes > self._most_bytes:
                _, (_, freed) = self._known.popitem(last=False)
                self.used_bytes -= freed


def _copied(value: Any) -> Any:
    if isinstance(value, Node):
        node = Node({key: _copied(child) for key, child in value.items()})
        node.place(value.placed)
        return node
    return [_copied(child) for child in value] if isinstance(value, list) else value


def _size(value: Any) -> int:
    """Count the bytes of a value; keys are the grammar's, and there once."""
    size = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        size += sys.getsizeof(one)
        if isinstance(one, Node):
            size += sys.getsizeof(one.of)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return size
