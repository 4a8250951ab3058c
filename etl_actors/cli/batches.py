"""``etl-actors batches``: who worked on what, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.render import Column, ago, duration, number, plural, say, short_digest, show_json, show_lines, show_table
from etl_actors.cli.times import TIME, time_option
from etl_actors.cli.widths import fits, name_cell, shortened
from etl_actors.errors import EtlError

if TYPE_CHECKING:
    from etl_actors.store.batches_listed import BatchRejects, ListedBatch

__all__ = ["batches"]

_NAME = 14  # characters of a source's or slip's name
_SHORT_NAME = 8  # on a narrow page
_NAMES = ("source", "slip", "owner")
_SPARED = ("took", "try", "owner", "slip")  # columns that a narrow page goes without, the first one first
_COUNTS = ("loaded", "duplicate", "skipped", "rejected")


class _Status(StrEnum):
    CLAIMED = "claimed"
    DONE = "done"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class _Whole:
    """One batch with all that belongs to it.

    Args:
        batch: itself.
        children: the batches that it was split into.
        rejects: its dead letters by reason.
        row_ids: its rows.
        outcomes: a letter each; None where it is not done.
    """

    batch: "ListedBatch"
    children: Sequence[int]
    rejects: Sequence["BatchRejects"]
    row_ids: Sequence[int]
    outcomes: str | None


def batches(
    ctx: typer.Context,
    batch_id: Annotated[int | None, typer.Argument(metavar="BATCH_ID", help="Show this one whole.", show_default=False)] = None,
    *,
    source: Annotated[str | None, typer.Option(metavar="S", help="Of rows of this source.", show_default=False)] = None,
    slip: Annotated[str | None, typer.Option(metavar="NAME", help="Parsed by this slip.", show_default=False)] = None,
    status: Annotated[_Status | None, typer.Option(help="How they stand.", show_default=False)] = None,
    since: Annotated[
        str | None, typer.Option(metavar=TIME, help="Claimed then or later: 2026-01-31, 2h.", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(metavar=TIME, help="Claimed before.", show_default=False)] = None,
    replay: Annotated[int | None, typer.Option(metavar="ID", help="Of this replay.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many, at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List batches, the newest first: rows, and of these loaded, duplicate, skipped and rejected ones.

    A batch is claimed while somebody works on it; done when its rows are settled; released when they went back to wait, or
    when it was split by slip or to find a bad row: its children settle them. The owner is told where it is a daemon that lives.
    """
    from etl_actors.store.batches_listed import (
        BatchFilter,
        BatchStatus,
        batch_rejects,
        child_batches,
        listed_batches,
        row_outcomes,
    )
    from etl_actors.store.daemons import living
    from etl_actors.store.database import connect

    wanted = BatchFilter(
        batch_id=batch_id,
        source=source,
        slip=slip,
        status=None if status is None else BatchStatus(status.value),
        since=time_option("--since", since),
        until=time_option("--until", until),
        replay_id=replay,
    )
    with (
        accepted_database(invocation(ctx).settings()) as url,
        connect(url, role=None, application_name="etl-actors batches") as conn,
        conn.transaction(),
    ):
        listed = listed_batches(conn, wanted, limit + 1)
        owners = {daemon.node: daemon.name for daemon in living(conn)}
        whole = None
        if batch_id is not None:
            if not listed:
                raise EtlError(f"There is no batch {batch_id}{' of that kind' * (wanted != BatchFilter(batch_id))}.")
            row_ids, outcomes = row_outcomes(conn, batch_id)
            whole = _Whole(listed[0], child_batches(conn, batch_id), batch_rejects(conn, batch_id), row_ids, outcomes)
    now = datetime.now(UTC)
    if whole is not None:
        if as_json:
            show_json(_json(whole.batch, owners) | {name: value for name, value in asdict(whole).items() if name != "batch"})
        else:
            _show_whole(whole, owners, now)
    elif as_json:
        show_json({"batches": [_json(batch, owners) for batch in listed[:limit]], "more": len(listed) > limit})
    else:
        _show(listed, limit, owners, now)


def _took(batch: "ListedBatch") -> float | None:
    return None if batch.finished_at is None else max(0.0, (batch.finished_at - batch.claimed_at).total_seconds())


