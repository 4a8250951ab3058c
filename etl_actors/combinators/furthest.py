"""Of several failures the one to tell: that which understood most."""

from dataclasses import replace

from etl_actors.combinators.result import Failure

__all__ = ["furthest"]


def furthest(one: Failure | None, other: Failure | None) -> Failure | None:
    """Choose between two failures, as `choice` does: associatively, and in order where they stand at one place.

    Args:
        one: the earlier one.
        other: the later one.

    Returns:
        The one that came further; at one place, one that expects what either does, each once.
    """
    if one is None or other is None:
        return one or other
    ranks = _rank(one), _rank(other)
    if ranks[0] != ranks[1]:
        return one if ranks[0] > ranks[1] else other
    return replace(one, expected=tuple(dict.fromkeys((*one.expected, *other.expected))), cut=one.cut or other.cut)


def _rank(failure: Failure) -> tuple[int, int, tuple[tuple[bool, str], ...]]:
    # places in different values are not further from one another, but one rank for both would make the result depend on
    # how choices are nested
    return len(failure.path), failure.at, tuple((isinstance(part, int), str(part)) for part in failure.path)
