"""``etl-actors slips infer``: a slip written from what a source has staged."""

from pathlib import Path
from typing import Annotated

import typer

from etl_actors.cli.context import invocation, ready_database
from etl_actors.cli.render import plural, say, show_json, show_lines
from etl_actors.cli.slips.folder import folder_for, write_folder
from etl_actors.cli.slips.look import looked_at
from etl_actors.relational.breakout.names import plain
from etl_actors.slips.drafting.breakout import breakout_draft
from etl_actors.slips.drafting.documents import document_draft
from etl_actors.slips.drafting.repeats import Entity
from etl_actors.slips.drafting.suggested import path_text
from etl_actors.slips.source.files import MAIN

__all__ = ["slips_infer"]


def slips_infer(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Whose staged rows are looked at.")],
    *,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the slip and its table; by default SOURCE.")] = None,
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="How many of its first rows are looked at.")] = 100_000,
    breakout: Annotated[
        bool, typer.Option("--breakout", help="Write one without columns, whose tables follow the documents.")
    ] = False,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Of slips: write FOLDER/NAME, with samples, instead of printing.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a slip from what a source has staged: a column a field, a table a list, types as all values have them.

    A field that tells all different documents apart becomes the key. Entities, objects with an id of their own that documents repeat, alike
    wherever it comes again, are proposed in comments, as tables of their own. Nothing is changed in the database.
    """
    from etl_actors.store.database import connect, translated

    settings = invocation(ctx).settings()
    name = name or source
    folder = folder_for(settings, name, into) if into else None
    with ready_database(settings) as url, connect(url, application_name="etl-actors slips infer") as conn, translated(url):
        look = looked_at(conn, source, rows, plain((name,)))
    if breakout:
        text = breakout_draft(name, source, look.seen, look.key_fields, look.entities)
    else:
        text = document_draft(name, source, look.seen, look.examples, look.key, sure=bool(look.key), entities=look.entities)
    if folder is not None:
        written = write_folder(settings, folder, {MAIN: text}, look.examples)
        say(f"Wrote {folder / MAIN} from {plural(look.documents, 'document')}, with {plural(written, 'sample')}.")
    elif as_json:
        show_json(
            {
                "slip": text,
                "documents": look.documents,
                "passed_over": look.passed_over,
                "key": look.key_fields if breakout else look.key,
                "entities": [_json(one) for one in look.entities],
            }
        )
    else:
        show_lines(text.rstrip("\n").split("\n"))


def _json(one: Entity) -> dict[str, object]:
    return {
        "path": path_text(one.where.path),
        "recurse": one.where.recurse,
        "key": one.where.key,
        "keys": one.keys,
        "more": one.more,
        "places": one.places,
        "varying": sorted(one.varying),
    }
