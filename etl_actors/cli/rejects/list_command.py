"""``etl-actors rejects list``: dead letters, newest first, or how many of a kind."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl_actors.cli.context import accepted_database, invocation
from etl_actors.cli.rejects.detail import shown_detail
from etl_actors.cli.rejects.filter import Reason, Since, Slip, Source, StageOf, Until, chosen, filter_words
from etl_actors.cli.render import Column, ago, number, plural, say, show_json, show_table
from etl_actors.cli.widths import name_cell, shortened, width_left

if TYPE_CHECKING:
    from etl_actors.store.reject_filter import RejectFilter
    from etl_actors.store.rejects import DeadLetter, RejectGroup

__all__ = ["rejects_list"]

_REASON = 20  # characters of a reason
_NAME = 14  # characters of a source's or slip's name
_NEXT = "All of one: etl-actors rejects show ID; how many of a kind: etl-actors rejects list --by reason"


class _Status(StrEnum):
    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    ALL = "all"


class _By(StrEnum):
    REASON = "reason"
    SLIP = "slip"
    SOURCE = "source"
    STAGE = "stage"


def rejects_list(
    ctx: typer.Context,
    *,
    by: Annotated[_By | None, typer.Option(help="Count them by this, with an example of each.", show_default=False)] = None,
    source: Source = None,
    slip: Slip = None,
    stage: StageOf = None,
    reason: Reason = None,
    status: Annotated[_Status, typer.Option(help="How they stand.")] = _Status.OPEN,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many, at most; of groups all are shown.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List dead letters, the newest first; with --by, of which kind there are how many, the most first.

    A row may have several: one for each of its items that was rejected alone, or one for each time that it was tried.
    """
    from etl_actors.store.database import connect
    from etl_actors.store.reject_filter import RejectStatus
    from etl_actors.store.rejects import Grouping, count_rejects, grouped_rejects, newest_rejects

    standing = None if status is _Status.ALL else RejectStatus(status.value)
    wanted = chosen(source=source, slip=slip, stage=stage, reason=reason, since=since, until=until, status=standing)
    with (
        accepted_database(invocation(ctx).settings()) as url,
        connect(url, role=None, application_name="etl-actors rejects") as conn,
        conn.transaction(),
    ):
        groups = None if by is None else grouped_rejects(conn, wanted, Grouping(by.value))
        letters = newest_rejects(conn, wanted, limit) if by is None else []
        total = len(letters)
        if by is None and total == limit:
            total, _ = count_rejects(conn, wanted)
    if groups is not None and by is not None:
        if as_json:
            show_json({"by": by.value, "rejects": sum(group.rejects for group in groups), "groups": [asdict(g) for g in groups]})
        else:
            _show_groups(groups, by.value, wanted)
    elif as_json:
        show_json({"total": total, "rejects": [_json(letter) for letter in letters]})
    else:
        _show(letters, total, wanted)


def _json(letter: "DeadLetter") -> dict[str, Any]:
    return asdict(letter) | {"detail": shown_detail(letter, hidden=True)}


def _kind(wanted: "RejectFilter") -> str:
    return "" if wanted.status is None else f"{wanted.status.value} "


def _show(letters: Sequence["DeadLetter"], total: int, wanted: "RejectFilter") -> None:
    if not letters:
        say(f"There are no {_kind(wanted)}rejects{filter_words(wanted)}.")
        return
    now = datetime.now(UTC)
    any_status = wanted.status is None
    rows = [
        [
            str(letter.reject_id),
            str(letter.row_id),
            ago(letter.created_at, now),
            name_cell(letter.source, _NAME),
            name_cell(letter.slip or "", _NAME),
            name_cell(f"{'item ' * letter.item}{letter.reason}", _REASON),
            letter.status.value if any_status else "",
            letter.message,
        ]
        for letter in letters
    ]
    left = width_left(rows, ["id", "row", "age", "source", "slip", "reason", "status"])
    show_table(
        [
            Column("id", right=True),
            Column("row", right=True),
            Column("age", right=True),
            Column("source"),
            Column("slip", optional=True),
            Column("reason"),
            Column("status", optional=True),
            Column("message"),
        ],
        [[*row[:-1], shortened(row[-1], left)] for row in rows],
    )
    say("")
    head = plural(total, f"{_kind(wanted)}reject") + filter_words(wanted)
    more = total - len(letters)
    say(f"{head}; {number(more)} more are not shown: --limit." if more > 0 else f"{head}.")
    say(_NEXT)


def _show_groups(groups: Sequence["RejectGroup"], by: str, wanted: "RejectFilter") -> None:
    if not groups:
        say(f"There are no {_kind(wanted)}rejects{filter_words(wanted)}.")
        return
    now = datetime.now(UTC)
    rows = [
        [
            name_cell(group.key or "(none)", 2 * _NAME),
            number(group.rejects),
            ago(group.first, now),
            ago(group.last, now),
            str(group.example_id),
            group.example,
        ]
        for group in groups
    ]
    left = width_left(rows, [by, "rejects", "first", "last", "such as"])
    show_table(
        [
            Column(by),
            Column("rejects", right=True),
            Column("first", right=True),
            Column("last", right=True),
            Column("such as", right=True),
            Column("message"),
        ],
        [[*row[:-1], shortened(row[-1], left)] for row in rows],
    )
    say("")
    total = sum(group.rejects for group in groups)
    say(f"{plural(total, f'{_kind(wanted)}reject')}{filter_words(wanted)}, first and last so long ago.")
    say("All of one: etl-actors rejects show ID")
