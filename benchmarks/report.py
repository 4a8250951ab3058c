"""What came out, as text for a terminal and as a page of the documentation."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.paired import Result

__all__ = ["PAGE", "as_text", "load_average", "write_page", "write_part"]

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_MARKER = "<!-- Everything below is written by `python -m benchmarks --write`. -->"


def as_text(results: Sequence[Result], about: Sequence[str]) -> str:
    """Return the results with the conditions under which they came about."""
    return "\n".join(["", *about, *(line for result in results for line in ("", *_lines(result)))])


def write_page(results: Sequence[Result], about: Sequence[str], rounds: int, load: float) -> None:
    """Write the results into `docs/benchmarks.md`, below what is said there by hand.

    Args:
        results: of all benches.
        about: hardware and versions, a line each.
        rounds: how often each side ran.
        load: average of the machine over the minute before.
    """
    words = PAGE.read_text(encoding="utf-8").partition(_MARKER)[0] if PAGE.exists() else "# Benchmarks\n\n"
    lines = [_MARKER, "", "## Measured", "", *_measured(results, about, rounds, load)]
    PAGE.write_text(words + "\n".join(lines) + "\n", encoding="utf-8")


def write_part(name: str, results: Sequence[Result], about: Sequence[str], rounds: int, load: float) -> None:
    """Write the results into their own part of `docs/benchmarks.md`, which comments of its name begin and end.

    Args:
        name: of the part.
        results: of its benches.
        about: hardware and versions, a line each.
        rounds: how often each side ran.
        load: average of the machine over the minute before.
    """
    begin, end = f"<!-- {name}: written by `python -m benchmarks --only {name} --write` -->", f"<!-- end of {name} -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    lines = [begin, "", *_measured(results, about, rounds, load), "", end]
    PAGE.write_text(before + "\n".join(lines) + rest.partition(end)[2], encoding="utf-8")


def _measured(results: Sequence[Result], about: Sequence[str], rounds: int, load: float) -> list[str]:
    lines = [
        *(f"- {line}" for line in about),
        f"- {datetime.now(UTC):%Y-%m-%d}, {rounds} rounds; load average before the first {load:.2f}",
        "",
        "| bench | ours | rival | unit | ratio | of the rounds |",
        "|---|---|---|---|---|---|",
        *(_row(result) for result in results),
        "",
    ]
    for result in results:
        bench = result.bench
        lines += [f"- **{bench.name}**: {bench.what}. Ours: {bench.ours.name}; rival: {bench.rival.name}."]
        lines += [f"  Beside it: {_beside(result)}."] if result.beside else []
    return lines


def load_average() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]


def _lines(result: Result) -> list[str]:
    bench = result.bench
    return [
        f"{bench.name}: {bench.what}",
        f"  {_figure(result.ours)} {bench.unit}  {bench.ours.name}",
        f"  {_figure(result.rival)} {bench.unit}  {bench.rival.name}",
        f"  ratio {result.ratio:.2f} (of the rounds {result.least:.2f} to {result.greatest:.2f})",
        *([f"  {_beside(result)}"] if result.beside else []),
    ]


def _row(result: Result) -> str:
    figures = f"{_figure(result.ours)} | {_figure(result.rival)} | {result.bench.unit} | **{result.ratio:.2f}**"
    return f"| {result.bench.name} | {figures} | {result.least:.2f} to {result.greatest:.2f} |"


def _beside(result: Result) -> str:
    return ", ".join(f"{_figure(value)} {name}" for name, value in result.beside)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
