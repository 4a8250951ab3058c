"""Tables that fit a page: what is left for the last column, and texts cut to that."""

from collections.abc import Sequence

from etl_actors.cli.fitting import BETWEEN
from etl_actors.cli.render import page_width
from etl_actors.scrub import one_line

__all__ = ["fits", "name_cell", "shortened", "width_left"]

_ENDLESS = 1_000_000_000  # columns where nobody looks
_LEAST = 14  # of the last column


def width_left(rows: Sequence[Sequence[str]], titles: Sequence[str]) -> int:
    """Tell how wide the last column of a table may be.

    Args:
        rows: of the table, one text a column.
        titles: of all columns but the last.
    """
    return max(_LEAST, _page() - _taken(rows, titles))


def fits(rows: Sequence[Sequence[str]], titles: Sequence[str]) -> bool:
    """Tell whether a table fits the page, its titles whole; columns without a text count as left out.

    Args:
        rows: of the table, one text a column.
        titles: of all columns.
    """
    return _taken(rows, titles) - BETWEEN <= _page()


def _page() -> int:
    return page_width() or _ENDLESS


def _taken(rows: Sequence[Sequence[str]], titles: Sequence[str]) -> int:
    taken = 0
    for at, title in enumerate(titles):
        widest = max((len(one_line(row[at])) for row in rows), default=0)
        taken += max(widest, len(title)) + BETWEEN if widest else 0
    return taken


def name_cell(text: str, width: int) -> str:
    """Write a name as a cell of a table, of at most `width` characters; whole where nobody looks."""
    return text if page_width() is None else shortened(one_line(text), width)


def shortened(text: str, width: int) -> str:
    """Write a text on one line of at most `width` characters; what was cut off is an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
