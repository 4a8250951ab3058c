"""``etl-actors slips apply``: put edited slips in force."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import invocation, ready_database
from etl_actors.cli.render import plural, say, short_digest, show_json, show_lines

if TYPE_CHECKING:
    from etl_actors.versions.rollout import Applied, Rollout

__all__ = ["slips_apply"]


def slips_apply(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="SLIP", help="Names; all by default.")] = None,
    *,
    retire: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SLIP", help="A slip that is in no folder any more, and for which rows are not to wait.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check the slips of the folders, make their tables, store their text, and tell every daemon to read its folders again.

    A slip that is wrong is left as it was, and the others are applied. What is staged from then on follows the new version;
    rows that are loaded stay as they are. The exit status is 1 if a slip was refused.
    """
    from etl_actors.versions.rollout import apply

    settings = invocation(ctx).settings()
    with ready_database(settings) as url:
        rollout = apply(url, settings, names or (), retiring=retire or ())
    if as_json:
        show_json(asdict(rollout))
    else:
        _show(rollout)
    if rollout.refused:
        raise typer.Exit(1)


def _show(rollout: "Rollout") -> None:
    from etl_actors.versions.rollout import Effect

    for slip in rollout.slips:
        show_lines([_line(slip)], "bold" if slip.effect is Effect.REFUSED else "")
        show_lines([f"  {line}" for line in slip.problem.splitlines()])
    for each in rollout.grown:
        tables = f"tables made or changed for new documents: {', '.join(each.tables)}"
        show_lines([f"{each.name}: {each.problem or tables}"], "bold" if each.problem else "")
    for name in rollout.retired:
        say(f"{name}: retired")
    for name in rollout.elsewhere:
        say(f"{name}: active, but in none of the folders: its rows wait for the daemon that has it, or --retire {name}")
    counts = [(sum(slip.effect is effect for slip in rollout.slips), effect.value) for effect in Effect]
    said = ", ".join(f"{count} {effect}" for count, effect in counts if count)
    told = " The daemons are told." if rollout.changes_anything else ""
    say(f"{plural(len(rollout.slips), 'slip')}{': ' * bool(said)}{said}.{told}")


def _line(slip: "Applied") -> str:
    now, was = map(short_digest, (slip.digest, slip.before))
    change = f" {was} → {now}" if was and now and was != now else f" {now}" if now else ""
    tables = f", tables made or changed: {', '.join(slip.tables)}" if slip.tables else ""
    return f"{slip.name}: {slip.effect.value}{change}{tables}"
