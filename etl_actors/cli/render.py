"""How the commands show what they found: tables to be read, or JSON to be processed."""

import errno
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from etl_actors.cli.fitting import BETWEEN, Needed, fitted
from etl_actors.scrub import one_line, printable

__all__ = [
    "Column",
    "ago",
    "console",
    "duration",
    "number",
    "page_width",
    "plural",
    "say",
    "short_digest",
    "show_json",
    "show_lines",
    "show_table",
]

_WIDE = 200  # columns where nobody looks: a file or a pipe takes lines as they are
_DIGITS = 8  # of a digest: enough to tell versions apart
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Args:
        title: its head.
        right: numbers stand at the right.
        optional: left out where all its cells are empty.
        firm: neither broken nor cut, as numbers are, on a page that is too narrow for the table.
        lines: its texts may have several lines; elsewhere line breaks and tabs are escaped.
    """

    title: str
    right: bool = False
    optional: bool = False
    firm: bool = False
    lines: bool = False


class _Output(Console):
    """Standard output or error, whose reader may go: Rich would end the program with status 1."""

    def on_broken_pipe(self) -> None:
        """Go on where it is standard error; else leave it to whoever runs the command."""
        if not self.stderr:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def console(*, error: bool = False, markup: bool = False, width: int = _WIDE) -> Console:
    """Return standard output, or standard error, as Rich writes to it.

    Args:
        error: standard error.
        markup: whether what stands in brackets is style; only for text that is all ours.
        width: columns where nobody looks.
    """
    made = _Output(stderr=error, highlight=False, markup=markup, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = width
    return made


def say(sentence: str) -> None:
    """Print a sentence on standard output."""
    console().print(printable(sentence), soft_wrap=True)


def show_lines(lines: Sequence[str], style: str = "") -> None:
    """Print lines as they are, whatever their length: excerpts whose carets must stay where they are."""
    if lines:
        console().print(Text("\n".join(map(printable, lines)), style), soft_wrap=True)


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print a table.

    Args:
        columns: its columns.
        rows: its rows, one text a column; "" for an empty cell.
    """
    cells = [[_written(column, cell) for column, cell in zip(columns, row, strict=True)] for row in rows]
    shown = [at for at, column in enumerate(columns) if not column.optional or any(row[at] for row in cells)]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    widths = fitted([_needed(columns[at], [row[at] for row in cells]) for at in shown], page_width())
    for at, width in zip(shown, widths, strict=True):
        table.add_column(columns[at].title, justify="right" if columns[at].right else "left", overflow="fold", width=width)
    for row in cells:
        table.add_row(*(Text(row[at]) for at in shown))
    made = console()
    made.width = max(made.width, sum(widths) + BETWEEN * len(widths))  # what is firm may be wider than the page
    made.print(table)


def page_width() -> int | None:
    """Return how many columns there are; None where nobody looks: a file or a pipe takes lines as they are."""
    made = console()
    return made.width if made.is_terminal or "COLUMNS" in os.environ else None


def _written(column: Column, cell: str) -> str:
    return printable(cell) if column.lines else one_line(cell)


def _needed(column: Column, cells: Sequence[str]) -> Needed:
    widest = max((cell_len(line) for cell in cells for line in cell.splitlines()), default=0)
    return Needed(cell_len(column.title), widest, firm=column.firm or column.right)


def show_json(value: Any) -> None:
    """Print a JSON value on standard output; dates as ISO 8601."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=_iso)
    sys.stdout.write("\n")


def number(value: int, *, zero: str = "0") -> str:
    """Write a count with its thousands apart; a 0 as `zero`."""
    return f"{value:,}" if value else zero


def plural(value: int, noun: str) -> str:
    """Write a count with its noun: ``1 row``, ``2,000 rows``."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def duration(seconds: float) -> str:
    """Write a time in its largest unit: ``0.4 s``, ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004  # two digits tell enough


def ago(moment: datetime, now: datetime) -> str:
    """Write how long ago something was, as `duration` does; 0 s for what the database's clock, ahead of ours, has yet to come."""
    return duration(max(0.0, (now - moment).total_seconds()))


def short_digest(digest: str | None) -> str:
    """Write the beginning of a version's digest, enough to tell versions apart; "" for none."""
    return (digest or "")[:_DIGITS]


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
