"""Tables that fit a page: what is left for the last column, and texts cut to that."""

from collections.abc import Sequence

from etl_actors.cli.render import console

__all__ = ["fits", "shortened", "width_left"]

_PAGE = 100  # columns where nobody looks, or more are there
_BETWEEN = 3  # blanks between two columns
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
    return _taken(rows, titles) - _BETWEEN <= _page()


def _page() -> int:
    made = console()
    return made.width if made.is_terminal else min(made.width, _PAGE)


def _taken(rows: Sequence[Sequence[str]], titles: Sequence[str]) -> int:
    taken = 0
    for at, title in enumerate(titles):
        widest = max((len(row[at]) for row in rows), default=0)
        taken += max(widest, len(title)) + _BETWEEN if widest else 0
    return taken


def shortened(text: str, width: int) -> str:
    """Write a text on one line of at most `width` characters; what was cut off is an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
