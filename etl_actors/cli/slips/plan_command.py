"""``etl-actors slips plan``: what `apply` would change in the database, and what becomes of rows that are staged."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import invocation, ready_database
from etl_actors.cli.render import plural, say, show_json, show_lines
from etl_actors.cli.slips.check_command import checked
from etl_actors.cli.slips.planned import Planned, planned, planned_json, show_planned, waiting
from etl_actors.cli.slips.shelf import Found, asked, shelf
from etl_actors.slips.shelf.unmatched import is_unmatched

if TYPE_CHECKING:
    from etl_actors.settings import Settings
    from etl_actors.slips.shelf.catalogue import Catalogue

__all__ = ["slips_plan"]


def slips_plan(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="SLIP", help="Names or paths; all by default.")] = None,
    *,
    rows: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many staged rows are looked at for each slip, the last ones; 0: none.")
    ] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the statements that `apply` would run, each with what it does, and what would become of rows that are staged.

    Of a slip that breaks documents out these are also the statements that the rows themselves ask for. Nothing is changed: of the rows
    that would come to a slip it is told how many would be rejected, and why. The exit status is 1 if a slip is wrong, or
    cannot be what it is to be in this database.
    """
    from etl_actors.store.breakout.permission import plans as waiting_plans
    from etl_actors.store.database import connect, translated

    settings = invocation(ctx).settings()
    nobodys = [name for name in names or () if is_unmatched(name)]
    written = [name for name in names or () if not is_unmatched(name)]
    found = asked(settings, written) if written or not nobodys else []
    problems = list(checked(found))
    catalogue = _catalogue(settings, found)
    with ready_database(settings) as url, connect(url, application_name="etl-actors slips plan") as conn, translated(url):
        plans = [planned(conn, settings, catalogue, each.slip, rows) for each in found if each.slip]
        told = {each.name for each in plans}
        awaited = [each for each in waiting_plans(conn) if each.name in nobodys or not (names or each.name in told)]
        plans += [waiting(conn, settings, each) for each in awaited]
    if as_json:
        show_json({"problems": [each.as_json() for each in problems], "slips": [planned_json(each) for each in plans]})
    else:
        for problem in problems:
            show_lines(problem.text.splitlines())
        for each in plans:
            show_planned(each)
        say(_summary(len(found) + len(awaited), plans))
    if problems or any(each.conflicts for each in plans):
        raise typer.Exit(1)


def _catalogue(settings: "Settings", found: Sequence[Found]) -> "Catalogue":
    """Give the slips that would be in force: those of the folders, and in the place of a namesake those asked about."""
    from etl_actors.slips.shelf.catalogue import Catalogue
    from etl_actors.slips.shelf.unmatched import unmatched_as_set

    slips = {each.slip.name: each.slip for each in (*shelf(settings), *found) if each.slip}
    unmatched = unmatched_as_set(settings.unmatched, settings.target_schema, settings.unmatched_names)
    return Catalogue(tuple(sorted(slips.values(), key=lambda slip: (-slip.priority, slip.name))), unmatched=unmatched)


def _summary(slips: int, plans: Sequence[Planned]) -> str:
    applied = sum(each.count for each in plans if not each.by_documents)
    grown = sum(each.count for each in plans if each.by_documents)
    conflicts = sum(bool(each.conflicts) for each in plans)
    said = [f"{plural(applied, 'change')} to come: etl-actors slips apply"] * bool(applied)
    said += [f"{plural(grown, 'change')} to come as documents land"] * bool(grown)
    said += ["nothing to do"] * (not said)
    said += [plural(conflicts, "conflict")] * bool(conflicts)
    return f"{plural(slips, 'slip')}: {', '.join(said)}."
