"""``etl-actors rejects discard``: close dead letters that are not to be mended."""

from typing import Annotated

import typer

from etl_actors.cli.rejects.filter import Ids, Reason, Since, Slip, Source, StageOf, Until, Yes, chosen
from etl_actors.cli.rejects.settle import settle

__all__ = ["rejects_discard"]


def rejects_discard(
    ctx: typer.Context,
    ids: Ids = None,
    *,
    source: Source = None,
    slip: Slip = None,
    stage: StageOf = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    yes: Yes = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Close open dead letters that are not to be mended; `reopen` undoes it, and who did it is kept in etl.action.

    Their rows stay rejected in the books, and their documents in etl.staging. Without ids or filter it prints how many there
    are, and asks. The exit status is 1 if one that was named is not there or was replayed.
    """
    from etl_actors.store.reject_filter import RejectStatus

    wanted = chosen(ids, source=source, slip=slip, stage=stage, reason=reason, since=since, until=until, status=RejectStatus.OPEN)
    settle(ctx, wanted, RejectStatus.DISCARDED, "discarded", yes=yes, as_json=as_json)
