"""Staged rows, read once by id, and the partitions they live in."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain, count, repeat
from typing import Any, NamedTuple

from psycopg import errors as pg
from psycopg.abc import AdaptContext
from psycopg.adapt import Loader
from psycopg.pq import Format, TransactionStatus

from etl_actors.errors import TextTooLarge
from etl_actors.slips.values.document import Staged
from etl_actors.store.database import Connection
from etl_actors.store.queries import queries

__all__ = ["Waiting", "fetch", "fetched", "keep_partitions", "latest", "raw_text", "unique_fields"]

_SQL = queries("staging")
_TOGETHER = 200  # rows that the statement puts into one value
_AT_HAND = 2_000  # rows that are fetched at once
_staged = partial(tuple.__new__, Staged)  # of four values; no function in Python is called for it, as by Staged itself


class Waiting(NamedTuple):
    """A staged row that a slip may take.

    Args:
        row_id: of it.
        source: of it.
        slip: that it names; None for none.
    """

    row_id: int
    source: str
    slip: str | None


class _Raw(Loader):
    """Hands text over as the bytes that came: documents are decoded once, by whoever parses them."""

    format = Format.TEXT

    def load(self, data: bytes | bytearray | memoryview) -> bytes:
        return bytes(data)


def raw_text(cursor: AdaptContext) -> None:
    """Let a cursor hand texts over as bytes."""
    cursor.adapters.register_loader("text", _Raw)


def fetched(conn: Connection, row_ids: Sequence[int]) -> Iterator[Staged]:
    """Yield the staged rows with these ids, as `fetch` gives them: some at a time, which are still at hand when they are parsed."""
    row_ids = sorted(row_ids)
    for first in range(0, len(row_ids), _AT_HAND):
        yield from fetch(conn, row_ids[first : first + _AT_HAND])


def fetch(conn: Connection, row_ids: Sequence[int]) -> list[Staged]:
    """Return the staged rows with these ids; those that retention has removed are missing.

    Args:
        conn: to the database.
        row_ids: of them, each once.

    Raises:
        TextTooLarge: they cannot be fetched together, or the one cannot be fetched at all.
    """
    if not row_ids:
        return []
    row_ids = sorted(row_ids)
    wanted: dict[str, Any] = {"lo": row_ids[0], "hi": row_ids[-1]}
    with conn.cursor() as cursor:
        raw_text(cursor)
        # Not prepared: a plan that was made while a partition was all but empty is kept, and reads it from end to end when it is full.
        try:
            with _savepoint(conn):
                if row_ids[-1] - row_ids[0] + 1 == len(row_ids):
                    cursor.execute(_SQL["fetch_run"], wanted, prepare=False)
                else:
                    wanted["row_ids"] = f"{{{','.join(map(str, row_ids))}}}"
                    cursor.execute(_SQL["fetch"], wanted, prepare=False)
        except pg.ProgramLimitExceeded:
            what = "a document" if len(row_ids) == 1 else "documents of a batch"
            raise TextTooLarge(f"expected {what} of less than 1 GB as text, got more") from None
        pieces = cursor.fetchall()
    cut = (row_ids[first : first + _TOGETHER] for first in count(0, _TOGETHER))
    return [*chain.from_iterable(_rows(ids, *piece) for ids, piece in zip(cut, pieces, strict=False))]


def _savepoint(conn: Connection) -> AbstractContextManager[object]:
    """Let the transaction that is open, if one is, go on after a statement that fails."""
    return nullcontext() if conn.info.transaction_status == TransactionStatus.IDLE else conn.transaction()


def _rows(
    row_ids: Sequence[int],
    payloads: bytes | None,
    source: bytes,
    moment: bytes,
    sources: bytes | None,
    moments: bytes | None,
    found: bytes | None,
) -> Iterable[Staged]:
    """Take a piece apart, as the statement gives it.

    Args:
        row_ids: of its rows, as far as they are there.
        payloads: of its rows, a line each; None where none is there.
        source: of all of them, unless `sources` has a list, as JSON.
        moment: at which all of them came, unless `moments` has a line each.
        sources: one by one, where they differ.
        moments: one by one, where they differ.
        found: ids of its rows, a line each, where there are fewer than a piece may have.
    """
    if payloads is None:
        return ()
    ids = row_ids if found is None else map(int, found.split(b"\n"))
    origins = repeat(source.decode()) if sources is None else json.loads(sources)
    received = repeat(moment.decode()) if moments is None else moments.decode().split("\n")
    return map(_staged, zip(ids, payloads.split(b"\n"), origins, received, strict=False))


def latest(conn: Connection, sources: Sequence[str] | None, slip: str, most: int) -> list[Waiting]:
    """Return the rows staged last that a slip may take.

    Args:
        conn: to the database.
        sources: of the slip; None for any.
        slip: its name: rows that name another are passed over.
        most: how many at most.
    """
    given = {"sources": None if sources is None else list(sources), "slip": slip, "most": most}
    return [Waiting(*row) for row in conn.execute(_SQL["latest"], given)]


def unique_fields(conn: Connection, source: str, most: int, fields: Sequence[str]) -> list[str]:
    """Find which fields tell the different documents of a source apart.

    Args:
        conn: to the database.
        source: of the rows.
        most: how many of its first rows are looked at.
        fields: names of members of the documents.

    Returns:
        Those of them that every document has, no two different documents with the same value; in their order.
    """
    return [name for (name,) in conn.execute(_SQL["keys"], {"source": source, "most": most, "fields": list(fields)})]


def keep_partitions(conn: Connection, partition_rows: int) -> int:
    """Make the partitions that the next rows will need, and seal those that no transaction can add to.

    Args:
        conn: in autocommit mode, as the service.
        partition_rows: row ids of a partition.

    Returns:
        How many were made.
    """
    row = conn.execute(_SQL["add_partitions"], {"partition_rows": partition_rows}).fetchone()
    conn.execute(_SQL["seal_partitions"])
    return 0 if row is None else int(row[0])
