"""``etl-actors slips list``: which slips there are."""

from collections.abc import Sequence
from typing import Annotated

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import Column, plural, say, short_digest, show_json, show_table
from etl_actors.cli.slips.shelf import Found, asked

__all__ = ["slips_list"]


def slips_list(ctx: typer.Context, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the slips of the folders that ETL_PARSERS names (by default those that come with etl-actors), by name.

    A slip that cannot be used is listed with its first problem, and the exit status is 1.
    """
    found = sorted(asked(invocation(ctx).settings(), ()), key=lambda each: each.name)
    broken = [each for each in found if each.slip is None]
    if as_json:
        show_json({"slips": [_json(each) for each in found]})
    else:
        _show(found, broken)
    if broken:
        raise typer.Exit(1)


def _show(found: Sequence[Found], broken: Sequence[Found]) -> None:
    columns = [
        Column("slip"),
        Column("sources"),
        Column("when", optional=True),
        Column("priority", right=True),
        Column("tables"),
        Column("digest", firm=True),
    ]
    show_table(columns, [_cells(each) for each in found])
    say("")
    for each in broken:
        more = f" (and {len(each.problems) - 1} more)" if len(each.problems) > 1 else ""
        say(f"{each.problems[0].first}{more}")
    wrong = f", {len(broken)} of them broken; all that is wrong: etl-actors slips check" if broken else ""
    say(f"{plural(len(found), 'slip')}{wrong}.")


def _cells(found: Found) -> list[str]:
    slip = found.slip
    if slip is None:
        return [found.name, "", "", "", "broken", ""]
    tables = ", ".join(table.table.name for table in slip.tables)
    sources = "any" if slip.sources is None else ", ".join(slip.sources)
    return [slip.name, sources, slip.when_text, str(slip.priority), tables, short_digest(slip.digest)]


def _json(found: Found) -> dict[str, object]:
    slip = found.slip
    if slip is None:
        return {"name": found.name, "folder": str(found.folder), "problems": [each.as_json() for each in found.problems]}
    return {
        "name": slip.name,
        "folder": str(found.folder),
        "sources": slip.sources,
        "when": slip.when_text or None,
        "priority": slip.priority,
        "tables": [table.table.qualified for table in slip.tables],
        "digest": slip.digest,
        "problems": [],
    }
