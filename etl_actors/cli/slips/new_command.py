"""``etl-actors slips new``: a slip to begin with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import plural, say
from etl_actors.cli.slips.documents import documents
from etl_actors.cli.slips.draft import GRAMMAR, draft, is_text, text_draft
from etl_actors.errors import SlipError, UsageError
from etl_actors.feeding.format import Format
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import MAIN, read_slip_folder
from etl_actors.slips.trying.samples import Sample, expected_of, payload_of, samples_text
from etl_actors.slips.trying.trial import Trier, value_of

if TYPE_CHECKING:
    from etl_actors.settings import Settings

__all__ = ["slips_new"]

_LOOKED_AT = 100  # documents of the file that columns are drawn from
_SAMPLES = 3
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
    if "/" in name or "\\" in name or name.startswith(".") or not name.strip():
        raise UsageError(f"NAME: expected a name without slashes, got {name!r}; the folder is told with --into.")
    parent = into or (settings.parser_folders[0] if settings.parsers.strip() else Path("slips"))
    folder = parent / name
    if folder.exists():
        raise UsageError(f"{folder} is there already, and is not overwritten.")
    found = [value_of(each.payload) for each in documents(from_file, form, _LOOKED_AT)] if from_file else [_EXAMPLE]
    if not found:
        raise UsageError(f"{from_file}: expected at least one document, got none.")
    text = text_draft(name, source or name) if is_text(found) else draft(name, source or name, found)
    _write(folder, {MAIN: text} | ({"line.lark": GRAMMAR} if is_text(found) else {}))
    written = _write_samples(folder, found[:_SAMPLES], settings)
    say(f"Wrote {folder / MAIN}{' and line.lark' if is_text(found) else ''}, with {plural(written, 'sample')}. Next:")
    say(f"  etl-actors slips show {_shown(folder)}")
    say(f"  etl-actors slips try {_shown(folder)} {from_file or 'FILE'}")
    if into or not settings.parsers.strip():
        say(f"  export ETL_PARSERS={parent.resolve()}     # for `run` and `apply`, which use the slips of that folder")


def _shown(folder: Path) -> str:
    return str(folder) if "/" in str(folder) else f"./{folder}"


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        (folder / "samples").mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}.") from None


def _write_samples(folder: Path, found: list[object], settings: "Settings") -> int:
    trier = Trier(read_slip(read_slip_folder(folder), settings.target_schema, origin=str(folder)))
    for number, document in enumerate(found, 1):
        sample = Sample(f"sample_{number}", document, {})
        try:
            made = Sample(sample.name, document, expected_of(trier.attempt(payload_of(sample))))
        except SlipError:
            continue  # a text that cannot be staged
        (folder / "samples" / f"{sample.name}.json").write_text(samples_text([made], several=False), "utf-8")
    return len(list((folder / "samples").glob("*.json")))
