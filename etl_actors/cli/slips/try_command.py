"""``etl-actors slips try``: what a slip makes of a file's documents."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from etl_actors.cli.context import invocation
from etl_actors.cli.render import plural, say, show_json, show_lines
from etl_actors.cli.slips.documents import Document, documents
from etl_actors.cli.slips.rows import UNSHOWN, show_reject, show_rows, shown_document, without_private
from etl_actors.cli.slips.shelf import one
from etl_actors.feeding.format import Format
from etl_actors.relational.reject import Reject
from etl_actors.slips.trying.trial import Outcome, Trial, Trier

__all__ = ["slips_try"]

_WORDS = {
    Outcome.ROWS: "rows",
    Outcome.SKIPPED: "skipped: the root's `when` is false",
    Outcome.NOT_TAKEN: "not taken: the slip's `when` is false",
    Outcome.REJECTED: "rejected",
}


def slips_try(
    ctx: typer.Context,
    slip: Annotated[str, typer.Argument(metavar="SLIP", help="The slip's name, or the path of its folder.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="Plain, or packed by gzip or zstd; - is standard input.")],
    *,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many documents, at most.")] = 10,
    form: Annotated[
        Format | None, typer.Option("--format", show_default=False, help="By default the slip or the extension tells.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="S", help="What the documents are of; by default the slip's source.")
    ] = None,
    show_private: Annotated[
        bool, typer.Option("--show-private", help="Show the values of private columns, and the source of a slip that has some.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the rows and the rejects that a slip makes of a file's first documents. Nothing is written anywhere.

    Files are cut into documents as `feed` cuts them. The exit status is 1 if a document is rejected.
    """
    found = one(invocation(ctx).settings(), slip).usable()
    trier = Trier(found, source, show_private=show_private)
    quiet = found.has_private and not show_private
    tried = [
        (each, trier.attempt(each.payload, number)) for number, each in enumerate(documents(file, form, limit, found.input), 1)
    ]
    if quiet:
        tried = [(each, replace(trial, rows=without_private(found, trial.rows))) for each, trial in tried]
    if as_json:
        show_json({"slip": found.name, "digest": found.digest, "documents": [_json(each, trial) for each, trial in tried]})
    else:
        for each, trial in tried:
            _show(each, trial, quiet=quiet)
        say(_summary(tried))
    if any(trial.rejects for _, trial in tried):
        raise typer.Exit(1)


def _show(each: Document, trial: Trial, *, quiet: bool) -> None:
    show_lines([f"{each.place}  {_word(trial)}"], "bold")
    told = trial.rejects[0].detail.get("excerpt") if trial.outcome is Outcome.REJECTED else None
    if trial.document is not None and (quiet or not told):
        show_lines([f"  {line}" for line in ([UNSHOWN] if quiet else shown_document(trial.document))], "dim")
    for table, rows in trial.rows.items():
        if rows:
            show_rows(table, rows)
    for reject in trial.rejects:
        show_reject(reject)
    say("")


def _word(trial: Trial) -> str:
    if trial.outcome is not Outcome.ROWS:
        return _WORDS[trial.outcome]
    return ", ".join(f"{len(rows)} {table}" for table, rows in trial.rows.items() if rows)


def _summary(tried: list[tuple[Document, Trial]]) -> str:
    counts = [(sum(trial.outcome is outcome for _, trial in tried), outcome) for outcome in Outcome]
    names = {Outcome.ROWS: "gave rows", Outcome.SKIPPED: "skipped", Outcome.NOT_TAKEN: "not taken", Outcome.REJECTED: "rejected"}
    said = ", ".join(f"{count:,} {names[outcome]}" for count, outcome in counts if count)
    items = sum(reject.item for _, trial in tried for reject in trial.rejects)
    alone = f"; {plural(items, 'item')} rejected alone" if items else ""
    return f"{plural(len(tried), 'document')}: {said}{alone}. Nothing was written." if tried else "The file holds no document."


def _json(each: Document, trial: Trial) -> dict[str, Any]:
    return {
        "place": each.place,
        "outcome": trial.outcome.value,
        "rows": {table: list(rows) for table, rows in trial.rows.items()},
        "rejects": [_reject(reject) for reject in trial.rejects],
    }


def _reject(reject: Reject) -> dict[str, Any]:
    return {
        "stage": reject.stage.value,
        "reason": reject.reason,
        "message": reject.message,
        "detail": reject.detail,
        "item": reject.item,
    }
