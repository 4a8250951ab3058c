"""`python -m benchmarks`: run them, print the ratios, and with `--write` keep them in the documentation."""

import argparse
import sys
from collections.abc import Callable

from benchmarks.adversarial import as_lines as growth_lines
from benchmarks.adversarial import growths
from benchmarks.books import MANY, answers, as_lines, write_books
from benchmarks.breakouts import breakouts
from benchmarks.grammars import log_line, log_line_lark
from benchmarks.landing import flat, nested
from benchmarks.latency import latency
from benchmarks.mapping import mapping, mapping_tuple
from benchmarks.paired import Bench, compare
from benchmarks.producers import producers, producers_alone
from benchmarks.report import PAGE, as_text, load_average, write_page, write_part
from benchmarks.server import Server, machine, running_server

BENCHES: dict[str, Callable[[Server, int], Bench]] = {
    "flat": flat,
    "nested": nested,
    "producers": producers,
    "producers_alone": producers_alone,
    "latency": latency,
}

LOCAL: dict[str, Callable[[int], Bench]] = {
    "mapping": mapping,
    "mapping_tuple": mapping_tuple,
    "log_line": log_line,
    "log_line_lark": log_line_lark,
}
"""Benches of one process, which need no server."""

_ADVERSARIAL = "adversarial"  # no rival: the same texts, ten times as long
_BOOKS = "books"  # no rival: the same questions at few and at many rows
_DLT = "dlt"  # a peer, with an environment of its own
_ALONE = (_ADVERSARIAL, _BOOKS, _DLT)


def main() -> int:
    """Run the benches that are asked for; return the exit status."""
    wanted = _arguments()
    load = load_average()
    if wanted.only == [_BOOKS]:
        return _books(wanted.settled, load, write=wanted.write)
    if wanted.only == [_DLT]:
        return _dlt(wanted.rounds, load, write=wanted.write)
    if wanted.only == [_ADVERSARIAL]:
        print("\n".join([*machine(), f"load average before {load:.2f}", "", *growth_lines(growths(_tell))]))
        return 0
    names = wanted.only or [*LOCAL, *BENCHES]
    results = [compare(LOCAL[name](wanted.rows), wanted.rounds, _tell) for name in names if name in LOCAL]
    about = machine()
    if len(results) < len(names):
        with running_server() as server:
            about = server.about()
            results += [compare(BENCHES[name](server, wanted.rows), wanted.rounds, _tell) for name in names if name in BENCHES]
    print(as_text(results, about))
    if wanted.write:
        write_page(results, about, wanted.rounds, load)
        print(f"\nWritten to {PAGE.relative_to(PAGE.parent.parent)}.")
    return 0 if wanted.only else _dlt(wanted.rounds, load, write=wanted.write)


def _books(settled: int, load: float, *, write: bool) -> int:
    with running_server() as server:
        about = server.about()
        found = answers(server, settled, _tell)
    print("\n".join([*about, f"load average before {load:.2f}", "", *as_lines(found, settled)]))
    if write:
        write_books(found, settled, about, load)
    return 0


def _dlt(rounds: int, load: float, *, write: bool) -> int:
    with running_server() as server:
        about = server.about()
        results = [compare(bench, rounds, _tell) for bench in breakouts(server, _tell)]
    if results:
        print(as_text(results, about))
    if results and write:
        write_part(_DLT, results, about, rounds, load)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Hold the service against rivals, as ratios.")
    parser.add_argument("--rows", type=_positive, default=60_000, help="documents of a bench (default: %(default)s)")
    parser.add_argument("--rounds", type=_positive, default=3, help="how often each side runs (default: %(default)s)")
    parser.add_argument("--settled", type=_settled, default=MANY, help="settled rows of books (default: %(default)s)")
    parser.add_argument(
        "--only",
        choices=[*LOCAL, *BENCHES, *_ALONE],
        action="append",
        metavar="NAME",
        help=f"one of {', '.join([*LOCAL, *BENCHES])}, repeatable; or {', '.join(_ALONE)}, which take minutes and are asked for alone",
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    wanted = parser.parse_args()
    for alone in _ALONE:
        if wanted.only and alone in wanted.only and wanted.only != [alone]:
            parser.error(f"{alone} is run alone")
    return wanted


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return number


def _settled(text: str) -> int:
    number = _positive(text)
    if number < 100_000:
        raise argparse.ArgumentTypeError(f"expected 100000 or more, got {text}")
    return number


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
