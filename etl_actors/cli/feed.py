"""``etl-actors feed``: stage the documents of files."""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from etl_actors.cli.render import console, plural, say, show_json
from etl_actors.database_in_use import database_url
from etl_actors.errors import EtlError
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.feeder import Fed, Feeder
from etl_actors.feeding.form import input_form
from etl_actors.feeding.inputs import Input
from etl_actors.feeding.progress import FeedProgress
from etl_actors.feeding.stop import Stop
from etl_actors.settings import Settings
from etl_actors.store.feed import FeedConnection
from etl_actors.store.migrate import migrate

__all__ = ["feed"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def feed(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="What the documents are of; slips take them by it.")],
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Plain or gzipped; - is standard input.")],
    *,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="jsonl|lines",
            help="jsonl: a JSON document a line; lines: each line becomes a message. By default the slip tells, else the extension.",
        ),
    ] = None,
    slip: Annotated[str | None, typer.Option(metavar="NAME", help="The slip that takes every row, whatever it holds.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the final counts as JSON.")] = False,
) -> None:
    """Stage the lines of files, each as one row, or as the slips of the source say under [input].

    A line that cannot be staged as JSON is kept as {"$raw": ...} with the reason, and rejected at stage `stage`, never dropped.
    Blank lines are skipped and counted. Ctrl-C stops after the chunk under way.
    """
    settings: Settings = context.obj
    cut = input_form(settings.parser_folders, source, slip, lenient=form is not None)
    inputs = [Input(name, form or (cut and cut.format) or None) for name in files]
    with database_url(settings) as url:
        if not settings.database_url.get_secret_value():
            migrate(url, settings.target_schema, settings.partition_rows)
        with closing(FeedConnection(url, source, slip, settings.partition_rows)) as connection:
            fed = _feed(inputs, connection, source, Cut.of(cut))
    if as_json:
        show_json(_counts(fed, source))
    else:
        say(_sentence(fed, source))
    if fed.interrupted:
        raise typer.Exit(_INTERRUPTED)


def _feed(inputs: Sequence[Input], connection: FeedConnection, source: str, cut: Cut) -> Fed:
    sizes = [each.size for each in inputs]
    total = None if None in sizes else sum(filter(None, sizes))
    stop = Stop()
    with stop.listening(), FeedProgress(console(error=True), total) as progress:
        feeder = Feeder(connection.put, stop, progress.show, cut=cut)
        try:
            return feeder.feed(inputs)
        except EtlError:
            if feeder.fed.staged:
                typer.echo(f"Before it failed: {_sentence(feeder.fed, source)}", err=True)
            raise


def _sentence(fed: Fed, source: str) -> str:
    after = f" after line {fed.last_line:,} of {fed.file}" if fed.last_line else ""
    where = f"Stopped{after}: " if fed.interrupted else ""
    raw = f", {fed.raw:,} of them not JSON and kept raw for the dead letters" if fed.raw else ""
    blank = f"; {plural(fed.blank, 'blank line')} skipped" if fed.blank else ""
    return f"{where}{plural(fed.staged, 'row')} of source {source} staged{raw}{blank}."


def _counts(fed: Fed, source: str) -> dict[str, str | int | bool]:
    return {"source": source, "staged": fed.staged, "raw": fed.raw, "blank": fed.blank, "interrupted": fed.interrupted}
