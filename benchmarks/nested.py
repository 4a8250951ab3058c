"""Nested documents, a film with its cast and its genres: the service against one session of SQL inside the database."""

from typing import LiteralString

from benchmarks.bars import Bar
from benchmarks.documents import films
from benchmarks.landing import WARM, Landing
from benchmarks.paired import Bench
from benchmarks.server import Server
from benchmarks.session import CHUNK, InDatabase
from benchmarks.wanted import Wanted

__all__ = ["nested"]

_ROWS = 60_000
_TABLE: LiteralString = """
    CREATE TABLE bench_film (_id uuid PRIMARY KEY, title text, year int, href text, extract text, _row_id bigint);
    CREATE TABLE bench_film_cast (_parent_id uuid, _index int, name text, PRIMARY KEY (_parent_id, _index));
    CREATE TABLE bench_film_genre (_parent_id uuid, _index int, genre text, PRIMARY KEY (_parent_id, _index))"""
_CHUNK: LiteralString = """
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
_MADE: LiteralString = """
    SELECT 'film', count(*), sum(hashtextextended(ROW(title, year, href, extract, _row_id)::text, 0)) FROM bench_film
    UNION ALL SELECT 'cast', count(*), sum(hashtextextended(ROW(f._row_id, c._index, c.name)::text, 0))
      FROM bench_film_cast c JOIN bench_film f ON f._id = c._parent_id
    UNION ALL SELECT 'genre', count(*), sum(hashtextextended(ROW(f._row_id, g._index, g.genre)::text, 0))
      FROM bench_film_genre g JOIN bench_film f ON f._id = g._parent_id ORDER BY 1"""


def nested(server: Server, wanted: Wanted) -> Bench:
    """Nested documents: what lands a second, from their commit to the last of them."""
    documents, kind = films(wanted.of(_ROWS) + WARM)
    landing = Landing(server, "bench_films", documents, _MADE)
    return InDatabase(landing, _TABLE, _CHUNK).bench(
        "nested",
        f"{len(landing.timed):,} {kind} into three tables, known by their whole document, from their commit to the last that landed",
        f"one session, one INSERT … SELECT for the three tables in chunks of {CHUNK:,} rows, md5 of the document as primary key",
        Bar(0.5, 0.8),
    )
