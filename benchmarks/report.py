"""What came out, as text for a terminal and as a page of the documentation."""

import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kept import Conditions, Kept, keep, kept_as, today
from benchmarks.paired import Result

__all__ = ["PAGE", "as_text", "load_average", "table", "write_page", "write_part"]

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_MARKER = "<!-- Everything below is written by `python -m benchmarks --write`. -->"


def as_text(results: Sequence[Result], about: Sequence[str]) -> str:
    """Return the results with the conditions under which they came about."""
    return "\n".join(["", *about, *(line for result in results for line in ("", *_lines(result)))])


def write_page(results: Sequence[Result], conditions: Conditions, order: Sequence[str]) -> None:
    """Write the results into `docs/benchmarks.md`, below what is said there by hand; those of other benches stay.

    Args:
        results: of the benches that ran.
        conditions: under which they did.
        order: of all benches, by name, in the table; one that gives several results has its name before theirs, with a line between.
    """
    every = keep(kept_as(result, conditions) for result in results)
    words = PAGE.read_text(encoding="utf-8").partition(_MARKER)[0]
    place = {name: number for number, name in enumerate(order)}
    every.sort(key=lambda one: place.get(one.name, place.get(one.name.partition("_")[0], len(place))))
    PAGE.write_text(words + "\n".join([_MARKER, "", "## Measured", "", *table(every)]) + "\n", encoding="utf-8")


def write_part(name: str, lines: Sequence[str], conditions: Conditions) -> None:
    """Write lines into their own part of `docs/benchmarks.md`, which comments of its name begin and end.

    Args:
        name: of the part.
        lines: of Markdown.
        conditions: under which they came about.
    """
    begin, end = f"<!-- {name}: written by `python -m benchmarks --only {name} --write` -->", f"<!-- end of {name} -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    about = [*conditions.about, f"{conditions.day or today()}; load average before {conditions.load:.2f}"]
    written = [begin, "", *(f"- {line}" for line in about), "", *lines, "", end]
    PAGE.write_text(before + "\n".join(written) + rest.partition(end)[2], encoding="utf-8")


def table(every: Sequence[Kept]) -> list[str]:
    """Give the lines of Markdown that show results: a table for each machine and set of versions, then what each bench is."""
    lines: list[str] = []
    for about in dict.fromkeys(tuple(one.about) for one in every):
        lines += [
            *(f"- {line}" for line in about),
            "",
            "| bench | ours | rival | unit | ratio | of the rounds | bar | measured |",
            "|---|---|---|---|---|---|---|---|",
            *(_row(one) for one in every if tuple(one.about) == about),
            "",
        ]
    for one in every:
        lines += [f"- **{one.name}**: {one.what}. Ours: {one.ours_name}; rival: {one.rival_name}."]
        lines += [f"  Beside it: {_beside(one.beside)}."] if one.beside else []
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
        *(f"  {bar.verdict(result.figure(bar.figure))}" for bar in bench.bars),
        *([f"  {_beside(result.beside)}"] if result.beside else []),
    ]


def _row(one: Kept) -> str:
    figures = (
        f"{_figure(one.ours)} | {_figure(one.rival)} | {one.unit} | **{one.ratio:.2f}** | {one.least:.2f} to {one.greatest:.2f}"
    )
    measured = f"{one.day}, {one.rounds} round{'s' if one.rounds != 1 else ''}, load {one.load:.2f}"
    return f"| {one.name} | {figures} | {'; '.join(one.verdicts)} | {measured} |"


def _beside(figures: Sequence[Sequence[str | float]]) -> str:
    return ", ".join(f"{_figure(float(value))} {name}" for name, value in figures)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
