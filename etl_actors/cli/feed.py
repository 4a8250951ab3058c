"""``etl-actors feed``: stage the documents of files, or of a table."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from typing import Annotated

import typer

from etl_actors.cli.failures import tell
from etl_actors.cli.feed_source import columns, delimiter, require_cells, table_and_files
from etl_actors.cli.render import console, plural, say, show_json
from etl_actors.database_in_use import database_url
from etl_actors.errors import EtlError
from etl_actors.feeding.csv_rows import Cells
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.feeder import Fed, Feeder
from etl_actors.feeding.form import input_form, is_slip_of
from etl_actors.feeding.format import Format
from etl_actors.feeding.inputs import Input
from etl_actors.feeding.progress import FeedProgress
from etl_actors.feeding.stop import Stop
from etl_actors.feeding.table_rows import TableRows
from etl_actors.settings import Settings
from etl_actors.store.feed import FeedConnection
from etl_actors.store.feed_table import TableReader, Wanted

__all__ = ["feed"]

_SIGNALLED = 128  # plus the signal's number, as shells have it


def feed(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="What the documents are of; slips take them by it.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Plain, or packed by gzip or zstd; - is standard input.", show_default=False),
    ] = None,
    *,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            show_default=False,
            help="jsonl: a JSON document a line; json: arrays of documents, or documents one after the other; csv, tsv: a "
            "header, then records; lines: each line becomes a message. By default the slip tells, else the extension.",
        ),
    ] = None,
    between: Annotated[
        str | None,
        typer.Option("--delimiter", metavar="CHAR", help="Between the cells of CSV; tab for a tab. A comma by default."),
    ] = None,
    null: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Cells of CSV with this text are null; '' for empty ones.")
    ] = None,
    slip: Annotated[str | None, typer.Option(metavar="NAME", help="The slip that takes every row, whatever it holds.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the final counts as JSON. With --from-table: --json COL, the documents' column.")
    ] = False,
    from_table: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Instead of files, the documents of [SCHEMA.]TABLE in the database in use."),
    ] = None,
    with_columns: Annotated[
        str | None, typer.Option("--with", metavar="COLS", help="Columns that become fields of each document: a,b or field=a,b.")
    ] = None,
    where: Annotated[str | None, typer.Option(metavar="SQL", help="A condition on the rows of the table.")] = None,
    split: Annotated[bool, typer.Option("--split", help="Of an array in the column, each element is a document.")] = False,
) -> None:
    """Stage the documents of files, or of a table: each line, element, record or row is one, or as the slips say under [input].

    What cannot be staged as JSON is kept as {"$raw": ...} with the reason, and rejected at stage `stage`, never dropped.
    Blank lines are skipped and counted. Ctrl-C and SIGTERM stop after the chunk under way, a second one at once.
    """
    settings: Settings = context.obj
    with_table = (with_columns, where, split or None)
    wanted_column, names = table_and_files(from_table, files or [], with_table, (form, between, null), json=as_json)
    cells = Cells(delimiter(between), null)
    wanted = from_table and Wanted(from_table, wanted_column, columns(with_columns), where, split)
    cut = None if wanted else input_form(settings.parser_folders, source, slip, lenient=form is not None)
    inputs = [Input(name, form or Format.of_slip(cut)) for name in names]
    require_cells([(each.name, each.format) for each in inputs], between, null)
    stop = Stop()
    with ExitStack() as opened:
        url = opened.enter_context(database_url(settings))
        if not settings.database_url.get_secret_value():
            from etl_actors.store.migrate import migrate

            migrate(url, settings.target_schema, settings.partition_rows)
        connection = opened.enter_context(closing(FeedConnection(url, source, slip, settings.partition_rows)))
        if slip and connection.has_slip() is False and not is_slip_of(settings.parser_folders, slip):
            # A producer may be ahead of its slip: the rows wait, or are rejected, and can be replayed.
            tell(f"No slip {slip} is in force, nor in the folders of slips: rows that name it are rejected until there is one.")
        if wanted:
            table = opened.enter_context(closing(TableReader(url, wanted)))
            progress = FeedProgress(console(error=True), table.rows_expected, unit="rows")
            feeder = Feeder(connection.put, stop, progress.show)
            _fed(lambda: feeder.feed_rows([TableRows(table, split=split)]), feeder, source, progress, stop)
        else:
            progress = FeedProgress(console(error=True), _total(inputs))
            feeder = Feeder(connection.put, stop, progress.show, cut=Cut.of(cut), cells=cells)
            _fed(lambda: feeder.feed(inputs), feeder, source, progress, stop)
    fed = feeder.fed
    if as_json and not wanted:
        show_json(_counts(fed, source))
    else:
        say(_sentence(fed, source))
        if fed.unread:
            say(_unread(fed))
    if fed.interrupted:
        raise typer.Exit(_SIGNALLED + stop.number)


def _fed(run: Callable[[], Fed], feeder: Feeder, source: str, progress: FeedProgress, stop: Stop) -> None:
    """Feed, and say what is staged also where it fails, or is stopped at once."""
    with stop.listening():
        try:
            with progress:
                run()
        except EtlError:
            if feeder.fed.staged:
                tell(f"Before it failed: {_sentence(feeder.fed, source)}")
            if feeder.fed.unread:
                tell(_unread(feeder.fed))
            raise
        except KeyboardInterrupt:
            feeder.fed.interrupted = True
            unsure = feeder.underway
            say(_sentence(feeder.fed, source))
            if feeder.fed.unread:
                say(_unread(feeder.fed))
            if unsure:
                say(f"The database did not confirm the {plural(unsure, 'row')} under way just then: staged or not.")
            raise typer.Exit(_SIGNALLED + stop.number) from None


def _total(inputs: Sequence[Input]) -> int | None:
    sizes = [each.size for each in inputs]
    return None if None in sizes else sum(filter(None, sizes))


def _sentence(fed: Fed, source: str) -> str:
    after = ""
    if fed.last_document:
        after = f" after {'document' if fed.last_line else 'row'} {fed.last_document:,} of {fed.file}"
    elif fed.last_line:
        after = f" after line {fed.last_line:,} of {fed.file}"
    where = f"Stopped{after}: " if fed.interrupted else ""
    raw = f", {fed.raw:,} of them broken and kept raw for the dead letters" if fed.raw else ""
    blank = f"; {plural(fed.blank, fed.blanks)} skipped" if fed.blank else ""
    return f"{where}{plural(fed.staged, 'row')} of source {source} staged{raw}{blank}."


def _unread(fed: Fed) -> str:
    return f"Of these nothing was read: {', '.join(fed.unread)}."


def _counts(fed: Fed, source: str) -> dict[str, str | int | bool | list[str]]:
    return {
        "source": source,
        "staged": fed.staged,
        "raw": fed.raw,
        "blank": fed.blank,
        "interrupted": fed.interrupted,
        "unread": list(fed.unread),
    }
