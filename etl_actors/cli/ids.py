"""Ids on the command line: one by one, with commas, and as ranges."""

import re
from collections.abc import Sequence

from etl_actors.errors import UsageError

__all__ = ["listed_ids", "read_ids"]

_IDS = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")
_MOST = 1_000_000  # ids that one command may name
_LISTED = 10  # ids that a sentence names


def read_ids(option: str, given: Sequence[str]) -> tuple[int, ...]:
    """Read ids, each once, in the order in which they were given.

    Args:
        option: which has them, for messages.
        given: the words, each like 12 or 12,13 or 12-19.

    Raises:
        UsageError: a word is none.
    """
    ids: dict[int, None] = {}
    for word in (part.strip() for text in given for part in text.split(",") if part.strip()):
        found = _IDS.fullmatch(word)
        if found is None:
            raise UsageError(f"{option}: expected ids such as 12 or 12,13 or 12-19, got {word!r}.")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first or last - first >= _MOST:
            raise UsageError(f"{option}: expected a range of at most {_MOST:,} ids, the lower first, got {word!r}.")
        ids.update(dict.fromkeys(range(first, last + 1)))
    return tuple(ids)


def listed_ids(ids: Sequence[int]) -> str:
    """Write ids as a sentence has them: ``7, 8, 9``; of many the first ones, and how many more there are."""
    said = ", ".join(map(str, ids[:_LISTED]))
    return f"{said} and {len(ids) - _LISTED:,} more" if len(ids) > _LISTED else said
