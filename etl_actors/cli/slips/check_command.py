"""``etl-actors slips check``: all that is wrong with slips."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import plural, say, show_json, show_lines
from etl_actors.cli.slips.shelf import Found, Problem, asked, problems_in, shelf
from etl_actors.cli.slips.traps import warnings_of
from etl_actors.errors import SlipError
from etl_actors.slips.model.slip import Slip
from etl_actors.slips.shelf.agreement import Read, quarrels
from etl_actors.slips.shelf.ambiguity import Witness, ambiguities
from etl_actors.slips.shelf.cross_refs import dangling_refs
from etl_actors.slips.source.files import MAIN
from etl_actors.slips.trying.samples import payload_of, read_samples
from etl_actors.slips.trying.trial import takes

if TYPE_CHECKING:
    from etl_actors.settings import Settings

__all__ = ["checked", "slips_check"]


def slips_check(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="SLIP", help="Names or paths; all by default.")] = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are problems too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find all that is wrong with slips at once, each with its file, line and column: with each alone, and with all together.

    Slips are wrong together where two make different things of one table, or take the same documents at equal priority. What is
    likely to be a mistake, but need not be one, is a warning. The exit status is 1 if there is a problem.
    """
    settings = invocation(ctx).settings()
    found = asked(settings, names or ())
    others = _others(found, settings) if names else []
    problems = list(checked(found, others))
    warnings = [warning for each in found if each.slip for warning in warnings_of(each.slip, each.folder)]
    if others or not names:
        warnings += _pointing_nowhere(found, others)
    if as_json:
        show_json(
            {
                "slips": [each.name for each in found],
                "problems": [each.as_json() for each in problems],
                "warnings": [each.as_json() for each in warnings],
            }
        )
    else:
        for problem in problems:
            show_lines(problem.text.splitlines())
        for warning in warnings:
            show_lines(f"warning: {warning.text}".splitlines())
        say(_summary(found, problems, warnings))
    if problems or (strict and warnings):
        raise typer.Exit(1)


def _others(found: Sequence[Found], settings: "Settings") -> list[Found]:
    """Read the slips beside those asked about; a slip that lies elsewhere, such as a copy that is edited, has none."""
    folders = {folder.resolve() for folder in settings.parser_folders}
    mine = {each.folder.resolve() for each in found}
    if not {folder.parent for folder in mine} <= folders:
        return []
    return [each for each in shelf(settings) if each.folder.resolve() not in mine]


def checked(found: Sequence[Found], others: Sequence[Found] = ()) -> Iterator[Problem]:
    """Find what is wrong with slips, each alone and together.

    Args:
        found: the slips asked about.
        others: those that they share tables and documents with, whose own mistakes are not told.
    """
    for each in found:
        yield from each.problems
    mine = {each.name for each in found}
    every = [*others, *found]
    yield from _twice(every, mine)
    usable: list[Read] = [(each.folder, each.slip) for each in every if each.slip and _only(each, every)]
    for quarrel in quarrels(usable):
        if {quarrel.one, quarrel.other} & mine:
            yield from problems_in(quarrel.problem)
    witnesses = {slip.name: _witnesses(each) for each in every if (slip := each.slip)}
    for ambiguity in ambiguities(usable, witnesses):
        if {ambiguity.one, ambiguity.other} & mine:
            yield from problems_in(ambiguity.problem)


def _pointing_nowhere(found: Sequence[Found], others: Sequence[Found]) -> Iterator[Problem]:
    """Find what points to a table that no slip fills; nothing, while a slip that may fill it cannot be read."""
    every = [*others, *found]
    usable = [(each.folder, each.slip) for each in every if each.slip]
    mine = {each.name for each in found}
    for dangling in dangling_refs(usable) if len(usable) == len(every) else ():
        if dangling.slip in mine:
            yield from problems_in(dangling.problem)


def _only(found: Found, every: Sequence[Found]) -> bool:
    return sum(each.name == found.name for each in every) == 1


def _twice(every: Sequence[Found], mine: set[str]) -> Iterator[Problem]:
    named: dict[str, list[Found]] = {}
    for each in every:
        if each.slip:
            named.setdefault(each.name, []).append(each)
    for name, several in named.items():
        if len(several) > 1 and name in mine:
            files = ", ".join(str(each.folder / MAIN) for each in several[1:])
            yield Problem(f"{several[0].folder / MAIN}: the name `{name}` is that of {files} too")


def _witnesses(found: Found) -> list[Witness]:
    witnesses: list[Witness] = []
    for path in sorted((found.folder / "samples").glob("*.json")):
        try:
            witnesses += [(sample.name, _Taker(payload_of(sample), found.usable())) for sample in read_samples(path)]
        except SlipError:
            continue  # `test` tells of it
    return witnesses


class _Taker:
    """Tells whether a slip takes a document of its owner's source."""

    def __init__(self, payload: bytes, owner: Slip) -> None:
        self.payload = payload
        self.owner = owner

    def __call__(self, slip: Slip) -> bool:
        source = next((each for each in self.owner.sources or slip.sources or (self.owner.name,) if slip.takes(each)), None)
        return source is not None and takes(slip, source, self.payload)


def _summary(found: Sequence[Found], problems: Sequence[Problem], warnings: Sequence[Problem]) -> str:
    said = plural(len(problems), "problem") if problems else "no problem"
    warned = f", {plural(len(warnings), 'warning')}" if warnings else ""
    return f"{plural(len(found), 'slip')}: {said}{warned}."
