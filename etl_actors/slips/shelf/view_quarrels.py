"""Whether views of slips that break documents out have names of their own among all tables and views of slips."""

from collections.abc import Iterator, Sequence

from etl_actors.relational.breakout.view import View
from etl_actors.relational.companions import versions_name
from etl_actors.relational.tables import Table
from etl_actors.slips.shelf.quarrel import Quarrel, Read, told
from etl_actors.slips.source.files import MAIN

__all__ = ["view_quarrels"]


def view_quarrels(slips: Sequence[Read]) -> Iterator[Quarrel]:
    """Find the slips whose view has the name of a table, or of a view, of another.

    Args:
        slips: each with its folder, of names that differ.
    """
    for number, read in enumerate(slips):
        view = _view(read)
        if view is None:
            continue
        for other in (each for each in slips if each is not read):
            if any(table.qualified == view.qualified for table in other[1].targets):
                yield _quarrel(read, other, view, "table")
            if any(_versions(table) == view.qualified for table in other[1].targets if table.versioned):
                yield _quarrel(read, other, view, "view")
        for other in slips[:number]:
            if (there := _view(other)) is not None and there.qualified == view.qualified:
                yield _quarrel(read, other, view, "view")


def _view(read: Read) -> View | None:
    return None if read[1].breakout is None else read[1].breakout.view


def _versions(table: Table) -> str:
    return f"{table.schema}.{versions_name(table.name)}"


def _quarrel(read: Read, other: Read, view: View, what: str) -> Quarrel:
    sentence = f"the slip's view is `{view.qualified}`, which is a {what} of {other[0] / MAIN}: give it another name by `view`"
    problem = told(read, lambda problems: problems.at_key(("breakout", "view"), sentence))
    return Quarrel(other[1].name, read[1].name, view.qualified, problem)
