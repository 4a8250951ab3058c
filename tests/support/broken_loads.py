"""Loads of documents that no slip takes, in whatever order, cut into whatever batches, by whatever many sessions at once."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from etl_actors.errors import Outgrown
from etl_actors.relational.parsed import Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.unmatched import Unmatched
from etl_actors.slips.values.json_text import json_text
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import connect
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from etl_actors.store.staging import fetch
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import OWNER

__all__ = ["BrokenLoad", "Sources", "broken_contents", "load_broken", "slip_of", "stage_shuffled"]

Sources = Mapping[str, Sequence[Any]]
"""Documents by source."""

_LINEAGE = ("_row_id", "_batch_id", "_loaded_at")


@dataclass(frozen=True, slots=True)
class BrokenLoad:
    """How documents are loaded.

    Args:
        shuffle: which order they are staged in; 0 for that in which they came.
        rows: of a batch.
        sessions: that load at once.
    """

    shuffle: int
    rows: int
    sessions: int


def slip_of(source: str) -> Slip:
    """Give the slip that nobody wrote for a source."""
    slip = Unmatched("public").slip(source)
    assert slip is not None
    return slip


def stage_shuffled(url: str, sources: Sources, shuffle: int) -> None:
    """Stage documents in one order, those of all sources among one another."""
    rows = [(source, json_text(one)) for source, documents in sources.items() for one in documents]
    if shuffle:
        Random(shuffle).shuffle(rows)
    with psycopg.connect(url) as conn, conn.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def load_broken(url: str, sources: Sources, how: BrokenLoad) -> None:
    """Stage documents and load them, as daemons would that have no slip for them."""
    stage_shuffled(url, sources, how.shuffle)
    with ThreadPoolExecutor(how.sessions) as pool:
        for done in [pool.submit(_work, url, how.rows, OWNER + number) for number in range(how.sessions)]:
            done.result()
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM etl.inbox").fetchone() == (0,)


def _work(url: str, rows: int, owner: int) -> None:
    """Claim, parse, grow and load over one connection until nothing waits."""
    with connect(url) as conn:
        inbox, loading = Inbox(conn, owner), Loading(conn)
        parser = BatchParser(lambda row_ids: fetch(conn, row_ids), "public", growing=Breakouts(conn, "public"))
        while inbox.look(thorough=True):
            for lease in inbox.claim(rows, 2**30):
                while not _landed(lease, parser, loading):
                    pass


def _landed(lease: Lease, parser: BatchParser, loading: Loading) -> bool:
    """Parse and load one batch; tell whether it landed, and not that its slip has grown meanwhile."""
    slip = slip_of(lease.source)
    parsed = parser.parse(Job(lease.row_ids, Role((RoleSlip(slip.digest, slip.files),))))
    assert isinstance(parsed, Parsed)
    assert parsed.rejects == ()
    try:
        loading.load(lease, parsed)
    except Outgrown:
        return False
    return True


def broken_contents(url: str, sources: Collection[str]) -> dict[str, Any]:
    """Give columns with their types, number of rows and a digest of all tables of some sources, lineage aside."""
    with psycopg.connect(url) as conn:
        tables = conn.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND EXISTS "
            "(SELECT FROM unnest(%s::text[]) s WHERE relname = s OR starts_with(relname, s || '__')) ORDER BY 1",
            [[slip_of(source).root.name for source in sources]],
        ).fetchall()
        return {name: _table_contents(conn, name) for (name,) in tables}


def _table_contents(conn: psycopg.Connection, name: str) -> tuple[Any, int, str]:
    columns = conn.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1",
        [f'public."{name}"'],
    ).fetchall()
    read = sql.SQL("SELECT (to_jsonb(whole) - %s::text[])::text FROM {} whole ORDER BY _id").format(
        sql.Identifier("public", name)
    )
    hashed, rows = hashlib.sha256(), 0
    with conn.cursor("contents") as cursor:
        for (row,) in cursor.execute(read, [list(_LINEAGE)]):
            hashed.update(row.encode())
            rows += 1
    return columns, rows, hashed.hexdigest()
