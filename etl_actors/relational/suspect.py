"""Rows of a batch that is refused, in pieces: among which the row that is to blame is found, and the others land."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Suspect", "pieces_of"]


@dataclass(frozen=True, slots=True)
class Suspect:
    """The row at which the database stopped. It may be innocent: pieces are made by it, and nothing is rejected for it.

    Args:
        row_id: of the staged row.
        before: ids of those whose rows had been taken before.
    """

    row_id: int
    before: frozenset[int] = frozenset()


def pieces_of(row_ids: Sequence[int], suspect: Suspect | None = None) -> list[tuple[int, ...]]:
    """Split a batch that is refused.

    Args:
        row_ids: of it, ascending; at least two.
        suspect: where the database stopped, if that is known.

    Returns:
        Two pieces or more, none of them empty: the suspect alone, what was taken before it, and the rest in halves, since there may be more
        of its kind; or all in halves.
    """
    if suspect is None or suspect.row_id not in row_ids:
        return _halves(row_ids)
    before = tuple(one for one in row_ids if one in suspect.before and one != suspect.row_id)
    rest = [one for one in row_ids if one not in suspect.before and one != suspect.row_id]
    return [piece for piece in (before, (suspect.row_id,), *_halves(rest)) if piece]


def _halves(row_ids: Sequence[int]) -> list[tuple[int, ...]]:
    half = len(row_ids) // 2
    return [tuple(row_ids[:half]), tuple(row_ids[half:])]
