"""Artists and subjects of other people's artworks are there once each, whatever the order and the batches, and nothing is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from etl_actors.relational.breakout.names import plain
from etl_actors.slips.reading.read import read_slip
from etl_actors.store.breakout.rebuild import differing
from etl_actors.store.database import connect
from tests.support.breaking import Breaking, contents, stage
from tests.support.corpus import documents_of

SLIP = read_slip(
    {
        "slip.toml": """
name = "tate"
source = "tate"
[breakout]
table = "artwork"
key = "id"
[breakout.entities]
artist = { path = "$.contributors[*]", key = "id" }
subject = { path = "$.subjects", recurse = "children[*]", key = "id" }
"""
    },
    "public",
)
DOCUMENTS = 1_500


@pytest.fixture
def artworks(corpus: Path) -> list[Any]:
    """Give some artworks, taken from all over."""
    documents = documents_of(corpus / "nested" / "tate" / "artworks.jsonl.gz")
    return documents[:: len(documents) // DOCUMENTS][:DOCUMENTS]


def test_artists_and_subjects_are_there_once_each(artworks: list[Any], databases: Callable[[], str]) -> None:
    one, other = databases(), databases()
    shuffled = artworks[:]
    Random(3).shuffle(shuffled)
    _feed(one, artworks, 2_000)
    _feed(other, shuffled, 97)
    with connect(one) as conn:
        found = contents(conn)
        assert found["artist"][1] == len({artist["id"] for work in artworks for artist in work["contributors"]})
        assert found["subject"][1] == len({subject["id"] for work in artworks for subject in _subjects(work.get("subjects"))})
        assert found["artwork__contributors"][1] == sum(len(work["contributors"]) for work in artworks)
        with connect(other) as another:
            assert contents(another) == found
        assert differing(conn, Breaking(conn, SLIP).current(), "public") == (len(artworks), [])
    _feed(one, artworks, 2_000)
    with connect(one) as conn:
        assert contents(conn) == found, "the second feed has added nothing"
        columns = {name for (name,) in conn.execute(_COLUMNS)}
        assert columns == {"artist_id", *(plain((name,)) for name in _varying(artworks))}


def _varying(artworks: list[Any]) -> set[str]:
    """Name what of artists is not the same in all artworks."""
    first: dict[Any, dict[str, Any]] = {}
    found = set()
    for artist in (artist for work in artworks for artist in work["contributors"]):
        known = first.setdefault(artist["id"], artist)
        found |= {name for name in {*artist, *known} if artist.get(name) != known.get(name)}
    assert {"role", "displayOrder"} <= found
    return found


_COLUMNS = """
SELECT attname::text FROM pg_attribute
 WHERE attrelid = 'artwork__contributors'::regclass AND attnum > 0 AND NOT attisdropped AND attname !~ '^_' ORDER BY 1
"""


def _subjects(top: Any) -> Iterator[Any]:
    if top is not None:
        yield top
        for below in top.get("children", ()):
            yield from _subjects(below)


def _feed(url: str, documents: list[Any], rows: int) -> None:
    with psycopg.connect(url) as admin:
        stage(admin, "tate", documents)
    with connect(url) as conn:
        Breaking(conn, SLIP).all(rows)
