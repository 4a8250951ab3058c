"""The options by which the commands on dead letters choose some, the same in each."""

from typing import TYPE_CHECKING, Annotated

import typer

from etl_actors.cli.ids import read_ids
from etl_actors.cli.times import TIME, time_option
from etl_actors.relational.reject import Stage

if TYPE_CHECKING:
    from etl_actors.store.reject_filter import RejectFilter, RejectStatus

__all__ = ["Ids", "Reason", "Since", "Slip", "Source", "StageOf", "Until", "Yes", "chosen", "filter_words"]

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="REJECT_ID", help="Dead letters by id: 12 13 or 12,13 or 12-13; or filters.", show_default=False),
]
Source = Annotated[str | None, typer.Option(metavar="S", help="Of rows of this source.", show_default=False)]
Slip = Annotated[str | None, typer.Option(metavar="NAME", help="Refused by this slip.", show_default=False)]
StageOf = Annotated[Stage | None, typer.Option("--stage", help="Refused at this stage.", show_default=False)]
Reason = Annotated[str | None, typer.Option(metavar="CODE", help="Such as not_a_number.", show_default=False)]
Since = Annotated[
    str | None, typer.Option(metavar=TIME, help="Rejected then or later: 2026-01-31, 2026-01-31T12:00Z, 2h.", show_default=False)
]
Until = Annotated[str | None, typer.Option(metavar=TIME, help="Rejected before.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def chosen(
    ids: list[str] | None = None,
    *,
    source: str | None = None,
    slip: str | None = None,
    stage: Stage | None = None,
    reason: str | None = None,
    since: str | None = None,
    until: str | None = None,
    status: "RejectStatus | None" = None,
) -> "RejectFilter":
    """Make the filter of what the options say.

    Raises:
        UsageError: an id or a time is none.
    """
    from etl_actors.store.reject_filter import RejectFilter

    return RejectFilter(
        ids=read_ids("REJECT_ID", ids or ()),
        source=source,
        slip=slip,
        stage=stage,
        reason=reason,
        status=status,
        since=time_option("--since", since),
        until=time_option("--until", until),
    )


def filter_words(wanted: "RejectFilter") -> str:
    """Write the filter as a sentence goes on: `` of source shop, for not_a_number``; empty where it chooses nothing."""
    said = [
        f"of source {wanted.source}" if wanted.source else "",
        f"of slip {wanted.slip}" if wanted.slip else "",
        f"at stage {wanted.stage.value}" if wanted.stage else "",
        f"for {wanted.reason}" if wanted.reason else "",
        f"since {wanted.since:%Y-%m-%d %H:%M:%SZ}" if wanted.since else "",
        f"until {wanted.until:%Y-%m-%d %H:%M:%SZ}" if wanted.until else "",
    ]
    words = ", ".join(word for word in said if word)
    return f" {words}" if words else ""
