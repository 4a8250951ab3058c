"""`python -m benchmarks`: run them, print the ratios, and with `--write` keep them in the documentation."""

import argparse
import sys
from collections.abc import Callable

from benchmarks.landing import flat, nested
from benchmarks.latency import latency
from benchmarks.paired import Bench, compare
from benchmarks.producers import producers, producers_alone
from benchmarks.report import PAGE, as_text, load_average, write_page
from benchmarks.server import Server, running_server

BENCHES: dict[str, Callable[[Server, int], Bench]] = {
    "flat": flat,
    "nested": nested,
    "producers": producers,
    "producers_alone": producers_alone,
    "latency": latency,
}


def main() -> int:
    """Run the benches that are asked for; return the exit status."""
    wanted = _arguments()
    load = load_average()
    with running_server() as server:
        about = server.about()
        names = wanted.only or list(BENCHES)
        results = [compare(BENCHES[name](server, wanted.rows), wanted.rounds, _tell) for name in names]
    print(as_text(results, about))
    if wanted.write:
        write_page(results, about, wanted.rounds, load)
        print(f"\nWritten to {PAGE.relative_to(PAGE.parent.parent)}.")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Hold the service against rivals, as ratios.")
    parser.add_argument("--rows", type=_positive, default=60_000, help="documents of a bench (default: %(default)s)")
    parser.add_argument("--rounds", type=_positive, default=3, help="how often each side runs (default: %(default)s)")
    parser.add_argument(
        "--only", choices=BENCHES, action="append", metavar="NAME", help=f"one of {', '.join(BENCHES)}; repeatable"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return number


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
