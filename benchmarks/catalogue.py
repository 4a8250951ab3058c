"""All benches by name: those of one process, those that have a server, and those that have no rival."""

from collections.abc import Callable, Iterable

from benchmarks.access_log import access_log
from benchmarks.adversarial import as_lines as growth_lines
from benchmarks.adversarial import growths
from benchmarks.backlog import backlog
from benchmarks.books import answers, as_lines
from benchmarks.breakouts import breakouts
from benchmarks.claims import claims
from benchmarks.daemons import daemons3
from benchmarks.flat import flat
from benchmarks.flat_dlt import flat_dlt
from benchmarks.grammars import log_line, log_line_lark
from benchmarks.latency import latency
from benchmarks.mapping import mapping, mapping_tuple
from benchmarks.memory import lines_of, memory
from benchmarks.nested import nested
from benchmarks.paired import Bench
from benchmarks.producers import producers, producers_alone, producers_asleep
from benchmarks.replay import replay
from benchmarks.server import Server, machine, running_server
from benchmarks.upkeep import as_lines as upkeep_lines
from benchmarks.upkeep import server_with_contrib, upkeep
from benchmarks.wanted import Wanted

__all__ = ["ALONE", "LOCAL", "SERVED", "USUAL", "described"]

_Lines = tuple[list[str], list[str]]  # of Markdown, and on hardware and versions


def _single(make: Callable[[Server, Wanted], Bench]) -> Callable[[Server, Wanted], Iterable[Bench]]:
    return lambda server, wanted: [make(server, wanted)]


LOCAL: dict[str, Callable[[Wanted], Bench]] = {
    "mapping": mapping,
    "mapping_tuple": mapping_tuple,
    "log_line": log_line,
    "log_line_lark": log_line_lark,
}
"""Benches of one process, which need no server."""

SERVED: dict[str, Callable[[Server, Wanted], Iterable[Bench]]] = {
    "flat": _single(flat),
    "flat_dlt": _single(flat_dlt),
    "access_log": _single(access_log),
    "nested": _single(nested),
    "dlt": breakouts,
    "claims": _single(claims),
    "producers": _single(producers),
    "producers_asleep": _single(producers_asleep),
    "producers_alone": _single(producers_alone),
    "latency": _single(latency),
    "backlog": _single(backlog),
    "daemons3": _single(daemons3),
    "replay": _single(replay),
}
"""Benches of the whole service; each gives its comparisons when they are about to be run."""


def _adversarial(wanted: Wanted) -> _Lines:
    return growth_lines(growths(wanted.tell)), machine()


def _books(wanted: Wanted) -> _Lines:
    with running_server() as server:
        return as_lines(answers(server, wanted), wanted.settled), server.about()


def _memory(wanted: Wanted) -> _Lines:
    with running_server() as server:
        return lines_of(*memory(server, wanted)), server.about()


def _upkeep(wanted: Wanted) -> _Lines:
    with server_with_contrib() as server:
        return upkeep_lines(upkeep(server, wanted)), server.about()


ALONE: dict[str, Callable[[Wanted], _Lines]] = {
    "adversarial": _adversarial,
    "books": _books,
    "memory": _memory,
    "upkeep": _upkeep,
}
"""What has no rival, and is run alone."""

USUAL = [*LOCAL, *(name for name in SERVED if name != "backlog")]
"""What runs where no bench is named."""

_ABOUT = {
    "mapping": "documents to COPY lines, against a hand-written function",
    "mapping_tuple": "the same, against a tuple of the values as they came",
    "log_line": "lines of a log by a compiled grammar, against a hand-written re",
    "log_line_lark": "the same, against Lark itself",
    "flat": "flat documents, against one session of SQL",
    "flat_dlt": "flat documents with a key, against dlt",
    "access_log": "lines of a log through the service: a grammar against a hand-written re",
    "nested": "films with child tables, against one session of SQL",
    "dlt": "films and works of art without a slip, against dlt; needs ETL_CORPUS",
    "claims": "rows that give nothing, against pgqueuer's jobs that do nothing",
    "producers": "commits of one row by 16 clients beside a daemon that loads, against a bare table",
    "producers_asleep": "the same beside a daemon that sleeps",
    "producers_alone": "the same without a daemon",
    "latency": "commit to landed row at 200 rows a second, against a bare round trip",
    "backlog": "throughput with 5,000,000 rows waiting, against 50,000; takes minutes",
    "daemons3": "three daemons of one database, against one",
    "replay": "settled rows once more, against their first load",
    "adversarial": "alone: hostile texts through every grammar, ten times as long each; takes minutes",
    "books": "alone: row_status and ledger at many settled rows; takes minutes",
    "memory": "alone: memory of a daemon during 1,000,000 rows, and its slope; takes a quarter of an hour",
    "upkeep": "alone: log, dead tuples, bloat and round trips a row, on Debian's PostgreSQL 15; a minute",
}


def described() -> list[str]:
    """Give a line on each bench."""
    return [f"  {'*' if name in USUAL else ' '} {name:<17} {about}" for name, about in _ABOUT.items()]