def _show(listed: Sequence["ListedBatch"], limit: int, owners: Mapping[int, str], now: datetime) -> None:
    if not listed:
        say("There are no such batches.")
        return
    lines = []
    for batch in listed[:limit]:
        took = _took(batch)
        lines.append(
            [
                str(batch.batch_id),
                ago(batch.claimed_at, now),
                name_cell(batch.source, _NAME),
                name_cell(batch.slip or "", _NAME),
                number(batch.rows),
                *(number(getattr(batch, name), zero="") for name in _COUNTS),
                batch.status.value,
                str(batch.attempt) if batch.attempt > 1 else "",
                "" if took is None else duration(took),
                name_cell(owners.get(batch.owner, ""), _NAME) if batch.status.value == "claimed" else "",
            ]
        )
    columns = [
        Column("batch", right=True),
        Column("age", right=True),
        Column("source"),
        Column("slip", optional=True),
        Column("rows", right=True),
        *(Column(name[0], right=True, optional=True) for name in _COUNTS),
        Column("status"),
        Column("try", right=True, optional=True),
        Column("took", right=True, optional=True),
        Column("owner", optional=True),
    ]
    show_table(columns, _narrowed(lines, [column.title for column in columns]))
    say("")
    say("l d s r: loaded, duplicate, skipped, rejected. All of one: etl-actors batches BATCH_ID")
    if len(listed) > limit:
        say(f"Older ones are not shown: --limit, which is {number(limit)}.")


def _narrowed(lines: list[list[str]], titles: Sequence[str]) -> list[list[str]]:
    """Cut names shorter, then leave columns out, until the table fits the page."""
    if not fits(lines, titles):
        lines = [
            [shortened(text, _SHORT_NAME) if title in _NAMES else text for title, text in zip(titles, line, strict=True)]
            for line in lines
        ]
    for spared in _SPARED:
        if fits(lines, titles):
            break
        lines = [["" if title == spared else text for title, text in zip(titles, line, strict=True)] for line in lines]
    return lines


def _show_whole(whole: _Whole, owners: Mapping[int, str], now: datetime) -> None:
    batch, rejects = whole.batch, whole.rejects
    took = _took(batch)
    head = f"batch {batch.batch_id}, {batch.status.value}: {plural(batch.rows, 'row')} of source {batch.source}"
    counts = ", ".join(f"{number(getattr(batch, name))} {name}" for name in _COUNTS if getattr(batch, name))
    more = [f"{number(batch.differing)} of the duplicates differed"] if batch.differing else []
    more += [f"{number(batch.replaced)} of the loaded took another's place"] if batch.replaced else []
    added = [f"{name} {rows:+,}" for name, rows in batch.rows_added.items() if rows]
    split = [str(child) for child in whole.children]
    facts = {
        "slip": f"{batch.slip} {short_digest(batch.digest)}".rstrip() if batch.slip else "",
        "outcome": "; ".join(part for part in (counts, *more) if part),
        "tables": ", ".join(added),
        "row ids": f"{batch.row_lo} to {batch.row_hi}, {number(batch.bytes)} bytes",
        "claimed": f"{batch.claimed_at:%Y-%m-%d %H:%M:%SZ}, {ago(batch.claimed_at, now)} ago",
        "took": "" if took is None else duration(took),
        "attempt": str(batch.attempt) if batch.attempt > 1 else "",
        "owner": owners.get(batch.owner, f"node {batch.owner}, which is no daemon that runs now"),
        "replay": "" if batch.replay_id is None else str(batch.replay_id),
        "split": "" if batch.parent_id is None else f"from batch {batch.parent_id}",
        "into": f"batches {', '.join(split)}" if split else "",
        "rejects": ", ".join(f"{number(one.rejects)} {one.reason} (such as {one.example_id})" for one in rejects),
    }
    show_lines([head], "bold")
    show_lines([f"  {name:<8} {text}" for name, text in facts.items() if text])
    if rejects:
        say("All of a reject: etl-actors rejects show ID")


def _json(batch: "ListedBatch", owners: Mapping[int, str]) -> dict[str, Any]:
    return asdict(batch) | {"owner_name": owners.get(batch.owner), "took_s": _took(batch)}
