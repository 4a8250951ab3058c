"""Sets of real documents, and a covering set of loads: every two of order, size of batches and number of sessions come together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from etl_actors.slips.values.json_text import json_text
from etl_actors.store.breakout.rebuild import differing
from etl_actors.store.database import connect
from tests.support.broken_loads import BrokenLoad, Sources, slip_of
from tests.support.corpus import documents_of

__all__ = ["FEW", "LOADS", "SETS", "SINGLY", "assert_rebuilt", "few", "sources_of"]

SETS: Mapping[str, Sequence[str]] = {
    "bestbuy": ("categories.json.gz", "stores.json.gz"),
    "caniuse": ("agents.jsonl", "features.jsonl.gz"),
    "congress": (
        "committee-membership-current.jsonl",
        "committees-current.jsonl",
        "legislators-current.jsonl.gz",
        "legislators-district-offices.jsonl",
        "legislators-social-media.jsonl",
    ),
    "electron_releases": ("releases.jsonl.gz",),
    "emojibase": ("en.jsonl.gz",),
    "mdn_bcd": ("browsers.jsonl", "features.jsonl.gz"),
    "tate": ("artists.jsonl.gz", "artworks.jsonl.gz"),
    "wiki_movies": ("movies.jsonl.gz",),
}
"""Files by set, each a source."""

FEW = 300
"""So many documents of a set are loaded one a batch."""

LOADS = [
    BrokenLoad(0, 2_000, 1),
    BrokenLoad(1, 2_000, 3),
    BrokenLoad(2, 2_000, 1),
    BrokenLoad(0, 97, 3),
    BrokenLoad(1, 97, 1),
    BrokenLoad(2, 97, 3),
]
"""Of as many documents as are loaded."""

SINGLY = [BrokenLoad(0, 2_000, 1), BrokenLoad(0, 1, 1), BrokenLoad(1, 1, 3), BrokenLoad(2, 1, 1)]
"""Of a few documents: the first is what the others are held against."""


def sources_of(corpus: Path, name: str, most: int | None = None) -> dict[str, list[Any]]:
    """Read a set.

    Args:
        corpus: the folder of real documents.
        name: of the set.
        most: documents of a source, taken all over its file; None for all.
    """
    found = {}
    for file in SETS[name]:
        documents = documents_of(corpus / "nested" / name / file)
        source = f"{name}_{file.partition('.')[0].replace('-', '_')}"
        found[source] = documents if most is None else documents[:: max(1, len(documents) // most)][:most]
    return found


def few(sources: Sources) -> dict[str, list[Any]]:
    """Take a few documents of each source, as many together as are loaded one a batch."""
    share = FEW // len(sources)
    return {source: list(documents[:: max(1, len(documents) // share)][:share]) for source, documents in sources.items()}


def assert_rebuilt(url: str, sources: Sources) -> None:
    """Prove that every document is made again of its rows."""
    with connect(url) as conn:
        for source, documents in sources.items():
            looked, wrong = differing(conn, slip_of(source), "public")
            assert wrong == []
            assert looked == len({json_text(one, sort=True) for one in documents})
