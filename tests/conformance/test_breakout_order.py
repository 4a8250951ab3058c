"""Other people's documents, in whatever order and cut into whatever batches, have the same tables with the same contents."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql

from etl_actors.errors import Outgrown
from etl_actors.relational.parsed import Parsed
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.values.json_text import json_text
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.breakout.rebuild import differing
from etl_actors.store.database import connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.corpus import documents_of
from tests.support.leases import OWNER

SETS = [
    ("bestbuy/stores.json.gz", 1_565),
    ("caniuse/agents.jsonl", 19),
    ("caniuse/features.jsonl.gz", 60),
    ("congress/committee-membership-current.jsonl", 230),
    ("congress/legislators-current.jsonl.gz", 537),
    ("congress/legislators-social-media.jsonl", 519),
    ("electron_releases/releases.jsonl.gz", 200),
    ("emojibase/en.jsonl.gz", 1_949),
    ("mdn_bcd/browsers.jsonl", 17),
    ("mdn_bcd/features.jsonl.gz", 4_000),
    ("tate/artists.jsonl.gz", 3_538),
    ("tate/artworks.jsonl.gz", 1_500),
    ("wiki_movies/movies.jsonl.gz", 5_000),
]
"""A file, and how many of its documents are loaded."""

SLIP = read_slip({"slip.toml": 'name = "s"\nsource = "s"\n[breakout]\n'}, "public")


@pytest.mark.parametrize(("name", "most"), SETS)
def test_order_and_batches_do_not_matter(corpus: Path, databases: Callable[[], str], name: str, most: int) -> None:
    documents = documents_of(corpus / "nested" / name)
    documents = documents[:: max(1, len(documents) // most)][:most]
    shuffled = documents[:]
    Random(2).shuffle(shuffled)
    one, other = databases(), databases()
    _load(one, documents, 2_000)
    _load(other, shuffled, 97 if most > 100 else 7, ahead=4)
    assert _contents(other) == _contents(one)
    with connect(other) as conn:
        looked, wrong = differing(conn, Breakouts(conn, "public").current(SLIP), None)
    assert wrong == []
    assert looked == len({json_text(document, sort=True) for document in documents})


def _load(url: str, documents: Sequence[Any], rows: int, ahead: int = 1) -> None:
    """Load documents; batches that are parsed ahead land the other way round, by versions that others have grown out of."""
    with psycopg.connect(url) as admin, admin.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for one in documents:
            copy.write_row(("s", json_text(one)))
    with connect(url) as conn:
        ensure_tables(conn, SLIP.targets, SLIP.name)
        remember(conn, SLIP)
        inbox, loading = Inbox(conn, OWNER), Loading(conn)
        parser = BatchParser(lambda row_ids: fetch(conn, row_ids), "public", growing=Breakouts(conn, "public"))
        inbox.look()
        waiting: list[tuple[Lease, Parsed]] = []
        while made := inbox.claim(rows, 2**30):
            waiting += [(lease, _parsed(parser, lease)) for lease in made]
            if len(waiting) >= ahead:
                _land(loading, parser, waiting)
        _land(loading, parser, waiting)


def _parsed(parser: BatchParser, lease: Lease) -> Parsed:
    parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(SLIP.digest, SLIP.files),))))
    assert isinstance(parsed, Parsed)
    assert parsed.rejects == ()
    return parsed


def _land(loading: Loading, parser: BatchParser, waiting: list[tuple[Lease, Parsed]]) -> None:
    while waiting:
        lease, parsed = waiting.pop()
        try:
            loading.load(lease, parsed)
        except Outgrown:
            loading.load(lease, _parsed(parser, lease))


def _contents(url: str) -> dict[str, Any]:
    """Give columns, number of rows and a digest of all tables, lineage aside."""
    found: dict[str, Any] = {}
    with psycopg.connect(url) as conn:
        names = [
            name
            for (name,) in conn.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^s(__|$)' ORDER BY 1")
        ]
        for name in names:
            columns = conn.execute(
                "SELECT attname, atttypid::regtype::text FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 ORDER BY 1",
                [f'"{name}"'],
            ).fetchall()
            hashed = hashlib.sha256()
            count = 0
            rows = sql.SQL(
                "SELECT (to_jsonb(whole_row) - '_row_id' - '_batch_id' - '_loaded_at')::text FROM {} whole_row ORDER BY _id"
            ).format(sql.Identifier(name))
            for (row,) in conn.execute(rows):
                hashed.update(row.encode())
                count += 1
            found[name] = columns, count, hashed.hexdigest()
    return found
