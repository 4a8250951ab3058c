"""Other people's documents are shown by the readable view as they are."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl_actors.relational.parsed import Parsed
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.json_text import json_text
from etl_actors.store.breakout.adoption import adopt
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.loading.load import Loading
from etl_actors.store.staging import fetch
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.corpus import documents_of
from tests.support.leases import OWNER
from tests.support.viewed import in_utc, row_of

SETS = [
    ("bestbuy/stores.json.gz", 300),
    ("caniuse/features.jsonl.gz", 60),
    ("congress/legislators-current.jsonl.gz", 300),
    ("electron_releases/releases.jsonl.gz", 200),
    ("emojibase/en.jsonl.gz", 500),
    ("mdn_bcd/features.jsonl.gz", 500),
    ("tate/artworks.jsonl.gz", 500),
    ("wiki_movies/movies.jsonl.gz", 1_000),
]
"""A file, and how many of its documents are loaded, from all over it."""

SLIP = read_slip({"slip.toml": 'name = "s"\nsource = "s"\n[breakout]\n'}, "public")


@pytest.mark.parametrize(("name", "most"), SETS)
def test_documents_are_shown_as_they_are(corpus: Path, databases: Callable[[], str], name: str, most: int) -> None:
    documents = documents_of(corpus / "nested" / name)
    documents = documents[:: max(1, len(documents) // most)][:most]
    url = databases()
    _load(url, documents)
    with connect(url) as conn:
        breakout = Breakouts(conn, "public").current(SLIP).breakout
        assert breakout is not None
        found = conn.execute("SELECT _row_id, to_jsonb(whole_row)::text FROM s_view whole_row").fetchall()
    assert len(found) == len({json_text(document, sort=True) for document in documents})
    for row_id, text in found:
        row = json.loads(text, parse_float=Decimal)
        shown = {column: value for column, value in row.items() if value is not None and column not in _LINEAGE}
        wanted = json.loads(json_text(documents[row_id - 1]), parse_float=Decimal)
        assert in_utc(shown) == in_utc(row_of(breakout.layout, wanted))


_LINEAGE = ("_id", "_row_id", "_loaded_at")


def _load(url: str, documents: Sequence[Any]) -> None:
    with psycopg.connect(url) as admin, admin.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for one in documents:
            copy.write_row(("s", json_text(one)))
    with connect(url) as conn:
        ensure_tables(conn, SLIP.targets, SLIP.name)
        with conn.transaction():
            adopt(conn, SLIP)
        inbox, loading = Inbox(conn, OWNER), Loading(conn)
        parser = BatchParser(lambda row_ids: fetch(conn, row_ids), "public", growing=Breakouts(conn, "public"))
        inbox.look()
        while made := inbox.claim(97, 2**30):
            for lease in made:
                parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(SLIP.digest, SLIP.files),))))
                assert isinstance(parsed, Parsed)
                assert parsed.rejects == ()
                loading.load(lease, parsed)
