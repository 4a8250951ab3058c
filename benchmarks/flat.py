"""Flat documents: the service against one session of SQL inside the database."""

from typing import LiteralString

from psycopg import sql

from benchmarks.bars import Bar
from benchmarks.documents import PRODUCT_BYTES, products
from benchmarks.landing import WARM, Landing
from benchmarks.paired import Bench
from benchmarks.server import Server
from benchmarks.session import CHUNK, InDatabase
from benchmarks.wanted import Wanted

__all__ = ["MADE", "ROWS", "SOURCE", "flat", "flat_landing"]

ROWS = 200_000
SOURCE = "bench_shop"
_TABLE: LiteralString = (
    "CREATE TABLE bench_product (sku text PRIMARY KEY, title text, brand text, category text, price numeric(12,2), currency text, "
    "rating numeric(3,1), reviews int, in_stock boolean, scraped_at timestamptz, description text, _row_id bigint)"
)
_CHUNK: LiteralString = """
    INSERT INTO bench_product
    SELECT payload ->> 'sku', payload ->> 'title', payload ->> 'brand', payload ->> 'category', (payload ->> 'price')::numeric(12,2),
           payload ->> 'currency', (payload ->> 'rating')::numeric(3,1), (payload ->> 'reviews')::int,
           (payload ->> 'in_stock')::boolean, (payload ->> 'scraped_at')::timestamptz, payload ->> 'description', row_id
      FROM etl.staging WHERE row_id BETWEEN %(first)s AND %(last)s ORDER BY row_id
    ON CONFLICT DO NOTHING"""
MADE: LiteralString = (
    "SELECT count(*), sum(hashtextextended(ROW(sku, title, brand, category, price, currency, rating, reviews, in_stock, scraped_at, "
    "description, _row_id)::text, 0)) FROM bench_product"
)


def flat_landing(server: Server, rows: int, made: LiteralString | sql.Composed = MADE) -> Landing:
    """Give so many flat documents, and those that warm.

    Args:
        server: where they land.
        rows: that are timed.
        made: sums up their table.
    """
    return Landing(server, SOURCE, products(rows + WARM), made)


def flat(server: Server, wanted: Wanted) -> Bench:
    """Flat documents: what lands a second, from their commit to the last of them."""
    rows = wanted.of(ROWS)
    return InDatabase(flat_landing(server, rows), _TABLE, _CHUNK).bench(
        "flat",
        f"{rows:,} flat documents of {PRODUCT_BYTES} bytes, 11 columns, 10 % duplicates, from their commit to the last that landed",
        f"one session, INSERT … SELECT … ON CONFLICT DO NOTHING in chunks of {CHUNK:,} rows, the natural key as primary key",
        Bar(0.6, 0.9),
    )
