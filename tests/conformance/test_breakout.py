"""Other people's documents break out without a word said about them, and are made again of their rows."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from etl_actors.relational.breakout.layout import laid_out
from etl_actors.relational.breakout.rebuilt import rebuilt
from etl_actors.relational.breakout.rows import Breaker
from etl_actors.relational.breakout.seen import Seen
from etl_actors.relational.breakout.shape import Layout
from etl_actors.slips.casts.column_type import column_type
from etl_actors.slips.drafting.entities import entity_candidates
from etl_actors.slips.drafting.explicit import explicit_tables
from etl_actors.slips.drafting.repeats import Repeats
from etl_actors.slips.drafting.suggested import entity_tables, path_text
from etl_actors.slips.mapping.compile import compile_slip
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.document import Staged
from etl_actors.slips.values.json_text import json_text
from tests.support.corpus import documents_of

SETS = [
    ("bestbuy/categories.json.gz", 1),
    ("bestbuy/stores.json.gz", 1),
    ("caniuse/agents.jsonl", 1),
    ("caniuse/features.jsonl.gz", 10),
    ("congress/committee-membership-current.jsonl", 1),
    ("congress/committees-current.jsonl", 1),
    ("congress/legislators-current.jsonl.gz", 1),
    ("congress/legislators-district-offices.jsonl", 1),
    ("congress/legislators-social-media.jsonl", 1),
    ("electron_releases/releases.jsonl.gz", 10),
    ("emojibase/en.jsonl.gz", 1),
    ("mdn_bcd/browsers.jsonl", 1),
    ("mdn_bcd/features.jsonl.gz", 10),
    ("tate/artists.jsonl.gz", 1),
    ("tate/artworks.jsonl.gz", 10),
    ("wiki_movies/movies.jsonl.gz", 20),
]
"""A file, and of how many documents one is rebuilt here; all are looked at."""

MOST_COLUMNS = 60


def _layout(documents: Sequence[Any]) -> Layout:
    seen = Seen()
    for one in documents:
        seen.add(one)
    return laid_out(seen, "root")


@pytest.mark.parametrize(("name", "one_of"), SETS)
def test_documents_have_tables_and_are_made_again_of_their_rows(corpus: Path, name: str, one_of: int) -> None:
    documents = documents_of(corpus / "nested" / name)
    layout = _layout(documents)
    breaker = Breaker(layout)
    for one in islice(documents, 0, None, one_of):
        assert rebuilt(layout, breaker.rows(one)) == one
    assert max(len(table.cells) for table in layout.tables) < MOST_COLUMNS
    Random(1).shuffle(documents)
    assert _layout(documents) == layout


def test_browsers_and_versions_are_data_and_no_columns(corpus: Path) -> None:
    features = _layout(documents_of(corpus / "nested" / "mdn_bcd" / "features.jsonl.gz"))
    support = next(table for table in features.tables if table.name == "root__support")
    assert {"key", "version_added", "version_removed"} <= {cell.name for cell in support.cells}
    usage = _layout(documents_of(corpus / "nested" / "caniuse" / "features.jsonl.gz"))
    assert {"root__stats", "root__stats__entry"} <= {table.name for table in usage.tables}
    named = {cell.name for layout in (features, usage) for table in layout.tables for cell in table.cells}
    assert not {"chrome", "firefox", "ie", "safari"} & named


@pytest.mark.parametrize(("name", "one_of"), SETS)
def test_the_slip_that_is_written_of_them_makes_the_rows_that_the_break_out_makes(corpus: Path, name: str, one_of: int) -> None:
    documents = documents_of(corpus / "nested" / name)
    layout = _layout(documents)
    mapper = compile_slip(read_slip({"slip.toml": f'name = "s"\n\n{explicit_tables(layout, "")}'}, "public"))
    breaker = Breaker(layout)
    for one in islice(documents, 0, None, one_of * 5):
        lines = mapper.begin()
        assert mapper.map(Staged(1, json_text(one).encode(), "s", ""), one, lines) is True
        for table, made, rows in zip(layout.tables, lines, breaker.rows(one), strict=True):
            values = [
                [column_type(cell.type).copy(value) for cell, value in zip(table.cells, row.cells, strict=True)] for row in rows
            ]
            assert [line.split("\t")[2 if table.parent is None else 5 :] for line in made] == values


def test_artists_and_subjects_of_other_people_are_found_as_entities(corpus: Path) -> None:
    documents = documents_of(corpus / "nested" / "tate" / "artworks.jsonl.gz")[:2000]
    seen = Seen()
    for one in documents:
        seen.add(one)
    repeats = Repeats(entity_candidates(seen))
    for one in documents:
        repeats.add(one)
    found = {path_text(one.where.path): one for one in repeats.found()}
    artists = {artist["id"] for one in documents for artist in one["contributors"]}
    assert found["$.contributors[*]"].keys == len(artists)
    assert {"role"} <= found["$.contributors[*]"].varying <= {"role", "displayOrder"}
    assert (found["$.subjects"].where.recurse, found["$.subjects"].varying) == ("children", frozenset())
    text = "".join(
        line.removeprefix("# ") for line in entity_tables(repeats.found(), laid_out(seen, "root")).splitlines(keepends=True)
    )
    mapper = compile_slip(read_slip({"slip.toml": f'name = "s"\n[tables.root]\n{text}'}, "public"))
    names = [table.name for table in mapper.tables]
    lines = mapper.begin()
    for number, one in enumerate(documents):
        assert mapper.map(Staged(number, json_text(one).encode(), "s", ""), one, lines) is True
    assert len({line.split("\t")[0] for line in lines[names.index("contributors")]}) == len(artists)
