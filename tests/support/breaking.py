"""Documents of a slip that breaks them out, staged and loaded batch by batch as the daemon does."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from etl_actors.errors import Outgrown
from etl_actors.relational.parsed import Parsed
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.values.json_text import json_text
from etl_actors.store.breakout.growth import Breakouts
from etl_actors.store.database import Connection
from etl_actors.store.inbox import Inbox
from etl_actors.store.leases import Lease
from etl_actors.store.loading.load import Loading
from etl_actors.store.loading.loaded import Loaded
from etl_actors.store.slips import remember
from etl_actors.store.staging import fetch
from etl_actors.store.tables.targets import ensure_tables
from etl_actors.workers.base import Job, Role, RoleSlip
from etl_actors.workers.batch import BatchParser
from tests.support.leases import OWNER

__all__ = ["Breaking", "contents", "stage"]


def stage(admin: psycopg.Connection, source: str, documents: Sequence[Any]) -> None:
    """Stage documents."""
    with admin.cursor().copy("COPY etl.staging (source, payload) FROM STDIN") as copy:
        for one in documents:
            copy.write_row((source, json_text(one)))


@dataclass
class Breaking:
    """One session that parses and loads.

    Args:
        conn: as the service role.
        slip: in force from now on, unless it is already.
    """

    conn: Connection
    slip: Slip

    def __post_init__(self) -> None:
        ensure_tables(self.conn, self.slip.targets, self.slip.name)
        if self.conn.execute("SELECT FROM etl.slip WHERE name = %s", [self.slip.name]).fetchone() is None:
            remember(self.conn, self.slip)
        self.breakouts = Breakouts(self.conn, "public")
        self.inbox, self.loading = Inbox(self.conn, OWNER), Loading(self.conn)
        self.parser = BatchParser(lambda row_ids: fetch(self.conn, row_ids), "public", growing=self.breakouts)

    def claim(self, rows: int) -> list[Lease]:
        """Claim what waits."""
        self.inbox.look()
        return list(self.inbox.claim(rows, 2**30))

    def parse(self, lease: Lease) -> Parsed:
        """Parse a batch by the version in force."""
        parsed = self.parser.parse(Job(lease.row_ids, Role((RoleSlip(self.slip.digest, self.slip.files),))))
        assert isinstance(parsed, Parsed)
        return parsed

    def load(self, lease: Lease, between: Callable[[], None] = lambda: None) -> Loaded:
        """Parse and load a batch, again as long as its slip grows meanwhile; what lies between is done before it lands."""
        while True:
            parsed = self.parse(lease)
            between()
            try:
                return self.loading.load(lease, parsed)
            except Outgrown:
                continue

    def all(self, rows: int = 1_000) -> list[Loaded]:
        """Load whatever waits."""
        done = []
        while made := self.claim(rows):
            done += [self.load(lease) for lease in made]
        return done

    def current(self) -> Slip:
        """Give the version in force."""
        return self.breakouts.current(self.slip)


def contents(conn: Any, *, lineage: bool = False) -> dict[str, Any]:
    """Give columns, number of rows and a digest of all tables of a break-out.

    Args:
        conn: to the database.
        lineage: whether row ids count.
    """
    found: dict[str, Any] = {}
    names = [
        name
        for (name,) in conn.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = '_rest') ORDER BY 1"
        )
    ]
    for name in names:
        columns = conn.execute(
            "SELECT attname, atttypid::regtype::text FROM pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY 1",
            [f'"{name}"'],
        ).fetchall()
        left_out = ["_batch_id", "_loaded_at", *([] if lineage else ["_row_id"])]
        rows = conn.execute(
            sql.SQL("SELECT (to_jsonb(whole_row) - {}::text[])::text FROM {} whole_row ORDER BY _id").format(
                sql.Literal(left_out), sql.Identifier(name)
            )
        ).fetchall()
        hashed = hashlib.sha256("".join(row for (row,) in rows).encode())
        found[name] = columns, len(rows), hashed.hexdigest()
    return found
