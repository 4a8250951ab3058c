"""Staged documents to rows: the service against one session that does the same inside the database, chunk by chunk."""

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from benchmarks.documents import films, products
from benchmarks.paired import Bench, Sample, Side
from benchmarks.server import Server, stage
from benchmarks.service import run_once

__all__ = ["flat", "nested"]

_CHUNK = 2_000

_PRODUCT_TABLE: LiteralString = (
    "CREATE TABLE bench_product (sku text PRIMARY KEY, title text, brand text, category text, price numeric(12,2), currency text, "
    "rating numeric(3,1), reviews int, in_stock boolean, scraped_at timestamptz, description text, _row_id bigint)"
)
_PRODUCT_CHUNK: LiteralString = """
    INSERT INTO bench_product
    SELECT payload ->> 'sku', payload ->> 'title', payload ->> 'brand', payload ->> 'category', (payload ->> 'price')::numeric(12,2),
           payload ->> 'currency', (payload ->> 'rating')::numeric(3,1), (payload ->> 'reviews')::int,
           (payload ->> 'in_stock')::boolean, (payload ->> 'scraped_at')::timestamptz, payload ->> 'description', row_id
      FROM etl.staging WHERE row_id BETWEEN %(first)s AND %(last)s ORDER BY row_id
    ON CONFLICT DO NOTHING"""
_PRODUCT_MADE: LiteralString = (
    "SELECT count(*), sum(hashtextextended(ROW(sku, title, brand, category, price, currency, rating, reviews, in_stock, scraped_at, "
    "description, _row_id)::text, 0)) FROM bench_product"
)

_FILM_TABLE: LiteralString = """
    CREATE TABLE bench_film (_id uuid PRIMARY KEY, title text, year int, href text, extract text, _row_id bigint);
    CREATE TABLE bench_film_cast (_parent_id uuid, _index int, name text, PRIMARY KEY (_parent_id, _index));
    CREATE TABLE bench_film_genre (_parent_id uuid, _index int, genre text, PRIMARY KEY (_parent_id, _index))"""
_FILM_CHUNK: LiteralString = """
    WITH chunk AS MATERIALIZED (
        SELECT row_id, payload FROM etl.staging WHERE row_id BETWEEN %(first)s AND %(last)s ORDER BY row_id
    ), film AS (
        INSERT INTO bench_film
        SELECT md5(payload::text)::uuid, payload ->> 'title', (payload ->> 'year')::int, payload ->> 'href',
               payload ->> 'extract', row_id FROM chunk
        ON CONFLICT DO NOTHING RETURNING _id, _row_id
    ), starring AS (
        INSERT INTO bench_film_cast
        SELECT f._id, e.place - 1, e.value FROM film f JOIN chunk c ON c.row_id = f._row_id,
               jsonb_array_elements_text(c.payload -> 'cast') WITH ORDINALITY AS e (value, place)
    )
    INSERT INTO bench_film_genre
    SELECT f._id, e.place - 1, e.value FROM film f JOIN chunk c ON c.row_id = f._row_id,
           jsonb_array_elements_text(c.payload -> 'genres') WITH ORDINALITY AS e (value, place)"""
_FILM_MADE: LiteralString = """
    SELECT 'film', count(*), sum(hashtextextended(ROW(title, year, href, extract, _row_id)::text, 0)) FROM bench_film
    UNION ALL SELECT 'cast', count(*), sum(hashtextextended(ROW(f._row_id, c._index, c.name)::text, 0))
      FROM bench_film_cast c JOIN bench_film f ON f._id = c._parent_id
    UNION ALL SELECT 'genre', count(*), sum(hashtextextended(ROW(f._row_id, g._index, g.genre)::text, 0))
      FROM bench_film_genre g JOIN bench_film f ON f._id = g._parent_id ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class _Landing:
    """Documents of one source, and how a session of SQL lands them.

    Args:
        server: where.
        source: of the documents.
        documents: JSON texts.
        table: makes the rival's tables.
        chunk: lands the rows ``first`` to ``last``.
        made: counts and sums up what is in the tables, the rival's and the service's alike.
    """

    server: Server
    source: str
    documents: Sequence[str]
    table: LiteralString
    chunk: LiteralString
    made: LiteralString

    def service(self) -> Sample:
        url = self.server.database()
        stage(url, self.source, self.documents)
        ran = run_once(url)
        made = self._made(url)
        self.server.drop(url)
        rows = len(self.documents)
        return Sample(
            rows / ran.work_s, made, (("rows/s by the wall, start and end of the program included", rows / ran.wall_s),)
        )

    def session(self) -> Sample:
        url = self.server.database()
        stage(url, self.source, self.documents)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("SET TimeZone = 'UTC'")
            conn.execute(self.table)
            began = time.monotonic()
            for first in range(1, len(self.documents) + 1, _CHUNK):
                conn.execute(self.chunk, {"first": first, "last": first + _CHUNK - 1})
            took_s = time.monotonic() - began
        made = self._made(url)
        self.server.drop(url)
        return Sample(len(self.documents) / took_s, made)

    def _made(self, url: str) -> Hashable:
        with psycopg.connect(url) as conn:
            return tuple(conn.execute(self.made).fetchall())

    def bench(self, name: str, what: str, rival: str) -> Bench:
        return Bench(name, what, "rows/s", Side("service", self.service), Side(rival, self.session))


def flat(server: Server, rows: int) -> Bench:
    """Flat documents: what lands a second, from the first claim to the last batch."""
    landing = _Landing(server, "bench_shop", products(rows), _PRODUCT_TABLE, _PRODUCT_CHUNK, _PRODUCT_MADE)
    return landing.bench(
        "flat",
        f"{rows:,} flat documents of 474 bytes, 11 columns, 10 % duplicates, from the first claim to the last batch landed",
        "one session, INSERT … SELECT … ON CONFLICT DO NOTHING in chunks of 2,000 rows, the natural key as primary key",
    )


def nested(server: Server, rows: int) -> Bench:
    """Nested documents: a film, its cast and its genres."""
    documents, kind = films(rows)
    landing = _Landing(server, "bench_films", documents, _FILM_TABLE, _FILM_CHUNK, _FILM_MADE)
    return landing.bench(
        "nested",
        f"{len(documents):,} {kind} into three tables, known by their whole document, from the first claim to the last batch landed",
        "one session, one INSERT … SELECT for the three tables in chunks of 2,000 rows, md5 of the document as primary key",
    )
