"""``etl-actors slips new``: a slip to begin with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import plural, say
from etl_actors.cli.slips.documents import documents
from etl_actors.cli.slips.folder import folder_for, write_folder
from etl_actors.errors import UsageError
from etl_actors.feeding.format import Format
from etl_actors.relational.breakout.names import plain
from etl_actors.relational.breakout.seen import Seen
from etl_actors.slips.drafting.documents import document_draft, key_candidates
from etl_actors.slips.drafting.lines import GRAMMAR, is_text, text_draft
from etl_actors.slips.source.files import MAIN
from etl_actors.slips.trying.trial import value_of

__all__ = ["slips_new"]

_LOOKED_AT = 100  # documents of the file that columns are drawn from
_EXAMPLE = {"id": "A-1", "title": "An example", "price": 12.5, "seen_at": "2026-01-31T12:00:00Z", "tags": ["a"]}


def slips_new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the slip, its folder and its table.")],
    *,
    source: Annotated[str | None, typer.Option(metavar="S", help="Whose documents it takes; by default NAME.")] = None,
    from_file: Annotated[
        str | None, typer.Option("--from", metavar="FILE", help="Draw the columns, and the samples, from its first documents.")
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", show_default=False, help="Of FILE; by default the extension tells.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Of slips; by default the first of ETL_PARSERS, else ./slips.", show_default=False),
    ] = None,
) -> None:
    """Write a slip to begin with, commented, with samples: it passes `check` and `test` as it is, and is to be edited.

    Of lines of text it has a grammar, line.lark, that takes every line. What is there is never overwritten.
    """
    settings = invocation(ctx).settings()
    folder = folder_for(settings, name, into)
    found = [value_of(each.payload) for each in documents(from_file, form, _LOOKED_AT)] if from_file else [_EXAMPLE]
    if not found:
        raise UsageError(f"{from_file}: expected at least one document, got none.")
    lines = is_text(found)
    text = text_draft(name, source or name) if lines else _drawn(name, source or name, found)
    written = write_folder(settings, folder, {MAIN: text} | ({"line.lark": GRAMMAR} if lines else {}), found)
    say(f"Wrote {folder / MAIN}{' and line.lark' if lines else ''}, with {plural(written, 'sample')}. Next:")
    say(f"  etl-actors slips show {_shown(folder)}")
    say(f"  etl-actors slips try {_shown(folder)} {from_file or 'FILE'}")
    if into or not settings.parsers.strip() or not settings.parser_folders:
        say(f"  export ETL_PARSERS={folder.parent.resolve()}     # for `run` and `apply`, which use the slips of that folder")


def _drawn(name: str, source: str, found: Sequence[Any]) -> str:
    seen = Seen()
    for one in found:
        seen.add(one)
    candidates = key_candidates(seen, plain((name,)))
    likely = next((column for field, column in candidates if _tells_apart(field, found)), None)
    key = [likely] if likely else [column for _, column in candidates[:1]]
    return document_draft(name, source, seen, found, key, sure=False)


def _tells_apart(field: str, found: Sequence[Any]) -> bool:
    """Tell whether every document has another value of a field."""
    values = {str(one[field]) for one in found if isinstance(one, dict) and one.get(field) is not None}
    return len(values) == len(found) > 1


def _shown(folder: Path) -> str:
    return str(folder) if "/" in str(folder) else f"./{folder}"
