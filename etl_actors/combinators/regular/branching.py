"""Which of several ways a match went, and which block is next: the branches and loops of a program, as lines of Python."""

from collections.abc import Sequence

__all__ = ["dispatched", "looped"]

_SEVERAL = 4  # ways: of fewer any is found by two comparisons


def looped(blocks: Sequence[list[str]]) -> list[str]:
    """Write the loop over blocks; one that goes on with itself stays in a loop of its own."""
    inner = [line for number, lines in enumerate(blocks) for line in _within(f"while state == {number}:", lines)]
    return ["state = 0", *_within("while True:", inner)]


def _within(head: str, lines: Sequence[str]) -> list[str]:
    return [head, *("    " + line for line in lines)]


def dispatched(ways: Sequence[tuple[int, list[str], int]]) -> list[str]:
    """Write what goes one of several ways, by the group that was closed last.

    The longest is asked for first: whatever may be missing is there mostly.
    """
    most = max(ways, key=lambda way: way[2])
    if len(ways) < _SEVERAL:
        return _chosen(ways)
    rest = [way for way in ways if way is not most]
    return [*_within(f"if i == {most[0]}:", most[1]), *_within("else:", _chosen(rest))]


def _chosen(ways: Sequence[tuple[int, list[str], int]]) -> list[str]:
    """Write the same in few comparisons."""
    if len(ways) == 1:
        return ways[0][1]
    half = len(ways) // 2
    return [*_within(f"if i < {ways[half][0]}:", _chosen(ways[:half])), *_within("else:", _chosen(ways[half:]))]
