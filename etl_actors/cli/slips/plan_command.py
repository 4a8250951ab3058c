"""``etl-actors slips plan``: what `apply` would change in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import invocation, ready_database
from etl_actors.cli.render import plural, say, show_json, show_lines
from etl_actors.cli.slips.check_command import checked
from etl_actors.cli.slips.shelf import Found, asked
from etl_actors.errors import DatabaseUnsuitable

if TYPE_CHECKING:
    from etl_actors.slips.model.slip import Slip
    from etl_actors.store.database import Connection

__all__ = ["slips_plan"]


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to come for one slip.

    Args:
        name: of the slip.
        changes: each as a sentence and its statement.
        conflict: why it cannot be; empty where it can.
    """

    name: str
    changes: tuple[tuple[str, str], ...] = ()
    conflict: str = ""


def slips_plan(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="SLIP", help="Names or paths; all by default.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the statements that `apply` would run, each with what it does; no table of a slip is changed.

    The exit status is 1 if a slip is wrong, or cannot be what it is to be in this database.
    """
    from etl_actors.store.database import connect, translated

    settings = invocation(ctx).settings()
    found = asked(settings, names or ())
    problems = list(checked(found))
    with ready_database(settings) as url, connect(url, application_name="etl-actors slips plan") as conn, translated(url):
        planned = [_planned(conn, each.slip, settings.target_schema) for each in found if each.slip]
    if as_json:
        show_json({"problems": [each.as_json() for each in problems], "slips": [_json(each) for each in planned]})
    else:
        for problem in problems:
            show_lines(problem.text.splitlines())
        for each in planned:
            _show(each)
        say(_summary(found, planned))
    if problems or any(each.conflict for each in planned):
        raise typer.Exit(1)


def _planned(conn: "Connection", slip: "Slip", target_schema: str) -> _Planned:
    from etl_actors.store.tables.kin import require_same_identity, stored_slips
    from etl_actors.store.tables.targets import plan_tables

    try:
        require_same_identity(conn, slip, stored_slips(conn, target_schema))
        changes = plan_tables(conn, slip.targets, slip.name, target_schema)
    except DatabaseUnsuitable as conflict:
        return _Planned(slip.name, conflict=str(conflict))
    return _Planned(slip.name, tuple((change.sentence, change.statement.as_string(conn)) for change in changes))


def _show(planned: _Planned) -> None:
    if planned.conflict:
        show_lines([f"slip {planned.name}: it cannot be"], "bold")
        show_lines([f"  {line}" for line in planned.conflict.splitlines()])
    elif planned.changes:
        show_lines([f"slip {planned.name}: {plural(len(planned.changes), 'change')}"], "bold")
        for sentence, statement in planned.changes:
            show_lines([f"  {sentence}"])
            show_lines([f"      {statement};"], "dim")


def _summary(found: Sequence[Found], planned: Sequence[_Planned]) -> str:
    changes = sum(len(each.changes) for each in planned)
    conflicts = sum(bool(each.conflict) for each in planned)
    said = plural(changes, "change") + " to come: etl-actors slips apply" if changes else "nothing to do"
    against = f", {plural(conflicts, 'conflict')}" if conflicts else ""
    return f"{plural(len(found), 'slip')}: {said}{against}."


def _json(planned: _Planned) -> dict[str, object]:
    return {
        "name": planned.name,
        "changes": [{"sentence": sentence, "statement": statement} for sentence, statement in planned.changes],
        "conflict": planned.conflict or None,
    }
