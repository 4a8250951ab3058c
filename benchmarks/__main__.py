"""`python -m benchmarks`: run them, print the ratios, and with `--write` keep them in the documentation."""

import argparse
import signal
import subprocess
import sys

import psycopg

from benchmarks.catalogue import ALONE, LOCAL, SERVED, USUAL, described
from benchmarks.kept import Conditions
from benchmarks.paired import Bench, Result, compare
from benchmarks.report import PAGE, as_text, load_average, write_page, write_part
from benchmarks.server import machine, running_server
from benchmarks.wanted import Wanted

_NO_FIGURE = (RuntimeError, psycopg.Error, subprocess.SubprocessError)


def main() -> int:
    """Run the benches that are asked for; return the exit status."""
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # its server and its daemons end with it
    wanted = Wanted(_tell, given.rows, given.rounds, given.settled, given.backlog, given.minutes)
    names = given.only or list(USUAL)
    load = load_average()
    if names[0] in ALONE:
        return _alone(names[0], wanted, load, write=given.write)
    failed: list[str] = []
    about = machine()
    conditions = Conditions(about, wanted.rounds, load)
    results = [_compared(LOCAL[name](wanted), wanted, conditions, write=given.write) for name in names if name in LOCAL]
    if any(name in SERVED for name in names):
        with running_server() as server:
            about = server.about()
            conditions = Conditions(about, wanted.rounds, load)
            for name in [name for name in names if name in SERVED]:
                try:
                    results.extend(
                        _compared(bench, wanted, conditions, write=given.write) for bench in SERVED[name](server, wanted)
                    )
                except _NO_FIGURE as exc:  # the others take long, and have nothing to do with it
                    failed.append(f"{name} has no figure: {exc}")
                    _tell(failed[-1])
    few = ["\nThe bars are for as many rows as a bench has by default."] if given.rows else []
    print("\n".join([as_text(results, about), *failed, *few]))
    if given.write and results:
        print(f"\nWritten to {PAGE.relative_to(PAGE.parent.parent)}.")
    return 1 if failed else 0


def _compared(bench: Bench, wanted: Wanted, conditions: Conditions, *, write: bool) -> Result:
    """Run a bench, and keep what it found at once: a run of many may be interrupted."""
    result = compare(bench, wanted.rounds, _tell)
    if write:
        write_page([result], conditions, [*LOCAL, *SERVED])
    return result


def _alone(name: str, wanted: Wanted, load: float, *, write: bool) -> int:
    lines, about = ALONE[name](wanted)
    print("\n".join([*about, f"load average before {load:.2f}", "", *lines]))
    if write:
        write_part(name, lines, Conditions(about, wanted.rounds, load))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Hold the service against rivals, as ratios, and against the bars that are set for it.",
        epilog="\n".join(["benches (those marked * run without --only):", *described()]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=_positive, metavar="N", help="that are timed in a bench (default: as many as befit each)")
    parser.add_argument(
        "--rounds", type=_positive, metavar="N", default=5, help="how often each side runs (default: %(default)s)"
    )
    parser.add_argument(
        "--settled", type=_settled, metavar="N", default=5_000_000, help="settled rows of books (default: %(default)s)"
    )
    parser.add_argument(
        "--backlog", type=_positive, metavar="N", default=5_000_000, help="rows that wait in backlog (default: %(default)s)"
    )
    parser.add_argument(
        "--minutes", type=_minutes, metavar="N", default=10.0, help="of steady load in memory, 0 for none (default: %(default)g)"
    )
    parser.add_argument(
        "--only", choices=[*LOCAL, *SERVED, *ALONE], action="append", metavar="NAME", help="one of those below, repeatable"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    given = parser.parse_args()
    for name in ALONE:
        if given.only and name in given.only and given.only != [name]:
            parser.error(f"{name} is run alone")
    return given


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return number


def _minutes(text: str) -> float:
    number = float(text)
    if not 0 <= number < 10_000:
        raise argparse.ArgumentTypeError(f"expected a number of minutes, 0 or more, got {text}")
    return number


def _settled(text: str) -> int:
    number = int(text)
    if number < 100_000:
        raise argparse.ArgumentTypeError(f"expected 100000 or more, got {text}")
    return number


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
