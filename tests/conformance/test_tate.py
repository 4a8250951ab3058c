"""9,886 artworks and 3,534 artists: a tree of subjects each once, artists by id, links that are computed, not looked up."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Ask = Callable[[str], list[tuple[Any, ...]]]


def _walk(subject: dict[str, Any], above: int | None = None) -> Iterator[tuple[int, int | None]]:
    yield subject["id"], above
    for child in subject.get("children", []):
        yield from _walk(child, subject["id"])


def test_subjects_and_artists_stand_once_and_every_link_resolves(
    load: Callable[..., None], ask: Ask, documents: Callable[[Path], list[Any]], corpus: Path
) -> None:
    """Count against the files; the artists' own stream fills the rows that the artworks began."""
    files = {
        name: corpus / "nested" / "tate" / f"{name.removeprefix('tate_')}.jsonl.gz" for name in ("tate_artworks", "tate_artists")
    }
    artworks, artists = documents(files["tate_artworks"]), documents(files["tate_artists"])
    steps = [step for one in artworks if one.get("subjects") for step in _walk(one["subjects"])]
    broader = dict(reversed(steps))
    contributions = [(one["id"], artist["id"]) for one in artworks for artist in one.get("contributors", [])]
    known = {artist["id"] for artist in artists} | {artist for _, artist in contributions}

    load(files)

    assert ask("SELECT count(*), count(DISTINCT id) FROM artwork") == [(len(artworks), len(artworks))]
    assert ask("SELECT count(*), count(DISTINCT id) FROM subject") == [(len(broader), len(broader))]
    found = ask("SELECT s.id, b.id FROM subject s LEFT JOIN subject b ON b._id = s.broader ORDER BY 1")
    assert found == sorted(broader.items())
    assert ask("SELECT count(*) FROM artist") == [(len(known),)]
    assert ask("SELECT count(*) FROM artist WHERE works IS NOT NULL") == [(len({one["id"] for one in artists}),)]
    linked = "SELECT count(*), count(t._id) FROM {} l JOIN artwork w ON w._id = l._parent_id LEFT JOIN {} t ON t._id = l.{}"
    assert ask(linked.format("artwork_subject", "subject", "subject")) == [(len(steps), len(steps))]
    assert ask(linked.format("artwork_artist", "artist", "artist")) == [(len(contributions), len(contributions))]
    pairs = ask(
        "SELECT w.id, t.id FROM artwork_artist l JOIN artwork w ON w._id = l._parent_id JOIN artist t ON t._id = l.artist ORDER BY 1, 2"
    )
    assert pairs == sorted(contributions)
    print(
        f"{len(artworks)} artworks, {len(broader)} subjects ({len(steps)} links), {len(known)} artists ({len(contributions)} links)"
    )


def test_a_second_feed_adds_no_row(load: Callable[..., None], ask: Ask, corpus: Path) -> None:
    """All that a stream says twice stands once."""
    file = corpus / "nested" / "tate" / "artists.jsonl.gz"
    load({"tate_artists": file})
    first = ask("SELECT * FROM artist ORDER BY id")
    load({"tate_artists": file})
    assert ask("SELECT * FROM artist ORDER BY id") == first
