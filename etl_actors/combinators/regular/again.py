"""Where the values of a compiled grammar stand in their text: found when somebody asks, which is seldom."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from etl_actors.combinators.node import Node, Placed

__all__ = ["AGAIN", "Near", "Origin"]


@dataclass(frozen=True, slots=True)
class Near:
    """Finds nodes whose tokens are all of one match.

    Args:
        first: number of the group that begins the node.
        last: of the group that ends it.
        starts: key and number of the group of each child that is one text.
    """

    first: int
    last: int
    starts: tuple[tuple[str, int], ...]

    def placed(self, _: Node, of: re.Match[str]) -> Placed:
        """Find a node in its match."""
        starts = {key: of.start(group) for key, group in self.starts if of.start(group) >= 0}
        return of.string, of.start(self.first), of.end(self.last), starts


@dataclass(slots=True)
class Origin:
    """A text that was read in several matches.

    It and its nodes hold one another, so that only Python's collector of cycles frees them: a value lives a little longer than its
    row. Once places were asked for they are let go.

    Args:
        whole: reads it by Lark's automaton.
        text: the text.
        at: offset that it was read from.
        root: the value.
    """

    whole: Callable[[str, int], Any]
    text: str
    at: int
    root: Any = None


class _Again:
    """Finds nodes whose tokens are of several matches: the text is read once more, and both values walked side by side."""

    def placed(self, node: Node, of: Origin) -> Placed:
        waiting = [(of.root, of.whole(of.text, of.at).value)]
        while waiting:
            one, other = waiting.pop()
            if isinstance(one, Node):
                one.place(other.placed)
                waiting += [(one[key], other[key]) for key in one]
            elif isinstance(one, list):
                waiting += zip(one, other, strict=True)
        placed: Placed = node.of
        return placed


AGAIN = _Again()
