"""``etl-actors prune``: old documents leave staging, partition by partition; what was made of them stays."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl_actors.cli.agreement import require_agreement
from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.render import Column, number, plural, say, show_json, show_table
from etl_actors.cli.times import TIME, time_option

if TYPE_CHECKING:
    from etl_actors.store.retention import Hindrance, StagingPartition

__all__ = ["prune"]

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class _Looked:
    """A partition that is due, and what keeps it; nothing where it is, or would be, dropped."""

    partition: "StagingPartition"
    kept: "Sequence[Hindrance]"


def prune(
    ctx: typer.Context,
    *,
    older_than: Annotated[
        str | None,
        typer.Option(
            metavar=TIME,
            help="Whose rows were all received before: 30d (ago), 2026-01-31, 2026-01-31T12:00Z. By default as retention_days says.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be dropped, and drop nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, though everything is meant.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drop old partitions of staging: the documents are gone for good, their rows in the tables stay, and the books balance.

    A partition goes whole, once its last row is old enough. One that still has rows which wait, are claimed, are to be replayed,
    or have an open dead letter is kept, and why is told: settle them, or discard the dead letters. Loads go on meanwhile. What is
    gone can neither be replayed nor be filled anew from. The daemon does the same by itself where retention_days is set.

    Without --older-than and retention_days everything is meant that can go: it prints how much that is, and asks.
    The exit status is 1 if one is kept for a reason that somebody has to look into.
    """
    settings = invocation(ctx).settings()
    before = time_option("--older-than", older_than)
    if before is None and settings.retention is not None:
        before = datetime.now(UTC) - settings.retention
    from etl_actors.store.database import connect, translated
    from etl_actors.store.retention import Why, drop, due_partitions, hindrances

    with (
        accepted_database(settings) as url,
        connect(url, role="etl_operator", application_name="etl-actors prune") as conn,
        translated(url),
    ):
        due, younger = due_partitions(conn, before)
        if dry_run or not (before or yes):
            looked = [_Looked(each, hindrances(conn, each)) for each in due]
            due = [each.partition for each in looked if not each.kept]
        else:
            looked = []
        if not dry_run:
            _agree(due, narrow=before is not None, yes=yes)
            looked = [each for each in looked if each.kept]
            patient = True
            for each in due:
                kept = drop(conn, each, patient=patient)
                patient = patient and Why.BUSY not in {one.why for one in kept}
                looked.append(_Looked(each, kept))
            looked.sort(key=lambda each: each.partition.row_lo)
    if as_json:
        show_json(_json(looked, before, younger, dry_run=dry_run))
    else:
        _show(looked, younger, dry_run=dry_run)
    if any(each.why.is_problem for one in looked for each in one.kept):
        raise typer.Exit(1)


def _agree(due: "Sequence[StagingPartition]", *, narrow: bool, yes: bool) -> None:
    if due:
        what = f"{_counted(due)} would be dropped for good"
        require_agreement(what, narrow=narrow, yes=yes, choice="choose an age by --older-than")


def _counted(partitions: "Sequence[StagingPartition]") -> str:
    size = sum(each.nbytes for each in partitions) / _MEGABYTE
    rows = plural(sum(each.rows for each in partitions), "row")
    return f"{plural(len(partitions), 'partition')} of staging ({rows}, {size:,.1f} MB)"


def _show(looked: Sequence[_Looked], younger: int, *, dry_run: bool) -> None:
    if looked:
        columns = [
            Column("row ids", firm=True),
            Column("rows", right=True),
            Column("MB", right=True),
            Column("from"),
            Column("to"),
            Column("kept back for", optional=True),
        ]
        show_table(columns, [_cells(each) for each in looked])
        say("")
    gone = [each.partition for each in looked if not each.kept]
    kept = len(looked) - len(gone)
    if gone or kept:
        say(
            f"{_counted(gone)} {'would be ' * dry_run}dropped."
            if gone
            else f"Nothing {'would be' if dry_run else 'was'} dropped."
        )
    else:
        say("No partition of staging is complete and old enough: nothing is dropped.")
    if kept:
        say(f"{plural(kept, 'partition')} kept back.")
    if younger:
        say(f"{plural(younger, 'younger partition')} stay{'s' * (younger == 1)}.")


def _cells(looked: _Looked) -> list[str]:
    each = looked.partition
    return [
        f"{each.row_lo} to {each.row_hi}",
        number(each.rows),
        f"{each.nbytes / _MEGABYTE:,.1f}",
        "" if each.first_at is None else f"{each.first_at:%Y-%m-%d %H:%M}",
        "" if each.last_at is None else f"{each.last_at:%Y-%m-%d %H:%M}",
        ", ".join(one.text for one in looked.kept),
    ]


def _json(looked: Sequence[_Looked], before: datetime | None, younger: int, *, dry_run: bool) -> dict[str, Any]:
    return {
        "older_than": before,
        "dry_run": dry_run,
        "partitions": [
            asdict(each.partition)
            | {
                "outcome": "kept" if each.kept else "would be dropped" if dry_run else "dropped",
                "kept_for": [{"why": one.why.value, "rows": one.rows, "sentence": one.text} for one in each.kept],
            }
            for each in looked
        ],
        "younger": younger,
    }
