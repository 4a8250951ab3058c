"""Lines of an access log through the whole service: by a grammar of the library against an expression written by hand."""

import json

from psycopg import sql

from benchmarks.bars import Bar
from benchmarks.grammars import log_lines
from benchmarks.landing import WARM, Landing
from benchmarks.paired import Bench, Side
from benchmarks.server import Server
from benchmarks.wanted import Wanted

__all__ = ["access_log"]

_ROWS = 100_000
_MADE = sql.SQL(
    "SELECT count(*), sum(hashtextextended(ROW(at, host, account, method, path, protocol, status, bytes, referer, agent, _row_id)::text, 0)) "
    "FROM {}"
)


def access_log(server: Server, wanted: Wanted) -> Bench:
    """Hold one slip against the other: the same columns from the same lines, taken apart in two ways."""
    documents = [json.dumps({"line": line}) for line in log_lines(wanted.of(_ROWS) + WARM)]
    grammar, regex = (
        Landing(server, name, documents, _MADE.format(sql.Identifier(name))) for name in ("bench_log_grammar", "bench_log_regex")
    )
    return Bench(
        "access_log",
        f"{len(grammar.timed):,} lines of an access log in the combined format to ten columns, from their commit to the last that landed",
        "rows/s",
        Side("the service with `parse` and `std:access_log`, a Lark grammar", grammar.service),
        Side("the service with `match` and a hand-written `re` for the line", regex.service),
        (Bar(0.8, 1.0),),
    )
