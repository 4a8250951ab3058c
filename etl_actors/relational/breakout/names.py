"""Names of tables and columns for whatever names the documents have: the same ones in whatever order these came.

A name is made of its source in small letters, words parted by `_` and levels by `__`, within PostgreSQL's 63 bytes. Of several sources
that would have one name, the one that is written exactly so has it, and the others a mark of their own behind it.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from json import dumps

__all__ = ["MOST_BYTES", "Source", "named", "plain"]

MOST_BYTES = 63
"""PostgreSQL cuts longer identifiers, without a word."""

Source = tuple[str, ...]
"""Where a name comes from: names of members from the outside in; the last may say of which kind the column is."""

_MARK = 6  # hexadecimal digits
_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[\W_]+")
_EMPTY = "x"


def named(sources: Iterable[Source], taken: Iterable[str] = ()) -> dict[Source, str]:
    """Give each source a name of its own.

    Args:
        sources: all those of one table, or of one schema; no two alike.
        taken: names that none may have.

    Returns:
        The names, by source. They depend on the set of the sources alone.
    """
    claims: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        claims[plain(source)].append(source)
    forbidden = frozenset(taken)
    names: dict[Source, str] = {}
    for name, claimed in claims.items():
        owner = _owner(name, claimed) if name not in forbidden else None
        for source in claimed:
            names[source] = name if source == owner else _marked(name, source)
    return _apart(names, forbidden)


def plain(source: Source, most: int = MOST_BYTES) -> str:
    """Write a source as a name, which others may have as well.

    Args:
        source: of the name.
        most: bytes that the name may have.
    """
    name = "__".join(_words(part) for part in source)
    if len(name.encode()) <= most:
        return name
    return _marked(name, source, most)


def _words(part: str) -> str:
    """Write one member's name as words."""
    text = unicodedata.normalize("NFC", _EDGE.sub("_", part)).lower()
    words = _OTHER.sub("_", text).strip("_")
    if not words:
        return _EMPTY
    return f"n{words}" if words[0].isdigit() else words  # the names of the system begin with _


def _owner(name: str, claimed: list[Source]) -> Source | None:
    if len(claimed) == 1:
        return claimed[0]
    exact = [source for source in claimed if "__".join(source) == name]
    return min(exact, key=len) if exact else None


def _marked(name: str, source: Source, most: int = MOST_BYTES) -> str:
    mark = "_" + blake2b("\0".join(source).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()[:_MARK]
    return _cut(name, most - len(mark)) + mark


def _cut(name: str, most: int) -> str:
    """Cut a name to so many bytes, between characters."""
    return name.encode()[:most].decode(errors="ignore").rstrip("_")


def _apart(names: Mapping[Source, str], forbidden: frozenset[str]) -> dict[Source, str]:
    """Mark names once more that are still those of others: one in many million marks is like another, or like somebody's name."""
    found = dict(names)
    while True:
        by_name: dict[str, list[Source]] = defaultdict(list)
        for source, name in found.items():
            by_name[name].append(source)
        doubled = [
            source for name, sources in by_name.items() if len(sources) > 1 or name in forbidden for source in sorted(sources)
        ]
        if not doubled:
            return found
        for source in doubled:
            found[source] = _marked(
                found[source], (*source, dumps(source), found[source])
            )  # unlike any other's, however they are parted
