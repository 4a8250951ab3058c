"""Two slips that disagree, and the place where that is told."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from etl_actors.slips.model.slip import Slip
from etl_actors.slips.source.files import MAIN
from etl_actors.slips.source.problems import Problems
from etl_actors.slips.source.toml_places import find_places

__all__ = ["Quarrel", "Read", "told"]

Read = tuple[Path, Slip]  # a slip and its folder


class Quarrel(NamedTuple):
    """Two slips that disagree on a table.

    Args:
        one: the name of the first slip.
        other: the name of the second.
        table: the table's qualified name.
        problem: what differs, at its place in the second.
    """

    one: str
    other: str
    table: str
    problem: str


def told(read: Read, note: Callable[[Problems], None]) -> str:
    """Tell what is wrong with a slip that could be read.

    Args:
        read: the slip.
        note: notes it.

    Returns:
        It with its place and a caret.
    """
    folder, slip = read
    text = slip.files[MAIN].replace("\r\n", "\n")
    problems = Problems(str(folder / MAIN), text, find_places(text))
    note(problems)
    return str(problems)
