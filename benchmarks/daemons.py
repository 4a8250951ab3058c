"""Several daemons that share a database, against one."""

from typing import LiteralString

from benchmarks.bars import Bar
from benchmarks.flat import flat_landing
from benchmarks.paired import Bench, Side
from benchmarks.server import Server
from benchmarks.wanted import Wanted

__all__ = ["daemons3"]

_ROWS = 500_000  # three daemons are warm later than one, and all that is left in the end is loaded by one at a time
# Without row ids: several daemons need more documents than one until each of them is warm.
_MADE: LiteralString = (
    "SELECT count(*), sum(hashtextextended(ROW(sku, title, brand, category, price, currency, rating, reviews, in_stock, scraped_at, "
    "description)::text, 0)) FROM bench_product"
)


def daemons3(server: Server, wanted: Wanted) -> Bench:
    """Three daemons, on cores that are fewer than their processes: whether anything collapses."""
    rows = wanted.of(_ROWS)
    landing = flat_landing(server, rows, _MADE)
    what = f"{rows:,} documents as those of `flat`, by the daemons of one database that all slept until their commit"
    three = Side("three daemons", lambda: landing.service(3))
    return Bench("daemons3", what, "rows/s", three, Side("one daemon", landing.service), (Bar(0.9, 1.1),))
