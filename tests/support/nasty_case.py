"""Documents that are nasty in one way, and where they stand on the page that shows what becomes of them."""

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Case", "case", "fed"]


@dataclass(frozen=True, slots=True)
class Case:
    """Documents of one source.

    Args:
        kind: a heading of the page.
        source: that they are of; so the root table's name.
        title: what is nasty about them.
        documents: as somebody wrote them; bytes where that is no text.
        fed: whether they come by `feed`, as PostgreSQL takes them for no JSON; else by INSERT.
    """

    kind: str
    source: str
    title: str
    documents: tuple[str | bytes, ...]
    fed: bool = False


def case(kind: str, source: str, title: str, *documents: Any) -> Case:
    """Make a case of documents: texts as they are to be staged, others as values."""
    return Case(
        kind, source, title, tuple(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in documents)
    )


def fed(kind: str, source: str, title: str, *lines: str | bytes) -> Case:
    """Make a case of lines of a file."""
    return Case(kind, source, title, lines, fed=True)
